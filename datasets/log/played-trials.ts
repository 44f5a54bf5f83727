import { setImmediate as nextTurn } from "node:timers/promises";
import { type DatabaseBounds, logCorruptIfRefused, shardsSqlOf, withDuckDb } from "./duckdb.js";
import { listShards } from "./log-folder.js";

/**
 * Indices of the trials of a collection that are in a log's shards, by the id of their task. A log of whole trials has all of a trial or nothing.
 * There may be millions: others have turns meanwhile.
 *
 * @throws LOG_CORRUPT if a shard cannot be read
 */
export async function playedTrials(
  dir: string,
  collectionId: string,
  bounds?: DatabaseBounds,
): Promise<Map<string, Set<number>>> {
  const trials = new Map<string, Set<number>>();
  const paths = listShards(dir).map(({ path }) => path);
  if (paths.length === 0) return trials;
  const sql = `SELECT task_id, trial_index FROM ${shardsSqlOf(paths)}
    WHERE collection_id = $1 AND episode_index = 0`;
  const read = () =>
    withDuckDb(
      paths,
      async (connection) => {
        const rows = await connection.stream(sql, [collectionId]);
        for (let chunk = await rows.fetchChunk(); chunk !== null && chunk.rowCount > 0; ) {
          for (const [task, trial] of chunk.getRows()) {
            const known = trials.get(String(task)) ?? new Set<number>();
            known.add(Number(trial));
            trials.set(String(task), known);
          }
          await nextTurn();
          chunk = await rows.fetchChunk();
        }
      },
      bounds,
    );
  await logCorruptIfRefused(dir, read);
  return trials;
}
