import type { DuckDBConnection } from "@duckdb/node-api";
import { sqlType } from "./columns.js";
import { quoted, withDuckDb } from "./duckdb.js";
import { ADDED_BY_3, lackingIn, schemaOf } from "./earlier-schemas.js";
import { TRAJECTORY_COLUMNS } from "./trajectory-schema.js";

/** Names of a Parquet file's columns to their SQL types. */
export function columnsOf(path: string): Promise<Map<string, string>> {
  return withDuckDb([path], (connection) => columnsWith(connection, path));
}

/** The same on a connection that is there. */
export async function columnsWith(connection: DuckDBConnection, path: string): Promise<Map<string, string>> {
  const result = await connection.run(`DESCRIBE SELECT * FROM read_parquet(${quoted(path)})`);
  return new Map((await result.getRowsJson()).map((row) => [String(row[0]), String(row[1])]));
}

/** How columns differ from those of the log, of any schema, or undefined when they do not. */
export function describeColumns(columns: ReadonlyMap<string, string>): string | undefined {
  const lacking = lackingIn(schemaOf((name) => columns.has(name)));
  for (const { name, type } of TRAJECTORY_COLUMNS) {
    if (lacking.includes(name)) continue;
    const found = columns.get(name);
    if (found === undefined) return `lacks the column ${name}`;
    if (found !== sqlType(type)) return `column ${name} is ${found}: it should be ${sqlType(type)}`;
  }
  return undefined;
}

/** Those of some Parquet files that are of an earlier schema, by their paths. */
export async function earlierFiles(connection: DuckDBConnection, paths: readonly string[]): Promise<Set<string>> {
  if (paths.length === 0) return new Set();
  const added = ADDED_BY_3.map(quoted).join(", ");
  const result = await connection.run(`SELECT file_name FROM parquet_schema([${paths.map(quoted).join(", ")}])
    GROUP BY file_name HAVING NOT bool_or(name IN (${added}))`);
  return new Set((await result.getRows()).map(([path]) => String(path)));
}
