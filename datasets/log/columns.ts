/**
 * Columns of a table of rows: names, types and meanings. A table of them is the source of an Arrow schema (arrow-schema.ts), of a row's
 * TypeScript type, of SQL and of documentation.
 */

/** Column types and their names in SQL, as DuckDB writes them. */
const SQL_TYPES = {
  int32: "INTEGER",
  uint64: "UBIGINT",
  float64: "DOUBLE",
  bool: "BOOLEAN",
  utf8: "VARCHAR",
  timestamp: "TIMESTAMP WITH TIME ZONE",
  "list<int32>": "INTEGER[]",
  "list<float32>": "FLOAT[]",
  "list<float32?>": "FLOAT[]",
} as const;

/** Name of a column type; `list<float32?>` has null items, NaN in JavaScript. */
export type ColumnType = keyof typeof SQL_TYPES;

/** One column. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** Whether it tells what agents must not know while their tournament runs. */
  readonly truth: boolean;
  /** What it means; the text of docs/log.md. */
  readonly help: string;
}

/** A column that is never null. */
export const column = <const N extends string, const T extends ColumnType>(name: N, type: T, help: string) =>
  ({ name, type, nullable: false, truth: false, help }) as const;
/** A column that can be null. */
export const nullable = <const N extends string, const T extends ColumnType>(name: N, type: T, help: string) =>
  ({ name, type, nullable: true, truth: false, help }) as const;
/** One that can be null, and tells what agents must not know while their tournament runs. */
export const truth = <const N extends string, const T extends ColumnType>(name: N, type: T, help: string) =>
  ({ name, type, nullable: true, truth: true, help }) as const;

type ValueOf<T extends ColumnType> = T extends "uint64"
  ? bigint
  : T extends "bool"
    ? boolean
    : T extends "utf8"
      ? string
      : T extends "list<int32>"
        ? Int32Array
        : T extends "list<float32>" | "list<float32?>"
          ? Float32Array
          : number;

/** One row of a table of columns. Unknown items of lists are NaN. */
export type RowOf<Columns extends readonly Column[]> = {
  readonly [C in Columns[number] as C["name"]]: C["nullable"] extends true
    ? ValueOf<C["type"]> | null
    : ValueOf<C["type"]>;
};

/** What a value of a row can be. */
export type RowValue = string | number | bigint | boolean | Int32Array | Float32Array | null;

/** SQL type of a column type, as DuckDB writes it. */
export function sqlType(type: ColumnType): string {
  return SQL_TYPES[type];
}

/** Columns as a Markdown table. */
export function columnsTable(columns: readonly Column[]): string {
  const rows = columns.map(
    (c) =>
      `| \`${c.name}\` | ${c.type.replace("?>", ">")}${c.nullable ? "?" : ""} | ${c.help.replaceAll("|", "\\|")} |`,
  );
  return ["| column | type | meaning |", "|---|---|---|", ...rows].join("\n");
}
