/** Pieces of an HDF5 file, as bytes. Section numbers are those of "HDF5 File Format Specification Version 2.0". */

/** Types of an array's elements. */
export type ElementType = "int32" | "float32" | "uint8" | "bool";

/** Where something is that is not there: as a uint64, all ones. */
export const UNDEFINED_ADDRESS = -1;

/** Half of how many symbols a leaf has, and children a node of its tree: the library's own defaults. */
export const LEAF_K = 4;
export const INTERNAL_K = 16;

/** Where a group's members are found. */
export interface SymbolTable {
  readonly tree: number;
  readonly names: number;
}

/** A number in so many bytes, little-endian. */
export function uint(value: number | bigint, bytes: 1 | 2 | 4 | 8): Buffer {
  const made = Buffer.alloc(bytes);
  if (bytes === 8) made.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  else made.writeUIntLE(Number(value), 0, bytes);
  return made;
}

/** Filled up with zeros to a multiple of 8. */
export const padded = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);

const SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");

/** Bytes of the superblock, at the file's beginning. */
export const SUPERBLOCK_BYTES = 96;

/** The superblock, version 0 (II.A). */
export function superblock(rootHeader: number, { tree, names }: SymbolTable, fileBytes: number): Buffer {
  const versions = Buffer.from([0, 0, 0, 0, 0, 8, 8, 0]);
  return Buffer.concat([
    ...[SIGNATURE, versions, uint(LEAF_K, 2), uint(INTERNAL_K, 2), uint(0, 4)],
    ...[uint(0, 8), uint(UNDEFINED_ADDRESS, 8), uint(fileBytes, 8), uint(UNDEFINED_ADDRESS, 8)],
    ...[symbol(0, rootHeader), uint(1, 4), uint(0, 4), uint(tree, 8), uint(names, 8)],
  ]);
}

/** The beginning of a symbol table's entry (III.C): where its name and its object header are. */
export const symbol = (name: number, header: number): Buffer => Buffer.concat([uint(name, 8), uint(header, 8)]);

/** A message of an object header (IV.A.1.a). */
function message(type: number, data: Uint8Array): Buffer {
  const body = padded(data);
  return Buffer.concat([uint(type, 2), uint(body.length, 2), Buffer.alloc(4), body]);
}

/** An object header, version 1 (IV.A.1.a). */
function objectHeader(messages: readonly Uint8Array[]): Buffer {
  const all = Buffer.concat(messages);
  const start = [Buffer.from([1, 0]), uint(messages.length, 2), uint(1, 4), uint(all.length, 4), Buffer.alloc(4)];
  return Buffer.concat([...start, all]);
}

/** The object header of a group: its symbol table (IV.A.2.r), then its attributes. */
export const groupHeader = ({ tree, names }: SymbolTable, attributes: readonly Uint8Array[]): Buffer =>
  objectHeader([message(0x11, Buffer.concat([uint(tree, 8), uint(names, 8)])), ...attributes]);

/** The object header of an array whose bytes stand somewhere, in one piece. */
export function arrayHeader(type: ElementType, shape: readonly number[], data: number, bytes: number): Buffer {
  const layout = Buffer.concat([Buffer.from([3, 1]), uint(data, 8), uint(bytes, 8)]); // IV.A.2.i, version 3, contiguous
  return objectHeader([message(0x1, dataspace(shape)), message(0x3, ELEMENTS[type]), message(0x8, layout)]);
}

/** Dimensions (IV.A.2.b); none: one element. */
const dataspace = (shape: readonly number[]): Buffer =>
  Buffer.concat([Buffer.from([1, shape.length, 0, 0, 0, 0, 0, 0]), ...shape.map((side) => uint(side, 8))]);

/** A datatype message (IV.A.2.d), version 1. */
const datatype = (kind: number, bits: readonly [number, number, number], size: number, ...rest: Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.from([0x10 | kind, ...bits]), uint(size, 4), ...rest]);

/** Whole numbers: from bit 0, so many bits. */
const whole = (size: number, signed: boolean): Buffer =>
  datatype(0, [signed ? 8 : 0, 0, 0], size, uint(0, 2), uint(8 * size, 2));

/** What h5py takes for booleans: an enumeration of bytes. */
const BOOL = datatype(
  ...([8, [2, 0, 0], 1, whole(1, true)] as const),
  padded(Buffer.from("FALSE\0", "latin1")),
  padded(Buffer.from("TRUE\0", "latin1")),
  Buffer.from([0, 1]),
);

/** IEEE 754: sign in bit 31, 8 bits of exponent from 23 on, 23 of mantissa; bias 127. */
const FLOAT32 = datatype(
  ...([1, [0x20, 31, 0], 4] as const),
  ...[uint(0, 2), uint(32, 2), Buffer.from([23, 8, 0, 23]), uint(127, 4)],
);

const ELEMENTS: Readonly<Record<ElementType, Buffer>> = {
  int32: whole(4, true),
  uint8: whole(1, false),
  bool: BOOL,
  float32: FLOAT32,
};

/** A text of any length: UTF-8, in a heap of its own. */
const TEXT = datatype(9, [1, 1, 0], 16, whole(1, false));

/** Where a text stands. */
export interface TextPlace {
  readonly heap: number;
  readonly index: number;
  readonly bytes: number;
}

/** An attribute, version 1 (IV.A.2.m): a text, or a whole number of 64 bits. */
export function attribute(name: string, value: TextPlace | bigint): Buffer {
  const named = Buffer.from(`${name}\0`, "utf8");
  const type = typeof value === "bigint" ? whole(8, true) : TEXT;
  const data =
    typeof value === "bigint"
      ? uint(value, 8)
      : Buffer.concat([uint(value.bytes, 4), uint(value.heap, 8), uint(value.index, 4)]);
  const sizes = [uint(named.length, 2), uint(type.length, 2), uint(dataspace([]).length, 2)];
  const parts = [Buffer.from([1, 0]), ...sizes, padded(named), padded(type), padded(dataspace([])), data];
  return message(0xc, Buffer.concat(parts));
}
