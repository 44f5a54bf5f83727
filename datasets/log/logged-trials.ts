/** The trials of a tournament that a log holds. */
import { listShards } from "./log-folder.js";
import { readEpisodes } from "./read-episodes.js";
import type { TrajectoryRow } from "./trajectory-schema.js";

/** One trial with all its episodes, in their order. */
export interface LoggedTrial {
  /** Id of its task in the tournament. */
  readonly taskId: string;
  readonly entrant: string;
  readonly trial: number;
  readonly episodes: readonly TrajectoryRow[];
}

/**
 * Those that ran to their end, in log order. A tournament's log has the episodes of a trial side by side, all or none; one that was cut
 * short and played again later is left out.
 *
 * @param from number of the first episode that counts
 * @throws LOG_CORRUPT if a shard cannot be read
 */
export async function* tournamentTrials(dir: string, tournamentId: string, from = 0): AsyncGenerator<LoggedTrial> {
  if (listShards(dir).length === 0) return;
  let episodes: TrajectoryRow[] = [];
  for await (const row of readEpisodes(dir, { tournamentId }, from)) {
    if (episodes.length > 0 && episodes[0].trial_id !== row.trial_id) {
      yield* complete(episodes);
      episodes = [];
    }
    if (row.episode_index === 0) {
      yield* complete(episodes);
      episodes = [];
    }
    episodes.push(row);
  }
  yield* complete(episodes);
}

function complete(episodes: readonly TrajectoryRow[]): LoggedTrial[] {
  const [first] = episodes;
  if (first === undefined || !episodes.every((row) => row.complete)) return [];
  return [
    {
      taskId: first.task_id,
      entrant: first.entrant ?? "",
      trial: Number(first.trial_index),
      episodes,
    },
  ];
}
