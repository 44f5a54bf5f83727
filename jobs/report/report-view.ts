/** What every part of a report goes by: the order of the entrants, who is drawn, and in which look. */
import type { TournamentStatistics } from "../../statistics/tournament-statistics.js";
import { type Look, looksOf } from "../charts/looks.js";
import type { ResultsJson } from "../tournament/results.js";
import { FORFEITED } from "./estimates.js";

/** An entrant's figures over all its tasks. */
export type OverallAgent = TournamentStatistics["overall"]["agents"][number];

/** Entrants that play the same tasks: who can be ranked together. */
export interface ReportGroup {
  /** Ids of the tasks. */
  readonly tasks: readonly string[];
  /** The best mean score first. */
  readonly agents: readonly OverallAgent[];
  /** Those in the pictures. */
  readonly drawn: readonly OverallAgent[];
}

/** A tournament about to be reported. */
export interface ReportView {
  readonly results: ResultsJson;
  readonly statistics: TournamentStatistics;
  /** At least one: of a tournament that nobody plays it is empty. */
  readonly groups: readonly ReportGroup[];
  /** Those in the pictures, group by group: who is compared in pairs. */
  readonly drawn: readonly OverallAgent[];
  /** Looks of those in the pictures, the same in each of them. */
  readonly looks: ReadonlyMap<string, Look>;
}

/** Looks that differ, looks.ts says. */
const DISTINCT_LOOKS = 28;

/** The view of a tournament. */
export function reportView(results: ResultsJson, statistics: TournamentStatistics): ReportView {
  const compared = new Set(statistics.compared);
  const byName = new Map(statistics.overall.agents.map((agent) => [agent.name, agent]));
  const groups = statistics.overall.groups.map(({ tasks, agents }): ReportGroup => {
    const ranked = agents.flatMap((name) => byName.get(name) ?? []);
    return { tasks, agents: ranked, drawn: ranked.filter(({ name }) => compared.has(name)) };
  });
  if (groups.length === 0) groups.push({ tasks: [], agents: [], drawn: [] });
  const names = results.tournament.agents.map(({ name }) => name);
  // Looks go by the place in the tournament, or, where those would not differ, among those that are drawn.
  const all = looksOf(names.length <= DISTINCT_LOOKS ? names : names.filter((name) => compared.has(name)));
  const looks = new Map([...all].filter(([name]) => compared.has(name)));
  return { results, statistics, groups, drawn: groups.flatMap(({ drawn }) => drawn), looks };
}

/** The look of an entrant that is drawn. */
export function lookOf({ looks }: ReportView, name: string): Look {
  const look = looks.get(name);
  if (look === undefined) throw new RangeError(`"${name}" is in no picture`);
  return look;
}

/** What to say under pictures that leave somebody of a group, or of all of them, out: empty where they do not. */
export function whoIsDrawn({ groups }: ReportView, some: readonly ReportGroup[] = groups): string {
  const drawn = some.flatMap((group) => group.drawn).length;
  const all = some.flatMap(({ agents }) => agents).length;
  if (drawn === all) return "";
  return ` The best ${drawn} of ${all} entrants by mean score${some.length > 1 ? ", of each set of tasks in turn" : ""}.`;
}

/** A name in a table, marked where figures beside it count forfeited trials. */
export const marked = (name: string, { forfeits }: { readonly forfeits: number }): string =>
  forfeits > 0 ? `${name} ${FORFEITED}` : name;

/** What the mark in a table means: empty where there is none. */
export function markText(agents: readonly { readonly forfeits: number }[]): string {
  if (agents.every(({ forfeits }) => forfeits === 0)) return "";
  return ` ${FORFEITED}: forfeited trials are in the figures, each as uniform play's exact regret.`;
}
