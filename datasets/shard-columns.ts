import { DuckDBInstance } from "@duckdb/node-api";
import { sqlType, TRAJECTORY_COLUMNS } from "./trajectory-schema.js";

/** Names of a Parquet file's columns to their SQL types. */
export async function columnsOf(path: string): Promise<Map<string, string>> {
  const instance = await DuckDBInstance.create(":memory:", { autoinstall_known_extensions: "false" });
  const connection = await instance.connect();
  try {
    const result = await connection.run(`DESCRIBE SELECT * FROM read_parquet('${path.replaceAll("'", "''")}')`);
    return new Map((await result.getRowsJson()).map((row) => [String(row[0]), String(row[1])]));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
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
