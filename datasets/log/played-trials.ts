import { logCorruptIfRefused, shardsSql, withLog } from "./duckdb.js";
import { listShards } from "./log-folder.js";

/**
 * Indices of the trials of a collection that are in a log's shards, by the id of their task. A log of whole trials has all of a trial or nothing.
 *
 * @throws LOG_CORRUPT if a shard cannot be read
 */
export async function playedTrials(dir: string, collectionId: string): Promise<Map<string, Set<number>>> {
  const trials = new Map<string, Set<number>>();
  if (listShards(dir).length === 0) return trials;
  const sql = `SELECT task_id, trial_index FROM ${shardsSql(dir)}
    WHERE collection_id = $1 AND episode_index = 0`;
  const rows = await withLog(dir, (connection) =>
    logCorruptIfRefused(dir, async () => (await connection.run(sql, [collectionId])).getRows()),
  );
  for (const [task, trial] of rows) {
    const known = trials.get(String(task)) ?? new Set<number>();
    known.add(Number(trial));
    trials.set(String(task), known);
  }
  return trials;
}
