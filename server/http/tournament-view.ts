/** Tournaments: a line of each, and one with one of its tasks in full. */

import { commonDigits, digitsForIntervals } from "../../common/digits.js";
import { IcrlError } from "../../common/errors.js";
import type { TournamentResults } from "../../proto/gen/icrl/v1/tournament.js";
import { rankBy } from "../../statistics/rank-by.js";
import type { Entry } from "../tournaments/entry.js";
import { addMatch, countMatches, type MatchCounts, noMatches, tournamentStanding } from "../tournaments/progress.js";
import type { Tournament } from "../tournaments/tournament.js";
import type { Forfeit, RegretCurve, Standing, TaskProgress, TaskView, TournamentSummary, TrialCounts } from "./api.js";
import { entrantPlaces } from "./place-of.js";

/** Curves of one task that are told: more no chart can show. */
const MAX_CURVES = 24;

/** Points of a curve. */
const POINTS = 100;

/** Forfeited matches that are told. */
const MAX_FORFEITS = 50;

/** What does not change any more is counted once. */
const finalSummaries = new WeakMap<Entry, TournamentSummary>();

/** A tournament in a line. It counts as finished once its results are there. */
export function tournamentSummary(entry: Entry): TournamentSummary {
  const final = finalSummaries.get(entry);
  if (final !== undefined) return final;
  const { spec, tournament, earlier } = entry;
  const about = { id: spec.id, name: spec.name, tasks: spec.tasks.length, agents: spec.agents.length };
  if (tournament === undefined) {
    const { matches = 0, forfeits = 0, steps = 0 } = earlier ?? {};
    const trials = matches * spec.trials;
    return {
      ...about,
      state: tournamentStanding(entry),
      matches,
      finished_matches: matches,
      undeclared_matches: 0,
      trials,
      done_trials: trials,
      forfeits,
      undeclared_trials: 0,
      steps,
    };
  }
  const counts = countMatches(tournament);
  const summary: TournamentSummary = {
    ...about,
    state: tournamentStanding(entry),
    matches: counts.matches,
    finished_matches: counts.finishedMatches,
    undeclared_matches: counts.undeclaredMatches,
    steps: counts.steps,
    ...trialCounts(counts),
  };
  if (summary.state === "finished" || summary.state === "cancelled") finalSummaries.set(entry, summary);
  return summary;
}

const trialCounts = ({ trials, doneTrials, forfeits, undeclaredTrials }: MatchCounts): TrialCounts => ({
  trials,
  done_trials: doneTrials,
  forfeits,
  undeclared_trials: undeclaredTrials,
});

/** How far each task is, and which matches forfeited trials: the first of these, and how many they are. */
export function matchesByTask({ spec, matches, undeclared }: Tournament): {
  tasks: TaskProgress[];
  forfeits: Forfeit[];
  forfeits_total: number;
} {
  const places = entrantPlaces(spec);
  const byTask = new Map(spec.tasks.map(({ id }) => [id, noMatches()]));
  const forfeits: Forfeit[] = [];
  let total = 0;
  for (const match of matches) {
    const task = byTask.get(match.taskId);
    if (task === undefined) continue;
    const { forfeits: forfeited, forfeit } = match;
    addMatch(task, match, undeclared(match));
    if (forfeit === undefined) continue;
    total += 1;
    if (forfeits.length === MAX_FORFEITS) continue;
    forfeits.push({
      task: match.taskId,
      agent: places.get(match.entrant) as number,
      trials: forfeited,
      reason: forfeit.reason,
      message: forfeit.message,
    });
  }
  const tasks = Array.from(byTask, ([id, counts]) => ({ id, ...trialCounts(counts) }));
  return { tasks, forfeits, forfeits_total: total };
}

/**
 * One task's matches; the first task where none is named. Once there are results, regrets, intervals and ranks are theirs.
 *
 * @param told whether what came of them may be told: else no regret is, nor what follows from one
 * @throws TASK_UNKNOWN if it has no such one
 */
export function taskView(
  tournament: Tournament,
  results: TournamentResults | undefined,
  id: string | undefined,
  told: boolean,
): TaskView {
  const { spec } = tournament;
  const found = id === undefined ? spec.tasks[0] : spec.tasks.find((task) => task.id === id);
  if (found === undefined) {
    throw new IcrlError("TASK_UNKNOWN", `tournament ${spec.id} has no task "${id?.slice(0, 100)}"`, { task: id ?? "" });
  }
  const places = entrantPlaces(spec);
  const matches = tournament.matches
    .filter((match) => match.taskId === found.id)
    .map((match) => ({
      match,
      agent: places.get(match.entrant) as number,
      curve: told && match.curve.trials > 0 ? match.curve.pointsAt(spread(match.curve.length, POINTS)) : undefined,
    }));
  const final = (told ? results : undefined)?.tasks.find((task) => task.id === found.id);
  const finals = new Map(final?.agents.map((agent) => [agent.name, agent.regret]));
  const unranked = matches.map(({ match, agent, curve }): Standing => {
    const {
      mean,
      se,
      ci95Low: low,
      ci95High: high,
    } = finals.get(match.entrant) ?? {
      mean: curve?.mean.at(-1),
      se: curve?.se.at(-1),
    };
    return {
      agent,
      state: match.standing,
      undeclared: tournament.undeclared(match),
      done_trials: match.completeTrials + match.forfeits,
      forfeits: match.forfeits,
      reason: match.forfeit?.reason ?? "",
      steps: match.steps,
      rank: null,
      regret_trials: curve === undefined ? 0 : match.curve.trials,
      regret: mean ?? null,
      se: known(se),
      ci95: low === undefined || high === undefined ? null : [low, high],
    };
  });
  const ranked = rankBy(
    unranked.filter(({ regret }) => regret !== null),
    ({ regret }) => regret as number,
  );
  const standings = [
    ...ranked.map(({ entry, rank }) => ({ ...entry, rank })),
    ...unranked.filter(({ regret }) => regret === null),
  ];
  const byAgent = new Map(matches.map(({ agent, curve }) => [agent, curve]));
  const curves = standings.slice(0, MAX_CURVES).flatMap(({ agent, forfeits }): RegretCurve[] => {
    const curve = byAgent.get(agent);
    if (curve === undefined) return [];
    const se = curve.se.map((value) => (Number.isNaN(value) ? null : short(value)));
    return [{ agent, step: curve.step, mean: curve.mean.map(short), se, forfeits }];
  });
  const digits =
    final === undefined
      ? commonDigits(standings.map(({ se }) => se))
      : digitsForIntervals(standings.map(({ ci95 }) => ci95));
  return { id: found.id, task: found.task.name, options: found.task.options, standings, digits, curves };
}

/** Up to `points` places from 0 to length - 1, as even as can be, the last always. */
function spread(length: number, points: number): number[] {
  const count = Math.min(length, points);
  return Array.from({ length: count }, (_, i) => Math.ceil(((i + 1) * length) / count) - 1);
}

/** JSON has no NaN. */
const known = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);

/** Five significant digits: what a picture shows. */
const short = (value: number): number => Number(value.toPrecision(5));
