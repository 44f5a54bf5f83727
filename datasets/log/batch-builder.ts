/**
 * Rows to Arrow. Values are copied into growable columns that are the Arrow buffers themselves and are used again for the next
 * batch: nothing is allocated per step.
 */
import { type Data, type DataType, type List, makeData, RecordBatch, type Schema, Struct } from "apache-arrow";
import { ipcPieces } from "../files/ipc-stream.js";
import { arrowType, TRAJECTORY_SCHEMA } from "./arrow-schema.js";
import type { Column, RowOf, RowValue } from "./columns.js";
import { TRAJECTORY_COLUMNS, type TrajectoryRow } from "./trajectory-schema.js";

/** Collects rows, gives them as Arrow IPC. */
export interface BatchBuilder<Row = TrajectoryRow> {
  /** Rows since the last `finish`. */
  readonly rows: number;
  /** About how many bytes `finish` would give. */
  readonly bytes: number;
  /**
   * About how many bytes a row takes. A row that passes here can be appended and written, whatever is in it: nothing is left of one that does not.
   * @throws TypeError if a value is not its column's
   */
  bytesOf(row: Row): number;
  /** Copies a row. Rows of unknown making are shown to `bytesOf` first. */
  append(row: Row): void;
  /**
   * A complete Arrow IPC stream (schema, one batch, end marker) of the rows, in pieces that are views of the builder's memory:
   * valid until the next `append`. The builder is empty afterwards.
   */
  finish(): Uint8Array[];
}

/** One growable column. */
interface ColumnBuilder {
  /** Size in bytes of a value that is not null; undefined where it is no value of the column. */
  sizeOf(value: RowValue): number | undefined;
  /** Appends a value as row number `row` and returns its size in bytes. */
  append(value: RowValue, row: number): number;
  /** Arrow data of the first `rows` rows; shares memory with the builder. */
  data(rows: number): Data;
  /** Forgets all rows, keeps the memory. */
  clear(): void;
}

const FIRST_CAPACITY = 512;
/** Memory above this many bytes a buffer is given back when a batch is finished. */
const KEPT_BYTES = 8 << 20;

type Numbers = Int32Array | Float32Array | Float64Array | BigUint64Array | BigInt64Array | Uint8Array;

/** A buffer of at least `capacity` elements with the old one's first `used` elements. */
function grown<A extends Numbers>(old: A, used: number, capacity: number): A {
  if (capacity <= old.length) return old;
  const next = new (old.constructor as new (length: number) => A)(Math.max(capacity, 2 * old.length));
  next.set(old.subarray(0, used) as never);
  return next;
}

function shrunk<A extends Numbers>(old: A): A {
  return old.byteLength <= KEPT_BYTES ? old : new (old.constructor as new (length: number) => A)(FIRST_CAPACITY);
}

/** Which values are null: a bitmap that exists only once there is one. */
function validity() {
  let bits = new Uint8Array(0);
  let nullCount = 0;
  return {
    setNull(index: number) {
      const at = index >> 3;
      if (at >= bits.length) {
        const next = new Uint8Array(Math.max(64, 2 * at));
        next.set(bits);
        next.fill(255, bits.length);
        bits = next;
      }
      bits[at] &= ~(1 << (index & 7));
      nullCount += 1;
    },
    arrow(length: number) {
      if (nullCount === 0) return { nullCount: 0 };
      const size = (length + 7) >> 3;
      if (size > bits.length) {
        const next = new Uint8Array(size);
        next.set(bits);
        next.fill(255, bits.length);
        bits = next;
      }
      return { nullCount, nullBitmap: bits.slice(0, size) };
    },
    clear() {
      if (nullCount > 0) bits.fill(255);
      nullCount = 0;
    },
  };
}

function numberColumn(
  type: DataType,
  first: Numbers,
  isValue: (value: RowValue) => boolean,
  convert: (value: RowValue) => number | bigint,
): ColumnBuilder {
  let values = first;
  const valid = validity();
  return {
    sizeOf: (value) => (isValue(value) ? values.BYTES_PER_ELEMENT : undefined),
    append(value, row) {
      if (row >= values.length) values = grown(values, row, row + 1);
      if (value === null) valid.setNull(row);
      else values[row] = convert(value);
      return values.BYTES_PER_ELEMENT;
    },
    data: (rows) => makeData({ type, length: rows, ...valid.arrow(rows), data: values.subarray(0, rows) } as never),
    clear() {
      valid.clear();
      values = shrunk(values);
    },
  };
}

function boolColumn(type: DataType): ColumnBuilder {
  let bits = new Uint8Array(FIRST_CAPACITY);
  return {
    sizeOf: (value) => (typeof value === "boolean" ? 1 : undefined),
    append(value, row) {
      const at = row >> 3;
      if (at >= bits.length) bits = grown(bits, at, at + 1);
      if (value === true) bits[at] |= 1 << (row & 7);
      else bits[at] &= ~(1 << (row & 7));
      return 1;
    },
    data: (rows) => makeData({ type, length: rows, nullCount: 0, data: bits.slice(0, (rows + 7) >> 3) } as never),
    clear() {
      bits = shrunk(bits);
    },
  };
}

/** Texts repeat from row to row (all that an open has in common), so they are encoded by runs once the batch is finished. */
function textColumn(type: DataType): ColumnBuilder {
  const texts: RowValue[] = [];
  let bytes = Buffer.alloc(16 * FIRST_CAPACITY);
  let offsets = new Int32Array(FIRST_CAPACITY + 1);
  const valid = validity();

  /** Writes a text `count` times from byte `at` on and returns where it ends. */
  function repeat(text: string, count: number, at: number): number {
    const most = at + 3 * text.length * count;
    if (most > bytes.length) bytes = Buffer.concat([bytes.subarray(0, at)], Math.max(most, 2 * bytes.length));
    const size = bytes.write(text, at, "utf8");
    const end = at + size * count;
    for (let done = size; done < size * count; done *= 2)
      bytes.copyWithin(at + done, at, Math.min(at + done, end - done));
    return end;
  }

  return {
    // The most that it can be: to count the bytes would be to encode it.
    sizeOf: (value) => (typeof value === "string" ? 3 * value.length + 4 : undefined),
    append(value, row) {
      texts[row] = value;
      if (value !== null) return (value as string).length + 4;
      valid.setNull(row);
      return 4;
    },
    data(rows) {
      if (rows + 1 > offsets.length) offsets = grown(offsets, 0, rows + 1);
      let used = 0;
      for (let row = 0; row < rows; ) {
        const text = texts[row];
        const first = row;
        while (row < rows && texts[row] === text) row += 1;
        const start = used;
        if (text !== null) used = repeat(text as string, row - first, start);
        const size = (used - start) / (row - first);
        for (let i = first; i < row; i += 1) offsets[i + 1] = start + size * (i + 1 - first);
      }
      const data = bytes.subarray(0, used);
      return makeData({
        type,
        length: rows,
        ...valid.arrow(rows),
        valueOffsets: offsets.subarray(0, rows + 1),
        data,
      } as never);
    },
    clear() {
      valid.clear();
      texts.length = 0;
      if (bytes.length > KEPT_BYTES) bytes = Buffer.alloc(16 * FIRST_CAPACITY);
      offsets = shrunk(offsets);
    },
  };
}

/** Kept apart from `append`, which also sees int32 arrays, so that the loop is compiled for float32 alone. */
function forEachNaN(items: Float32Array, found: (index: number) => void): void {
  for (let i = 0; i < items.length; i += 1) {
    const item = items[i];
    if (item !== item) found(i);
  }
}

function listColumn(type: List, first: Int32Array | Float32Array): ColumnBuilder {
  let values = first;
  let offsets = new Int32Array(FIRST_CAPACITY + 1);
  let used = 0;
  const valid = validity();
  const itemValid = validity();
  const item = type.valueType as DataType;
  const itemsNullable = type.valueField.nullable;
  const isList = (value: RowValue) =>
    first instanceof Int32Array ? value instanceof Int32Array : value instanceof Float32Array;
  return {
    sizeOf: (value) => (isList(value) ? 4 * (value as Int32Array).length + 4 : undefined),
    append(value, row) {
      if (row + 1 >= offsets.length) offsets = grown(offsets, row + 1, row + 2);
      const before = used;
      if (value === null) valid.setNull(row);
      else {
        const items = value as Int32Array | Float32Array;
        const length = items.length;
        if (used + length > values.length) values = grown(values, used, used + length);
        values.set(items, used);
        if (itemsNullable) forEachNaN(items as Float32Array, (i) => itemValid.setNull(used + i));
        used += length;
      }
      offsets[row + 1] = used;
      return 4 * (used - before + 1);
    },
    data(rows) {
      const child = makeData({
        type: item,
        length: used,
        ...itemValid.arrow(used),
        data: values.subarray(0, used),
      } as never);
      return makeData({
        type,
        length: rows,
        ...valid.arrow(rows),
        valueOffsets: offsets.subarray(0, rows + 1),
        child,
      } as never);
    },
    clear() {
      valid.clear();
      itemValid.clear();
      used = 0;
      values = shrunk(values);
      offsets = shrunk(offsets);
    },
  };
}

const isNumber = (value: RowValue) => typeof value === "number";
const isBigInt = (value: RowValue) => typeof value === "bigint";

function columnBuilder(column: Column): ColumnBuilder {
  const type = arrowType(column.type);
  switch (column.type) {
    case "int32":
      return numberColumn(type, new Int32Array(FIRST_CAPACITY), isNumber, (value) => value as number);
    case "float64":
      return numberColumn(type, new Float64Array(FIRST_CAPACITY), isNumber, (value) => value as number);
    case "uint64":
      return numberColumn(type, new BigUint64Array(FIRST_CAPACITY), isBigInt, (value) => value as bigint);
    case "timestamp":
      return numberColumn(type, new BigInt64Array(FIRST_CAPACITY), Number.isFinite, (value) =>
        BigInt(Math.round(value as number)),
      );
    case "bool":
      return boolColumn(type);
    case "utf8":
      return textColumn(type);
    case "list<int32>":
      return listColumn(type as List, new Int32Array(FIRST_CAPACITY));
    case "list<float32>":
    case "list<float32?>":
      return listColumn(type as List, new Float32Array(FIRST_CAPACITY));
  }
}

/** A builder of the log's batches. */
export function batchBuilder(): BatchBuilder<TrajectoryRow> {
  return rowsBuilder(TRAJECTORY_COLUMNS, TRAJECTORY_SCHEMA);
}

/** A builder of batches of any columns that a schema made of them describes. */
export function rowsBuilder<C extends readonly Column[]>(table: C, schema: Schema): BatchBuilder<RowOf<C>> {
  const names = table.map((c) => c.name);
  const columns = table.map(columnBuilder);
  const struct = new Struct(schema.fields);
  /** Of the row that was read last, in the columns' order. */
  const values = new Array<RowValue>(columns.length).fill(null);
  let lastRead: RowOf<C> | undefined;
  let rows = 0;
  let bytes = 0;

  function read(row: RowOf<C>): void {
    for (let i = 0; i < columns.length; i += 1) values[i] = (row as Readonly<Record<string, RowValue>>)[names[i]];
    lastRead = row;
  }

  return {
    get rows() {
      return rows;
    },
    get bytes() {
      return bytes;
    },
    bytesOf(row) {
      read(row);
      let size = 0;
      for (let i = 0; i < columns.length; i += 1) {
        const value = values[i];
        const bytesOfValue = value === null && table[i].nullable ? 4 : columns[i].sizeOf(value);
        if (bytesOfValue === undefined) throw new TypeError(`a row's ${names[i]} is no ${table[i].type}`);
        size += bytesOfValue;
      }
      return size;
    },
    append(row) {
      if (lastRead !== row) read(row);
      for (let i = 0; i < columns.length; i += 1) bytes += columns[i].append(values[i], rows);
      lastRead = undefined;
      rows += 1;
    },
    finish() {
      const children = columns.map((c) => c.data(rows));
      const batch = new RecordBatch(schema, makeData({ type: struct, length: rows, nullCount: 0, children }));
      const pieces = ipcPieces(batch);
      for (const column of columns) column.clear();
      rows = 0;
      bytes = 0;
      return pieces;
    },
  };
}
