/** What can be wrong with an episode, seen from the episode alone. */
import { SCHEMA_VERSION, type TrajectoryRow } from "./trajectory-schema.js";

/** Plays an episode again from its seeds and actions: what differs from the row, or undefined when nothing does. */
export type Replay = (row: TrajectoryRow) => string | undefined;

/** As `replay`, but an error is a problem too. */
export function replayProblem(row: TrajectoryRow, replay: Replay): string | undefined {
  try {
    return replay(row);
  } catch (error) {
    return `cannot be played again: ${(error as Error).message}`;
  }
}

/** What of a row contradicts the rest of it. */
export function inconsistency(row: TrajectoryRow): string | undefined {
  const { length } = row;
  if (row.schema_version !== SCHEMA_VERSION)
    return `schema_version is ${row.schema_version}: this program reads ${SCHEMA_VERSION}`;
  const lists = ["actions", "rewards", "propensities", "regrets", "optimal_actions"] as const;
  for (const name of lists) {
    const list = row[name];
    if (list !== null && list.length !== length) return `${name} has ${list.length} items for ${length} steps`;
  }
  if (row.observations !== null && row.observations.length !== length + 1) {
    return `observations has ${row.observations.length} items for ${length} steps`;
  }
  if (row.probabilities !== null && length > 0 && row.probabilities.length % length !== 0) {
    return `probabilities has ${row.probabilities.length} items for ${length} steps`;
  }
  if (row.step_features !== null && length > 0 && row.step_features.length % length !== 0) {
    return `step_features has ${row.step_features.length} items for ${length} steps`;
  }
  if (row.episode_id !== `${row.trial_id}-${row.episode_index}`) return "episode_id is not trial_id-episode_index";
  if (row.complete !== (row.terminated && !row.truncated)) return "complete is not terminated and not truncated";
  let sum = 0;
  for (const reward of row.rewards) sum += reward;
  if (!Object.is(sum, row.return) && sum !== row.return)
    return `return is ${row.return}, and its rewards add up to ${sum}`;
  return undefined;
}
