import type { DuckDBConnection } from "@duckdb/node-api";
import { quoted, withDuckDb } from "./duckdb.js";
import { sqlType, TRAJECTORY_COLUMNS } from "./trajectory-schema.js";

/** Names of a Parquet file's columns to their SQL types. */
export function columnsOf(path: string): Promise<Map<string, string>> {
  return withDuckDb([path], (connection) => columnsWith(connection, path));
}

/** The same on a connection that is there. */
export async function columnsWith(connection: DuckDBConnection, path: string): Promise<Map<string, string>> {
  const result = await connection.run(`DESCRIBE SELECT * FROM read_parquet(${quoted(path)})`);
  return new Map((await result.getRowsJson()).map((row) => [String(row[0]), String(row[1])]));
}

/** How columns differ from the log's, or undefined when they do not. */
export function describeColumns(columns: ReadonlyMap<string, string>): string | undefined {
  for (const { name, type } of TRAJECTORY_COLUMNS) {
    const found = columns.get(name);
    if (found === undefined) return `lacks the column ${name}`;
    if (found !== sqlType(type)) return `column ${name} is ${found}: it should be ${sqlType(type)}`;
  }
  return undefined;
}
