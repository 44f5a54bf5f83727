/** Whole episodes, two shards in memory at a time: the one that is read, and the next. */
import { basename, join } from "node:path";
import { ipcRows } from "./batch-rows.js";
import { decodeShards } from "./decode-shards.js";
import { logCorruptIfRefused, shardsSql, withLog } from "./duckdb.js";
import { dataFolder, firstOf, listShards, requireLog, shardName } from "./log-folder.js";
import { filterSql, matches, type TrajectoryFilter } from "./trajectory-filter.js";
import type { TrajectoryRow } from "./trajectory-schema.js";

/**
 * The episodes that match, in log order. Lists are views of the shard's memory.
 *
 * @param from number of the first episode that counts
 * @throws NOT_A_LOG if the folder is no log
 * @throws LOG_CORRUPT if a shard cannot be read
 */
export async function* readEpisodes(
  dir: string,
  filter: TrajectoryFilter = {},
  from = 0,
): AsyncGenerator<TrajectoryRow> {
  for await (const { path, place, row } of readFiles(await shardsWith(dir, filter, from))) {
    if (matches(filter, row) && firstOf(basename(path)) + place >= from) yield row;
  }
}

/** Paths of the shards that hold an episode that matches, in log order: the others are not decoded. */
async function shardsWith(dir: string, filter: TrajectoryFilter, from: number): Promise<string[]> {
  requireLog(dir);
  const { condition, values } = filterSql(filter);
  if (values.length === 0) return listShards(dir).map((shard) => shard.path);
  const sql = `SELECT DISTINCT shard_first FROM ${shardsSql(dir, from)}
    WHERE ${condition} AND log_index >= ${from} ORDER BY 1`;
  const rows = await withLog(dir, (connection) =>
    logCorruptIfRefused(dir, async () => (await connection.run(sql, values)).getRows()),
  );
  return rows.map(([first]) => join(dataFolder(dir), shardName(Number(first))));
}

/** Rows of one record batch: a bounded amount to turn into values at a time. */
const BATCH_ROWS = 256;

/**
 * Rows of Parquet files of the log's schema, in order; decoded in a thread of its own.
 * @throws LOG_CORRUPT if one cannot be read
 */
export async function* readShards(paths: Iterable<string>): AsyncGenerator<TrajectoryRow> {
  for await (const { row } of readFiles(paths)) yield row;
}

/** The same with their files, and their places in them. */
async function* readFiles(
  paths: Iterable<string>,
): AsyncGenerator<{ readonly path: string; readonly place: number; readonly row: TrajectoryRow }> {
  const groups = Array.from(paths, (path) => [{ path, batchRows: BATCH_ROWS }]);
  let index = 0;
  for await (const [stream] of decodeShards(groups)) {
    const { path } = groups[index][0];
    let place = 0;
    for (const row of ipcRows(stream, path)) {
      yield { path, place, row };
      place += 1;
    }
    index += 1;
  }
}
