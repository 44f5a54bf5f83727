/** Columns of an Arrow batch as plain typed arrays, sharing its memory where they can. */
import type { Data, RecordBatch } from "apache-arrow";
import { isValid, valuesOf } from "./batch-values.js";
import type { ColumnType } from "./columns.js";
import { TRAJECTORY_COLUMNS } from "./trajectory-schema.js";

/** A list of each row, one after the other: row i's items are values[offsets[i]] to values[offsets[i + 1] - 1]. */
export interface Lists<V> {
  /** [rows + 1], from 0. */
  readonly offsets: Int32Array;
  /** A null item, an unknown propensity, is NaN. */
  readonly values: V;
  /** [rows], 1 where the list is null, whose row is then empty; absent where none is. */
  readonly nulls: Uint8Array | undefined;
}

/** What a column of a type is. Null numbers are NaN where that exists, and 0 in integers. */
export type ColumnValues<T extends ColumnType> = T extends "list<int32>"
  ? Lists<Int32Array>
  : T extends "list<float32>" | "list<float32?>"
    ? Lists<Float32Array>
    : T extends "int32"
      ? Int32Array
      : T extends "uint64"
        ? BigUint64Array
        : T extends "bool"
          ? Uint8Array
          : T extends "utf8"
            ? (string | null)[]
            : Float64Array;

type TypedColumn = (typeof TRAJECTORY_COLUMNS)[number];

/** Name of a column of the data. */
export type ColumnName = TypedColumn["name"];

/** Columns by name. */
export type ColumnsByName<C extends ColumnName> = {
  readonly [N in C]: ColumnValues<Extract<TypedColumn, { name: N }>["type"]>;
};

/** Chosen columns of a batch of the data. */
export function batchColumns<C extends ColumnName>(batch: RecordBatch, names: readonly C[]): ColumnsByName<C> {
  return Object.fromEntries(names.map((name) => [name, columnValues(batch, name)])) as ColumnsByName<C>;
}

function columnValues(batch: RecordBatch, name: ColumnName): unknown {
  const type = TRAJECTORY_COLUMNS.find((column) => column.name === name)?.type;
  const rows = batch.numRows;
  const value = valuesOf(batch, name);
  switch (type) {
    case "list<int32>":
    case "list<float32>":
    case "list<float32?>":
      return listsOf(batch, name);
    case "utf8":
      return Array.from({ length: rows }, (_, row) => value(row));
    case "bool":
      return Uint8Array.from({ length: rows }, (_, row) => (value(row) === true ? 1 : 0));
    case "float64":
    case "timestamp":
      return Float64Array.from({ length: rows }, (_, row) => (value(row) as number | null) ?? Number.NaN);
    default:
      return dataOf(batch, name).values.subarray(0, rows);
  }
}

function dataOf(batch: RecordBatch, name: string): Data {
  const data = batch.getChild(name)?.data[0];
  if (data === undefined) throw new RangeError(`a batch without the column ${name}`);
  return data;
}

/** A list column of any batch. */
export function listsOf<V extends Int32Array | Float32Array>(batch: RecordBatch, name: string): Lists<V> {
  const rows = batch.numRows;
  const data = dataOf(batch, name);
  const [child] = data.children;
  const offsets = data.valueOffsets.subarray(0, rows + 1);
  let values = child.values.subarray(0, offsets[rows]) as V;
  if (child.nullCount > 0) {
    values = values.slice() as V;
    for (let i = 0; i < values.length; i += 1) if (!isValid(child, i)) values[i] = Number.NaN;
  }
  if (data.nullCount === 0) return { offsets, values, nulls: undefined };
  return { offsets, values, nulls: Uint8Array.from({ length: rows }, (_, row) => (isValid(data, row) ? 0 : 1)) };
}
