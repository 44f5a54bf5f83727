/** Whole episodes, one shard in memory at a time. */
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { IcrlError } from "../common/errors.js";
import { ipcRows } from "./batch-rows.js";
import { shardsSql, withLog } from "./duckdb.js";
import { dataFolder, listShards, requireLog, shardName } from "./log-folder.js";
import type { ShardOutcome } from "./shard-reader-worker.js";
import { filterSql, matches, type TrajectoryFilter } from "./trajectory-filter.js";
import type { TrajectoryRow } from "./trajectory-schema.js";

/**
 * The episodes that match, in log order. Lists are views of the shard's memory.
 *
 * @throws NOT_A_LOG if the folder is no log
 * @throws LOG_CORRUPT if a shard cannot be read
 */
export async function* readEpisodes(dir: string, filter: TrajectoryFilter = {}): AsyncGenerator<TrajectoryRow> {
  for await (const row of readShards(await shardsWith(dir, filter))) if (matches(filter, row)) yield row;
}

/** Paths of the shards that hold an episode that matches, in log order: the others are not decoded. */
async function shardsWith(dir: string, filter: TrajectoryFilter): Promise<string[]> {
  requireLog(dir);
  const { condition, values } = filterSql(filter);
  if (values.length === 0) return listShards(dir).map((shard) => shard.path);
  const sql = `SELECT DISTINCT shard_first FROM ${shardsSql(dir)} WHERE ${condition} ORDER BY 1`;
  const rows = await withLog(dir, async (connection) => (await connection.run(sql, values)).getRows());
  return rows.map(([first]) => join(dataFolder(dir), shardName(Number(first))));
}

/**
 * Rows of Parquet files of the log's schema, in order; decoded in a thread of its own.
 * @throws LOG_CORRUPT if one cannot be read
 */
export async function* readShards(paths: Iterable<string>): AsyncGenerator<TrajectoryRow> {
  const worker = new Worker(new URL("./shard-reader-worker.js", import.meta.url));
  try {
    for (const path of paths) {
      worker.postMessage(path);
      const [outcome] = (await once(worker, "message")) as [ShardOutcome];
      if ("error" in outcome) {
        throw new IcrlError("LOG_CORRUPT", `${path} cannot be read (${outcome.error}): restore it from a backup`, {
          file: path,
        });
      }
      yield* ipcRows(outcome.stream);
    }
  } finally {
    await worker.terminate();
  }
}
