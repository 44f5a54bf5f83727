/** What every part of a report goes by: the order of the entrants, who is drawn, and in which look. */
import type { TournamentStatistics } from "../../../server/tournaments/statistics/tournament-statistics.js";
import { type Look, looksOf } from "../print/looks.js";
import type { ResultsJson } from "../results.js";

/** A tournament about to be reported. */
export interface ReportView {
  readonly results: ResultsJson;
  readonly statistics: TournamentStatistics;
  /** All entrants, the best mean score first. */
  readonly ranked: readonly string[];
  /** Those in the pictures, in that order: who is compared in pairs. */
  readonly drawn: readonly string[];
  /** Looks of those in the pictures, the same in each of them. */
  readonly looks: ReadonlyMap<string, Look>;
}

/** Looks that differ, looks.ts says. */
const DISTINCT_LOOKS = 28;

/** The view of a tournament. */
export function reportView(results: ResultsJson, statistics: TournamentStatistics): ReportView {
  const ranked = statistics.overall.agents
    .toSorted((a, b) => b.score.mean.value - a.score.mean.value)
    .map(({ name }) => name);
  const compared = new Set(statistics.compared);
  const drawn = ranked.filter((name) => compared.has(name));
  const names = results.tournament.agents.map(({ name }) => name);
  // Looks go by the place in the tournament, or, where those would not differ, among those that are drawn.
  const all = looksOf(names.length <= DISTINCT_LOOKS ? names : names.filter((name) => compared.has(name)));
  const looks = new Map([...all].filter(([name]) => compared.has(name)));
  return { results, statistics, ranked, drawn, looks };
}

/** The look of an entrant that is drawn. */
export function lookOf({ looks }: ReportView, name: string): Look {
  const look = looks.get(name);
  if (look === undefined) throw new RangeError(`"${name}" is in no picture`);
  return look;
}

/** What to say under pictures that leave somebody out: empty where they do not. */
export function whoIsDrawn({ drawn, ranked }: ReportView): string {
  return drawn.length < ranked.length ? ` The best ${drawn.length} of ${ranked.length} entrants by mean score.` : "";
}
