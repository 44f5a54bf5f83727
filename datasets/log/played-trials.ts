import { setImmediate as nextTurn } from "node:timers/promises";
import { type DatabaseBounds, logCorruptIfRefused, shardsSqlOf, withDuckDb } from "./duckdb.js";
import { listShards } from "./log-folder.js";

/** Trials by index, a bit each. */
export interface TrialSet {
  has(trial: number): boolean;
}

/** Trials of one block of bits. */
const BLOCK = 1 << 16;

/** An empty set. */
function newTrialSet() {
  const blocks = new Map<number, Uint8Array>();
  return {
    add(trial: number): void {
      const at = Math.floor(trial / BLOCK);
      const block = blocks.get(at) ?? new Uint8Array(BLOCK / 8);
      blocks.set(at, block);
      const bit = trial % BLOCK;
      block[bit >> 3] |= 1 << (bit & 7);
    },
    has(trial: number): boolean {
      const bit = trial % BLOCK;
      return ((blocks.get(Math.floor(trial / BLOCK))?.[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
    },
  };
}

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
): Promise<Map<string, TrialSet>> {
  const trials = new Map<string, ReturnType<typeof newTrialSet>>();
  const paths = listShards(dir).map(({ path }) => path);
  if (paths.length === 0) return trials;
  const sql = `SELECT task_id, trial_index FROM ${shardsSqlOf(paths)}
    WHERE collection_id = $1 AND episode_index = 0`;
  const read = () =>
    withDuckDb(
      paths,
      async (connection) => {
        // There may be millions: a chunk at a time.
        const rows = await connection.stream(sql, [collectionId]);
        for (let chunk = await rows.fetchChunk(); chunk !== null && chunk.rowCount > 0; ) {
          for (const [task, trial] of chunk.getRows()) {
            const known = trials.get(String(task)) ?? newTrialSet();
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
