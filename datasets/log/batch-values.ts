/** Values of a column of a batch, row by row. */
import type { Data, RecordBatch, Vector } from "apache-arrow";
import type { Column, RowValue } from "./columns.js";
import { TRAJECTORY_COLUMNS } from "./trajectory-schema.js";

/** Whether a value is not null. */
export function isValid(data: Data, index: number): boolean {
  if (data.nullCount === 0 || data.nullBitmap === undefined || data.nullBitmap.length === 0) return true;
  const at = data.offset + index;
  return (data.nullBitmap[at >> 3] & (1 << (at & 7))) !== 0;
}

/** A list's items; a view of the batch's memory unless there are null items, which become NaN. */
function items(data: Data, index: number): Int32Array | Float32Array {
  const from = data.valueOffsets[index];
  const to = data.valueOffsets[index + 1];
  const child = data.children[0];
  const values = child.values.subarray(from, to) as Int32Array | Float32Array;
  if (child.nullCount === 0) return values;
  const copy = values.slice();
  for (let i = from; i < to; i += 1) if (!isValid(child, i)) copy[i - from] = Number.NaN;
  return copy;
}

type Getter = (index: number) => RowValue;

/** Values of a column of a batch by row. A column that the batch lacks is null. */
export function valuesOf(batch: RecordBatch, name: string): Getter {
  const column = TRAJECTORY_COLUMNS.find((candidate) => candidate.name === name);
  const vector = batch.getChild(name);
  return column === undefined || vector === null ? () => null : getter(column, vector);
}

function getter(column: Column, vector: Vector): Getter {
  const data = vector.data[0];
  if (column.type.startsWith("list<")) return (index) => (isValid(data, index) ? items(data, index) : null);
  if (column.type === "timestamp") return (index) => Number(vector.get(index));
  if (column.type === "utf8") {
    // Most texts repeat from row to row: the bytes are compared before a string is made of them.
    let last: string | null = null;
    let lastFrom = -1;
    let lastTo = -1;
    const bytes = data.values as Uint8Array;
    return (index) => {
      if (!isValid(data, index)) return null;
      const from = data.valueOffsets[index];
      const to = data.valueOffsets[index + 1];
      const same =
        last !== null &&
        to - from === lastTo - lastFrom &&
        Buffer.compare(bytes.subarray(from, to), bytes.subarray(lastFrom, lastTo)) === 0;
      if (!same) last = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8");
      lastFrom = from;
      lastTo = to;
      return last;
    };
  }
  return (index) => vector.get(index) as RowValue;
}
