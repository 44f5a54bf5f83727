/** SQL over Parquet files. A database is opened here and nowhere else, and reaches the files it was opened for and no others. */
import { randomUUID } from "node:crypto";
import { realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { IcrlError } from "../../common/errors.js";
import { sqlType } from "./columns.js";
import { ADDED_COLUMNS, CHANGED_SQL } from "./earlier-schemas.js";
import { listShards, requireLog } from "./log-folder.js";
import { TRAJECTORY_COLUMNS } from "./trajectory-schema.js";

/** The library, loaded with the first database: a server starts without it. */
export const loadDuckDb = (): Promise<typeof import("@duckdb/node-api")> => import("@duckdb/node-api");

/** A text as an SQL literal. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A name as an SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * What to select from: the columns of the log, `log_index`, the number, from 0, of the episode in the whole log, and `shard_first`,
 * that of its shard's first episode. Correctly typed and empty where there are no shards. Only shards that can hold numbers from `from` on are read.
 */
export function shardsSql(dir: string, from = 0): string {
  return shardsSqlOf(
    listShards(dir).flatMap(({ path }, index, all) =>
      index === all.length - 1 || all[index + 1].first > from ? [path] : [],
    ),
  );
}

/** The same of shards by their paths, in log order. */
export function shardsSqlOf(paths: readonly string[]): string {
  if (paths.length === 0) {
    const columns = TRAJECTORY_COLUMNS.map((c) => `NULL::${sqlType(c.type)} AS ${identifier(c.name)}`);
    return `(SELECT ${columns.join(", ")}, 0::BIGINT AS shard_first, 0::BIGINT AS log_index WHERE false)`;
  }
  const files = paths.map(quoted).join(", ");
  const first = `regexp_extract(raw.filename, '(\\d+)\\.parquet$', 1)::BIGINT`;
  const columns = TRAJECTORY_COLUMNS.map(({ name }) =>
    Object.hasOwn(CHANGED_SQL, name) ? `${CHANGED_SQL[name]} AS ${identifier(name)}` : `raw.${identifier(name)}`,
  );
  // What no file has must be there all the same; files are of several schemas.
  const added = TRAJECTORY_COLUMNS.filter(({ name }) => (ADDED_COLUMNS as readonly string[]).includes(name));
  const lacking = added.map(({ name, type }) => `NULL::${sqlType(type)} AS ${name}`).join(", ");
  return `(SELECT ${columns.join(", ")}, ${first} AS shard_first, ${first} + raw.file_row_number AS log_index
    FROM (SELECT ${lacking} WHERE false UNION ALL BY NAME
      SELECT * FROM read_parquet([${files}], union_by_name = true, filename = true, file_row_number = true)) AS raw)`;
}

/** What a database may take of its machine. */
export interface DatabaseBounds {
  readonly threads: number;
  /** What needs more waits on disk. */
  readonly memoryMib: number;
}

/** The most memory of a database, in GiB, where its own share of the machine is not less; what needs more waits on disk. */
const MEMORY_GIB = 8;

/** Nothing is fetched from the network, and nothing loaded that is not built in, as all that is needed is. */
const CONFIG = {
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
  allow_community_extensions: "false",
};

/**
 * Runs `use` with a connection to a DuckDB in memory. Times are UTC.
 *
 * @param files what it may read; nothing else is read, and nothing written. "any": what the process may
 * @param bounds absent: all processors, and MEMORY_GIB
 */
export async function withDuckDb<T>(
  files: readonly string[] | "any",
  use: (connection: DuckDBConnection) => Promise<T>,
  bounds?: DatabaseBounds,
): Promise<T> {
  const { DuckDBInstance, DuckDBTimestampTZValue } = await loadDuckDb();
  // What waits on disk does not wait in the folder that the program happens to run in.
  const temp_directory = join(tmpdir(), `icrl-duckdb-${randomUUID()}`);
  const bounded = bounds && { threads: String(bounds.threads), memory_limit: `${bounds.memoryMib}MiB` };
  const instance = await DuckDBInstance.create(":memory:", { ...CONFIG, ...bounded, temp_directory });
  const connection = await instance.connect();
  try {
    // Times are shown as they are in the files: in SQL, and in what becomes of its answers.
    await connection.run("SET TimeZone = 'UTC'");
    DuckDBTimestampTZValue.timezoneOffsetInMinutes = 0;
    const [[memory]] = await (await connection.run("SELECT current_setting('memory_limit')")).getRows();
    const [, size, unit] = /^([\d.]+) (\w+)$/.exec(String(memory)) ?? [];
    if (unit === "TiB" || (unit === "GiB" && Number(size) > MEMORY_GIB)) {
      await connection.run(`SET memory_limit = '${MEMORY_GIB}GiB'`);
    }
    if (files !== "any") await confine(connection, files);
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Leaves a database these files, for good. It follows links, and looks at where they lead. */
async function confine(connection: DuckDBConnection, files: readonly string[]): Promise<void> {
  const paths = new Set(files.filter(isFile).flatMap((file) => [resolve(file), realpathSync(file)]));
  await connection.run(`SET allowed_paths = [${Array.from(paths, quoted).join(", ")}]`);
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
}

/** What is a FIFO would be waited for without end. */
const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** The files that `shardsSql` reads. */
export const shardPaths = (dir: string): string[] => listShards(dir).map(({ path }) => path);

/**
 * Runs `use` with a connection to a DuckDB in memory that has the view `trajectories`, over the log's shards, and reaches nothing else.
 *
 * @param allowFiles whether what the process may read and write can be reached, too
 * @param more files that are read beside the shards
 * @throws NOT_A_LOG if the folder is no log
 * @throws LOG_CORRUPT if something that is no file has the name of a shard
 */
export async function withLog<T>(
  dir: string,
  use: (connection: DuckDBConnection) => Promise<T>,
  allowFiles = false,
  more: readonly string[] = [],
): Promise<T> {
  requireLog(dir);
  return withDuckDb(allowFiles ? "any" : [...shardPaths(dir), ...more], async (connection) => {
    const view = `CREATE VIEW trajectories AS SELECT * EXCLUDE (shard_first, log_index) FROM ${shardsSql(dir)}`;
    await logCorruptIfRefused(dir, () => connection.run(view));
    return use(connection);
  });
}

/** Runs what DuckDB can refuse only because a shard is not what was written. @throws LOG_CORRUPT */
export async function logCorruptIfRefused<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof IcrlError) throw error;
    const [what] = (error as Error).message.split("\n"); // DuckDB names the file
    throw new IcrlError("LOG_CORRUPT", `a shard of ${dir} cannot be read (${what}): restore it from a backup`, {
      folder: dir,
    });
  }
}
