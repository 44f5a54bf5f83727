/**
 * Chosen rows of Arrow batches as one batch of the same schema, with memory of its own. It works on ranges: rows that stand side
 * by side are copied together, and so are the items of their lists, at any depth.
 */
import { type Data, DataType, type List, makeData, RecordBatch } from "apache-arrow";

/** Rows of several sources: [source, from, to) triples, one after the other. */
export type RowRanges = Int32Array;

/** Rows of one source, ascending or not, as ranges. */
export function rangesOf(rows: ArrayLike<number>, source = 0): RowRanges {
  const ranges: number[] = [];
  for (let i = 0; i < rows.length; ) {
    const from = rows[i];
    let to = from + 1;
    for (i += 1; i < rows.length && rows[i] === to; i += 1) to += 1;
    ranges.push(source, from, to);
  }
  return Int32Array.from(ranges);
}

/** How many rows ranges have. */
export function rowsIn(ranges: RowRanges): number {
  let rows = 0;
  for (let i = 0; i < ranges.length; i += 3) rows += ranges[i + 2] - ranges[i + 1];
  return rows;
}

/**
 * The rows of `ranges`, in that order.
 *
 * @param sources at least one, all of one schema
 */
export function takeRows(sources: readonly RecordBatch[], ranges: RowRanges): RecordBatch {
  const { schema } = sources[0];
  const length = rowsIn(ranges);
  const children = schema.fields.map((_, column) =>
    takeData(
      sources.map((source) => source.data.children[column]),
      ranges,
      length,
    ),
  );
  return new RecordBatch(schema, makeData({ type: sources[0].data.type, length, nullCount: 0, children }));
}

function takeData(sources: readonly Data[], ranges: RowRanges, length: number): Data {
  const [{ type }] = sources;
  const valid = takeValidity(sources, ranges, length);
  if (DataType.isBool(type)) {
    const bits = takeBits(
      sources.map((source) => source.values as Uint8Array),
      sources,
      ranges,
      length,
    );
    return makeData({ type, length, ...valid, data: bits } as never);
  }
  if (DataType.isUtf8(type)) {
    const { offsets, inner } = takeOffsets(sources, ranges, length);
    return makeData({ type, length, ...valid, valueOffsets: offsets, data: takeValues(sources, inner) } as never);
  }
  if (DataType.isList(type)) {
    const { offsets, inner } = takeOffsets(sources, ranges, length);
    const children = sources.map((source) => source.children[0]);
    const child = takeData(children, inner, offsets[length]);
    return makeData({ type: type as List, length, ...valid, valueOffsets: offsets, child } as never);
  }
  return makeData({ type, length, ...valid, data: takeValues(sources, ranges) } as never);
}

type Values = Int32Array | Float32Array | Float64Array | BigInt64Array | BigUint64Array | Uint8Array;

/** Elements of fixed width. */
function takeValues(sources: readonly Data[], ranges: RowRanges): Values {
  const values = sources.map((source) => source.values as Values);
  const taken = new (values[0].constructor as new (length: number) => Values)(rowsIn(ranges));
  let at = 0;
  for (let i = 0; i < ranges.length; i += 3) {
    taken.set(values[ranges[i]].subarray(ranges[i + 1], ranges[i + 2]) as never, at);
    at += ranges[i + 2] - ranges[i + 1];
  }
  return taken;
}

/** Offsets of the taken rows' items, from 0, and where those items are. */
function takeOffsets(sources: readonly Data[], ranges: RowRanges, length: number) {
  const offsets = new Int32Array(length + 1);
  const inner = new Int32Array(ranges.length);
  let at = 0;
  for (let i = 0; i < ranges.length; i += 3) {
    const source = ranges[i];
    const from = ranges[i + 1];
    const to = ranges[i + 2];
    const { valueOffsets } = sources[source];
    const shift = offsets[at] - valueOffsets[from];
    for (let row = from; row < to; row += 1) offsets[at + row - from + 1] = valueOffsets[row + 1] + shift;
    at += to - from;
    inner[i] = source;
    inner[i + 1] = valueOffsets[from];
    inner[i + 2] = valueOffsets[to];
  }
  return { offsets, inner };
}

function takeValidity(sources: readonly Data[], ranges: RowRanges, length: number) {
  if (sources.every((source) => source.nullCount === 0)) return { nullCount: 0 };
  const bitmaps = sources.map((source) => (source.nullCount === 0 ? undefined : source.nullBitmap));
  const nullBitmap = takeBits(bitmaps, sources, ranges, length);
  let nullCount = length;
  for (let i = 0; i < length; i += 1) nullCount -= (nullBitmap[i >> 3] >> (i & 7)) & 1;
  return { nullCount, nullBitmap };
}

/** Bits; those of a source without any are 1. */
function takeBits(
  bitmaps: readonly (Uint8Array | undefined)[],
  sources: readonly Data[],
  ranges: RowRanges,
  length: number,
): Uint8Array {
  const taken = new Uint8Array((length + 7) >> 3);
  let at = 0;
  for (let i = 0; i < ranges.length; i += 3) {
    const bits = bitmaps[ranges[i]];
    const { offset } = sources[ranges[i]];
    for (let row = ranges[i + 1]; row < ranges[i + 2]; row += 1, at += 1) {
      const bit = bits === undefined ? 1 : (bits[(offset + row) >> 3] >> ((offset + row) & 7)) & 1;
      taken[at >> 3] |= bit << (at & 7);
    }
  }
  return taken;
}
