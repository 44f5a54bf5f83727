import type { DuckDBConnection, Json } from "@duckdb/node-api";
import { IcrlError } from "../../common/errors.js";
import { loadDuckDb, withLog } from "./duckdb.js";
import { requireOneStatement } from "./user-sql.js";

/** Rows of an answer. */
export interface QueryResult {
  readonly columns: readonly { readonly name: string /** SQL type. */; readonly type: string }[];
  /**
   * Values as JSON holds them: UBIGINT (seeds) as decimal texts, BIGINT and HUGEINT (counts, sums) as numbers where those are
   * exact and as texts where not, times as ISO-like texts, lists as arrays.
   */
  readonly rows: readonly (readonly Json[])[];
}

/**
 * Runs SQL (DuckDB's) over a log; its view is `trajectories`.
 *
 * @param allowFiles whether it may read and write what the process may; else it reads the log's shards alone
 * @throws NOT_A_LOG if the folder is no log
 * @throws QUERY_INVALID if DuckDB refuses the SQL, it is not one statement, or may not do what it does
 */
export function queryLog(dir: string, sql: string, allowFiles = false): Promise<QueryResult> {
  const query = (connection: DuckDBConnection) => runQuery(connection, sql, 'the view is "trajectories"', allowFiles);
  return withLog(dir, query, allowFiles);
}

/**
 * Runs one statement on a connection.
 *
 * @param views what to select from, for the text of an error
 * @param allowFiles whether it may be another statement than one that reads; undefined where nobody can allow it
 * @throws QUERY_INVALID if DuckDB refuses the SQL, it is not one statement, or may not be
 */
export async function runQuery(
  connection: DuckDBConnection,
  sql: string,
  views: string,
  allowFiles?: boolean,
): Promise<QueryResult> {
  try {
    await requireOneStatement(connection, sql, allowFiles === true);
    const { DuckDBTypeId } = await loadDuckDb();
    const result = await connection.run(sql);
    const types = result.columnTypes();
    const columns = result.columnNames().map((name, i) => ({ name, type: String(types[i]) }));
    const isCount = types.map((t) => t.typeId === DuckDBTypeId.BIGINT || t.typeId === DuckDBTypeId.HUGEINT);
    const rows = await result.getRowsJson();
    return { columns, rows: rows.map((row) => row.map((value, i) => (isCount[i] ? numberIfExact(value) : value))) };
  } catch (error) {
    if (error instanceof IcrlError) throw error;
    const [what] = (error as Error).message.replace(/^Failed to extract statements: /, "").split("\n\nLINE "); // what follows draws an arrow under the place
    const denied = what.includes(DENIED);
    const advice = denied
      ? `the folder's shards alone are read${allowFiles === false ? ", unless --allow-files is given" : ""}`
      : "correct the SQL";
    const text = what
      .replace(DENIED, "")
      .trim()
      .replaceAll(/\s*\n\s*/g, "; ");
    throw new IcrlError("QUERY_INVALID", `${text}: ${advice}; ${views}`);
  }
}

/** How DuckDB ends what it says of a file that it may not reach. */
const DENIED = " - file system operations are disabled by configuration";

function numberIfExact(value: Json): Json {
  return typeof value === "string" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
