/** Tables of columns as Arrow schemas. */
import {
  Bool,
  type DataType,
  Field,
  Float32,
  Float64,
  Int32,
  List,
  Schema,
  TimestampMillisecond,
  Uint64,
  Utf8,
} from "apache-arrow";
import type { Column, ColumnType } from "./columns.js";
import { SCHEMA_VERSION, TRAJECTORY_COLUMNS } from "./trajectory-schema.js";

const ARROW_TYPES: Readonly<Record<ColumnType, () => DataType>> = {
  int32: () => new Int32(),
  uint64: () => new Uint64(),
  float64: () => new Float64(),
  bool: () => new Bool(),
  utf8: () => new Utf8(),
  timestamp: () => new TimestampMillisecond("UTC"),
  "list<int32>": () => new List(new Field("item", new Int32(), false)),
  "list<float32>": () => new List(new Field("item", new Float32(), false)),
  "list<float32?>": () => new List(new Field("item", new Float32(), true)),
};

/** Arrow type of a column type. */
export function arrowType(type: ColumnType): DataType {
  return ARROW_TYPES[type]();
}

/** Arrow fields of columns. */
export const arrowFields = (columns: readonly Column[]): Field[] =>
  columns.map((c) => new Field(c.name, arrowType(c.type), c.nullable));

/** The Arrow schema of the log's batches and shards. */
export const TRAJECTORY_SCHEMA = new Schema(
  arrowFields(TRAJECTORY_COLUMNS),
  new Map([["icrl.schema_version", String(SCHEMA_VERSION)]]),
);
