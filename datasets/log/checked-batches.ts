/**
 * Arrow from files that somebody else may have made: what it says of itself is held against what is there, before a value is read. The
 * Parquet decoder checks much of it; a log's segments are Arrow as it was written.
 */
import { type Data, DataType, type RecordBatch, RecordBatchReader, type Type } from "apache-arrow";
import { IcrlError } from "../../common/errors.js";
import { arrowType } from "./arrow-schema.js";
import type { ColumnType } from "./columns.js";

/** A column as it should be; whatever else a batch has is not looked at. */
export interface ExpectedColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/** Columns of a label's shards. */
export const LABEL_EXPECTED: readonly ExpectedColumn[] = [
  { name: "episode_id", type: "utf8", nullable: false },
  { name: "actions", type: "list<int32>", nullable: false },
  { name: "probabilities", type: "list<float32>", nullable: true },
];

/**
 * Batches of an Arrow IPC stream whose columns are what they should be: their types, as many values as rows, lists and texts inside the
 * memory that is there.
 *
 * @param file for messages
 * @param expected what must be in a batch
 * @throws LOG_CORRUPT
 */
export function* checkedBatches(
  stream: Uint8Array,
  file: string,
  expected: (batch: RecordBatch) => readonly ExpectedColumn[],
): Generator<RecordBatch> {
  let batches: Iterator<RecordBatch>;
  try {
    batches = RecordBatchReader.from(stream)[Symbol.iterator]() as Iterator<RecordBatch>;
  } catch (error) {
    throw corrupt(file, (error as Error).message);
  }
  for (;;) {
    let batch: RecordBatch;
    try {
      const next = batches.next();
      if (next.done === true) return;
      batch = next.value;
    } catch (error) {
      throw corrupt(file, (error as Error).message);
    }
    const problem = batchProblem(batch, expected(batch));
    if (problem !== undefined) throw corrupt(file, problem);
    yield batch;
  }
}

const corrupt = (file: string, what: string) =>
  new IcrlError("LOG_CORRUPT", `${file} cannot be read (${what.split("\n")[0]}): restore it from a backup`, { file });

function batchProblem(batch: RecordBatch, columns: readonly ExpectedColumn[]): string | undefined {
  for (const { name, type, nullable } of columns) {
    const data = batch.getChild(name)?.data[0];
    if (data === undefined) {
      if (batch.numRows === 0 && batch.schema.fields.some((field) => field.name === name)) continue;
      return `it has no column ${name}`;
    }
    const should = arrowType(type);
    if (!sameType(data.type, should)) return `column ${name} is ${data.type}, and should be ${should}`;
    if (data.length !== batch.numRows) return `column ${name} has ${data.length} values for ${batch.numRows} rows`;
    if (!nullable && data.nullCount > 0) return `column ${name} has nulls`;
    const problem = memoryProblem(data, type);
    if (problem !== undefined) return `column ${name} ${problem}`;
  }
  return undefined;
}

const idOf = (type: DataType): Type => type.typeId;

function sameType(a: DataType, b: DataType): boolean {
  if (idOf(a) !== idOf(b)) return false;
  if (DataType.isInt(a) && DataType.isInt(b)) return a.bitWidth === b.bitWidth && a.isSigned === b.isSigned;
  if (DataType.isFloat(a) && DataType.isFloat(b)) return a.precision === b.precision;
  if (DataType.isList(a) && DataType.isList(b)) return sameType(a.children[0].type, b.children[0].type);
  return true;
}

/** What values claim that their memory does not hold. */
function memoryProblem(data: Data, type: ColumnType): string | undefined {
  const { length, offset } = data;
  if (length > 0 && data.nullCount > 0 && data.nullBitmap.length * 8 < offset + length)
    return "has too few marks of nulls";
  if (type === "bool") return data.values.length * 8 < offset + length ? "has too few values" : undefined;
  if (type !== "utf8" && !type.startsWith("list<"))
    return data.values.length < length ? "has too few values" : undefined;
  if (length === 0) return undefined;
  const offsets = data.valueOffsets;
  if (offsets.length <= length) return "has too few offsets";
  if (offsets[0] < 0) return `begins at ${offsets[0]}`;
  for (let row = 0; row < length; row += 1)
    if (offsets[row + 1] < offsets[row]) return `ends before it begins in row ${row}`;
  const last = offsets[length];
  if (type === "utf8")
    return last > data.values.length ? `has texts of ${last} bytes in ${data.values.length}` : undefined;
  const items = data.children[0];
  if (items === undefined || items.length < last || items.values.length < last) {
    return `has lists of ${last} items in ${items?.values?.length ?? 0}`;
  }
  if (items.nullCount > 0 && items.nullBitmap.length * 8 < items.offset + last) return "has too few marks of nulls";
  return type === "list<int32>" && items.nullCount > 0 ? "has nulls in its lists" : undefined;
}

/** Lists with an item for each step, and how many more there are. */
const STEP_LISTS: readonly (readonly [name: string, more: number])[] = [
  ...["actions", "rewards", "propensities", "regrets", "optimal_actions"].map((name) => [name, 0] as const),
  ["observations", 1],
];

/**
 * Sees that the lists of each row have as many items as it has steps: whoever makes room for the steps relies on it. Columns that a batch
 * lacks are not looked at.
 *
 * @throws LOG_CORRUPT
 */
export function requireLengths(batch: RecordBatch, file: string): void {
  const lengths = batch.getChild("length")?.data[0]?.values as Int32Array | undefined;
  const actions = batch.getChild("actions")?.data[0]?.valueOffsets;
  if (lengths === undefined && actions === undefined) return;
  for (const [name, more] of STEP_LISTS) {
    const data = batch.getChild(name)?.data[0];
    if (data === undefined) continue;
    const offsets = data.valueOffsets;
    for (let row = 0; row < batch.numRows; row += 1) {
      const steps = lengths?.[row] ?? (actions as Int32Array)[row + 1] - (actions as Int32Array)[row];
      const items = offsets[row + 1] - offsets[row];
      if (items === steps + more || (data.nullCount > 0 && !data.getValid(row))) continue;
      throw corrupt(file, `${name} of row ${row} has ${items} items, and the row ${steps} steps`);
    }
  }
}
