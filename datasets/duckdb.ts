/** SQL over a log's shards. */
import { type DuckDBConnection, DuckDBInstance, DuckDBTimestampTZValue } from "@duckdb/node-api";
import { listShards, requireLog } from "./log-folder.js";
import { sqlType, TRAJECTORY_COLUMNS } from "./trajectory-schema.js";

/** A text as an SQL literal. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * What to select from: the columns of the log, `log_index`, the number, from 0, of the episode in the whole log, and `shard_first`,
 * that of its shard's first episode. Correctly typed and empty where there are no shards. Only shards that can hold numbers from `from` on are read.
 */
export function shardsSql(dir: string, from = 0): string {
  const shards = listShards(dir).filter((_, index, all) => index === all.length - 1 || all[index + 1].first > from);
  const names = TRAJECTORY_COLUMNS.map((c) => `"${c.name}"`);
  if (shards.length === 0) {
    const columns = TRAJECTORY_COLUMNS.map((c) => `NULL::${sqlType(c.type)} AS "${c.name}"`);
    return `(SELECT ${columns.join(", ")}, 0::BIGINT AS shard_first, 0::BIGINT AS log_index WHERE false)`;
  }
  const files = shards.map((shard) => quoted(shard.path)).join(", ");
  const first = `regexp_extract(filename, '(\\d+)\\.parquet$', 1)::BIGINT`;
  return `(SELECT ${names.join(", ")}, ${first} AS shard_first, ${first} + file_row_number AS log_index
    FROM read_parquet([${files}], filename = true, file_row_number = true))`;
}

/** Runs `use` with a connection to a DuckDB in memory. Times are UTC; nothing is fetched from the network. */
export async function withDuckDb<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(":memory:", { autoinstall_known_extensions: "false" });
  const connection = await instance.connect();
  try {
    // Times are shown as they are in the files: in SQL, and in what becomes of its answers.
    await connection.run("SET TimeZone = 'UTC'");
    DuckDBTimestampTZValue.timezoneOffsetInMinutes = 0;
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/**
 * Runs `use` with a connection to a DuckDB in memory that has the view `trajectories`.
 * @throws NOT_A_LOG if the folder is no log
 */
export async function withLog<T>(dir: string, use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  requireLog(dir);
  return withDuckDb(async (connection) => {
    await connection.run(
      `CREATE VIEW trajectories AS SELECT * EXCLUDE (shard_first, log_index) FROM ${shardsSql(dir)}`,
    );
    return use(connection);
  });
}
