import { type DuckDBConnection, DuckDBTypeId, type Json } from "@duckdb/node-api";
import { IcrlError } from "../common/errors.js";
import { withLog } from "./duckdb.js";

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
 * Runs SQL (DuckDB's) over a log; its view is `trajectories`. It runs with the caller's rights: it can read and write files.
 *
 * @throws NOT_A_LOG if the folder is no log
 * @throws QUERY_INVALID if DuckDB refuses the SQL
 */
export function queryLog(dir: string, sql: string): Promise<QueryResult> {
  return withLog(dir, (connection) => runQuery(connection, sql, 'the view is "trajectories"'));
}

/**
 * Runs SQL on a connection.
 *
 * @param views what to select from, for the text of an error
 * @throws QUERY_INVALID if DuckDB refuses the SQL
 */
export async function runQuery(connection: DuckDBConnection, sql: string, views: string): Promise<QueryResult> {
  try {
    const result = await connection.run(sql);
    const types = result.columnTypes();
    const columns = result.columnNames().map((name, i) => ({ name, type: String(types[i]) }));
    const isCount = types.map((t) => t.typeId === DuckDBTypeId.BIGINT || t.typeId === DuckDBTypeId.HUGEINT);
    const rows = await result.getRowsJson();
    return { columns, rows: rows.map((row) => row.map((value, i) => (isCount[i] ? numberIfExact(value) : value))) };
  } catch (error) {
    const [what] = (error as Error).message.split("\n\nLINE "); // what follows draws an arrow under the place
    throw new IcrlError("QUERY_INVALID", `${what.trim().replaceAll(/\s*\n\s*/g, "; ")}: mend the SQL; ${views}`);
  }
}

function numberIfExact(value: Json): Json {
  return typeof value === "string" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
