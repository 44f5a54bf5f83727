/**
 * NumPy's array files. Source: NumPy's description of its format, "A simple file format for NumPy arrays" (numpy.lib.format): a magic
 * string, a version, the length of a header, the header (a Python dictionary of descr, fortran_order and shape), the numbers.
 */
import type { Invalid } from "./invalid-file.js";
import type { Table } from "./table.js";

/** An array of numbers, or of texts. */
export type NpyArray = Table | { readonly shape: readonly number[]; readonly texts: readonly string[] };

const MAGIC = Buffer.from("\x93NUMPY", "latin1");
const MOST_HEADER = 10_000;
const MOST_AXES = 4;
/** Numbers of an array: small types take eight bytes each once they are read. */
const MOST_NUMBERS = 1 << 25;
/** Bytes of a character of NumPy's texts. */
const CHARACTER = 4;

/** Bytes of an element, and how it is read, by NumPy's name of the type without its byte order. */
const NUMBERS: Readonly<
  Record<string, readonly [size: number, read: (view: DataView, at: number, little: boolean) => number]>
> = {
  b1: [1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)],
  i1: [1, (view, at) => view.getInt8(at)],
  u1: [1, (view, at) => view.getUint8(at)],
  i2: [2, (view, at, little) => view.getInt16(at, little)],
  u2: [2, (view, at, little) => view.getUint16(at, little)],
  i4: [4, (view, at, little) => view.getInt32(at, little)],
  u4: [4, (view, at, little) => view.getUint32(at, little)],
  i8: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  u8: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  f4: [4, (view, at, little) => view.getFloat32(at, little)],
  f8: [8, (view, at, little) => view.getFloat64(at, little)],
};

/**
 * Reads one. Pickled objects are refused: to read them is to run them.
 *
 * @param what its name, for messages
 * @throws what `invalid` makes
 */
export function readNpy(bytes: Buffer, what: string, invalid: Invalid): NpyArray {
  const no = (why: string) => invalid(`${what} ${why}`);
  if (bytes.length < 12 || !bytes.subarray(0, 6).equals(MAGIC)) throw no("is no NumPy array");
  const version = bytes[6];
  const [length, from] = version === 1 ? [bytes.readUInt16LE(8), 10] : [bytes.readUInt32LE(8), 12];
  if (version < 1 || version > 3 || length > MOST_HEADER || from + length > bytes.length) throw no("has no header");
  const header = bytes.toString("latin1", from, from + length);
  const descr = /'descr':\s*'([<>|=]?)(\w+)'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header);
  const dimensions = /'shape':\s*\(([\d\s,]*)\)/.exec(header);
  if (descr === null || order === null || dimensions === null) throw no("has a header that is not understood");
  const shape = dimensions[1].split(",").flatMap((length) => (length.trim() === "" ? [] : [Number(length)]));
  if (shape.length > MOST_AXES) throw no(`has ${shape.length} axes, at most ${MOST_AXES} are read`);
  const count = shape.reduce((product, length) => product * length, 1);
  const body = bytes.subarray(from + length);
  const [, byteOrder, type] = descr;
  const width = type.startsWith("U") ? Number(type.slice(1)) * CHARACTER : NUMBERS[type]?.[0];
  // Texts of no width take no bytes, however many there are.
  if (width === undefined || !(width > 0)) {
    throw no(`has elements of type ${JSON.stringify(type.slice(0, 20))}: give float64, float32, integers or booleans`);
  }
  if (count > MOST_NUMBERS) throw no(`has ${count} numbers, at most ${MOST_NUMBERS} are read`);
  if (body.length !== count * width) {
    throw no(`has ${body.length} bytes of numbers, its shape and type say ${count * width}`);
  }
  const little = byteOrder !== ">";
  if (type.startsWith("U")) return { shape, texts: texts(body, count, width, little) };
  const [, read] = NUMBERS[type];
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const data = Float64Array.from({ length: count }, (_, i) => read(view, i * width, little));
  return { shape, data: order[1] === "True" ? rowMajor(shape, data) : data, isLogical: type === "b1" };
}

/** Texts of fixed width, UTF-32, filled up with zeros. */
function texts(body: Buffer, count: number, width: number, little: boolean): string[] {
  return Array.from({ length: count }, (_, i) => {
    let text = "";
    for (let at = i * width; at < (i + 1) * width; at += CHARACTER) {
      const point = little ? body.readUInt32LE(at) : body.readUInt32BE(at);
      if (point === 0 || point > 0x10ffff) break;
      text += String.fromCodePoint(point);
    }
    return text;
  });
}

/** Numbers that lie with the first axis fastest, with the last one fastest. */
function rowMajor(shape: readonly number[], data: Float64Array): Float64Array {
  const moved = new Float64Array(data.length);
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    let at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) at = at * shape[axis] + index[axis];
    moved[i] = data[at];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return moved;
}
