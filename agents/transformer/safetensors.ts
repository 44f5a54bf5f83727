/**
 * The safetensors format, float32 alone: 8 bytes that say how long the header is (little-endian), the header in JSON, the values.
 *
 * Source: github.com/huggingface/safetensors, "Format". The header is padded with spaces so that the values begin at a multiple of 8;
 * values lie one after the other, with nothing between and nothing left over.
 */
import { IcrlError } from "../../common/errors.js";

/** Numbers in a box. */
export interface NamedTensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/** What a file holds. */
export interface Safetensors {
  readonly tensors: Map<string, NamedTensor>;
  /** `__metadata__`: free texts. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The longest header that is read, in bytes: ten thousand times what a tensor's entry takes. The Python package reads ten times as much. */
export const MAX_HEADER_BYTES = 10_000_000;

/** A file with these tensors, in the order of their names. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let size = 0;
  for (const [name, { shape, data }] of sorted) {
    if (elements(shape) !== data.length) {
      throw new RangeError(`tensor "${name}" has ${data.length} values for the shape [${shape.join(", ")}]`);
    }
    const end = size + data.length * 4;
    entries.push([name, { dtype: "F32", shape, data_offsets: [size, end] }]);
    size = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const header = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + header + size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(header), true);
  bytes.fill(0x20, 8, 8 + header);
  bytes.set(json, 8);
  let at = 8 + header;
  for (const [, { data }] of sorted) {
    for (let i = 0; i < data.length; i += 1, at += 4) view.setFloat32(at, data[i], true);
  }
  return bytes;
}

/**
 * What a file holds; the arrays are copies.
 *
 * @param what the file, for messages
 * @throws CHECKPOINT_CORRUPT if it is not as encodeSafetensors or the Python package writes float32 tensors
 */
export function decodeSafetensors(bytes: Uint8Array, what = "the safetensors file"): Safetensors {
  const corrupt = (why: string) => new IcrlError("CHECKPOINT_CORRUPT", `${what} is damaged: ${why}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw corrupt(`it has ${bytes.length} bytes, its header's length alone takes 8`);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(Math.min(MAX_HEADER_BYTES, bytes.length - 8))) {
    throw corrupt(`its header should have ${length} bytes, and ${bytes.length - 8} are there`);
  }
  const first = 8 + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, first)));
  } catch {
    throw corrupt("its header is no JSON");
  }
  if (!isRecord(header)) throw corrupt("its header is not a JSON object");
  const { __metadata__: metadata = {}, ...rest } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    throw corrupt("its metadata are not texts");
  }
  const entries = Object.entries(rest).map(([name, entry]) => {
    const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
    if (dtype !== "F32") throw corrupt(`tensor "${name}" is of type ${JSON.stringify(dtype)}, only F32 is read`);
    if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
      throw corrupt(`tensor "${name}" has no shape or place`);
    }
    const [begin, end] = offsets;
    if (end - begin !== elements(shape) * 4) {
      throw corrupt(`tensor "${name}" of shape [${shape.join(", ")}] has ${end - begin} bytes`);
    }
    return { name, shape, begin, end };
  });
  let reached = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== reached) throw corrupt(`tensor "${name}" begins at ${begin}, the one before it ends at ${reached}`);
    reached = end;
  }
  if (reached !== bytes.length - first) {
    throw corrupt(`its tensors have ${reached} bytes, and ${bytes.length - first} are there`);
  }
  const tensors = new Map(
    entries.map(({ name, shape, begin }) => {
      const data = new Float32Array(elements(shape));
      for (let i = 0; i < data.length; i += 1) data[i] = view.getFloat32(first + begin + 4 * i, true);
      return [name, { shape, data }];
    }),
  );
  return { tensors, metadata: metadata as Record<string, string> };
}

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
