/** What a tournament's run says of its progress. */
import { agents } from "../../../agents/registry.js";
import { playsTask } from "../../../common/plays-task.js";
import {
  type Match,
  type Tournament,
  type TournamentSpec,
  TournamentState,
} from "../../../proto/gen/icrl/v1/tournament.js";
import type { ProgressItem } from "../print/progress.js";
import { checkedSpec, type SortedEntrants } from "./entrants.js";

/** How much of a tournament that is gone on with is there already. */
export function goingOnText({ matches, state }: Tournament): string {
  if (state === TournamentState.FINISHED) return "played to its end before: nothing is left to play";
  const there = matches.reduce((sum, match) => sum + match.completeTrials + match.forfeits, 0);
  const all = matches.reduce((sum, match) => sum + match.trials, 0);
  return `going on: ${there} of ${all} trials are there already`;
}

/** Whether a match will be played: the server knows it when its agent has come, of built-in agents it is known at once. */
export function whatIsPlayed(spec: TournamentSpec): (match: Match) => boolean {
  const { tasks } = checkedSpec(spec, false);
  const taskOf = new Map(tasks.map(({ id, task }) => [id, task]));
  const agentOf = new Map(
    spec.agents.map(({ name, agent }) => [name, agents.find((builtIn) => builtIn.name === agent)]),
  );
  return ({ taskId, entrant }) => {
    const task = taskOf.get(taskId);
    const agent = agentOf.get(entrant);
    return task === undefined || agent === undefined || playsTask(agent.tasks, task.name, task.kinds);
  };
}

/**
 * Whom it waits for that nobody knows: an agent says what it plays when it comes, and until then all tasks count as its. Undefined when
 * all have come.
 */
export function waitingText({ entrants, matches }: Tournament, { fromElsewhere }: SortedEntrants): string | undefined {
  const missing = fromElsewhere.filter(
    ({ name }) =>
      entrants.some((entrant) => entrant.name === name && entrant.processes < entrant.awaited) &&
      matches.every(({ entrant, state }) => entrant !== name || state === TournamentState.PENDING),
  );
  if (missing.length === 0) return undefined;
  const texts = missing.map(({ name }) => {
    const { processes = 0, awaited = 1 } = entrants.find((entrant) => entrant.name === name) ?? {};
    return awaited > 1 ? `${name} (${processes} of ${awaited} processes)` : name;
  });
  return `waiting for ${texts.join(", ")}`;
}

/** What is being played first, then what waits for its turn. */
export function progressItems(
  { matches, entrants }: Tournament,
  plays: (match: Match) => boolean,
  { fromElsewhere }: SortedEntrants,
): ProgressItem[] {
  const connected = new Set(entrants.filter(({ processes }) => processes > 0).map(({ name }) => name));
  const foreign = new Set(fromElsewhere.map(({ name }) => name));
  const items = matches.filter(plays).map((match) => {
    const { taskId, entrant, state } = match;
    const missed = foreign.has(entrant) && !connected.has(entrant) && state !== TournamentState.FINISHED;
    const item: ProgressItem = {
      name: `${taskId} / ${entrant}`,
      done: match.completeTrials + match.forfeits,
      total: match.trials,
      steps: Number(match.steps),
      note: match.forfeits > 0 ? `forfeited: ${match.forfeitReason}` : missed ? "waiting for its agent" : undefined,
    };
    return { item, begun: state !== TournamentState.PENDING };
  });
  return [...items.filter(({ begun }) => begun), ...items.filter(({ begun }) => !begun)].map(({ item }) => item);
}
