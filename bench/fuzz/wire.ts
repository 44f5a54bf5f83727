/** Encoded messages: read as what they say, changed somewhere, and made up from a shape. */
import type { Rng } from "../../common/rng.js";
import type { Field, Shape } from "./contract.js";
import { drawBytes, drawText, drawVarint, pick } from "./values.js";

/** One field as it stands in a message. */
export interface Entry {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 with a length, 5 four bytes. */
  readonly wire: number;
  /** Without tag and length. */
  readonly bytes: Buffer;
}

/** How deep messages that are made up nest, but for those that are to be too deep. */
const DEPTH = 4;

/** A varint's bytes. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** The bytes of some entries. */
export function written(entries: readonly Entry[]): Buffer {
  return Buffer.concat(
    entries.flatMap(({ number, wire, bytes }) => {
      const tag = varint((BigInt(number) << 3n) | BigInt(wire));
      return wire === 2 ? [tag, varint(BigInt(bytes.length)), bytes] : [tag, bytes];
    }),
  );
}

/** The entries of a message; undefined where the bytes are none. */
export function read(bytes: Buffer): Entry[] | undefined {
  const entries: Entry[] = [];
  let at = 0;
  const number = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      if (at >= bytes.length || shift > 63n) return undefined;
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = number();
    if (tag === undefined) return undefined;
    const wire = Number(tag & 7n);
    const from = at;
    let length = { 1: 8, 5: 4 }[wire];
    let start = from;
    if (wire === 0) {
      if (number() === undefined) return undefined;
      length = at - from;
    } else if (wire === 2) {
      const told = number();
      if (told === undefined || told > BigInt(bytes.length)) return undefined;
      start = at;
      length = Number(told);
    }
    if (length === undefined || start + length > bytes.length) return undefined;
    at = start + length;
    entries.push({ number: Number(tag >> 3n), wire, bytes: bytes.subarray(start, at) });
  }
  return entries;
}

/** A field with a value that is made up: likely ones, extremes, and now and then one of another type. */
function drawnEntry(rng: Rng, field: Field, depth: number): Entry {
  const { number, holds, name } = field;
  if (rng.integer(40) === 0) return { number, wire: 0, bytes: varint(drawVarint(rng, name)) };
  if (typeof holds === "function") {
    const bytes = depth <= 0 ? Buffer.alloc(0) : drawnMessage(rng, holds(), depth - 1);
    return { number, wire: 2, bytes };
  }
  switch (holds) {
    case "double":
    case "float": {
      const value = pick(rng, [0, 1, -1, 0.5, 1e308, -1e308, 5e-324, Number.NaN, Number.POSITIVE_INFINITY]);
      const bytes = Buffer.alloc(holds === "double" ? 8 : 4);
      if (holds === "double") bytes.writeDoubleLE(value);
      else bytes.writeFloatLE(value);
      return { number, wire: holds === "double" ? 1 : 5, bytes };
    }
    case "text":
      return { number, wire: 2, bytes: drawText(rng, name) };
    case "bytes":
      return { number, wire: 2, bytes: drawBytes(rng) };
    case "bool":
      return { number, wire: 0, bytes: varint(BigInt(rng.integer(2))) };
    default:
      return { number, wire: 0, bytes: varint(drawVarint(rng, name)) };
  }
}

/** A message that is made up. */
export function drawnMessage(rng: Rng, { fields }: Shape, depth = DEPTH): Buffer {
  if (fields.length === 0) return Buffer.alloc(0);
  const entries: Entry[] = [];
  for (const field of fields) {
    if (rng.integer(5) < 2) continue;
    const count = field.repeated ? rng.integer(4) : 1;
    for (let i = 0; i < count; i++) entries.push(drawnEntry(rng, field, depth));
  }
  return written(entries);
}

/** A message with some of its fields changed, so that most of it is still what it was. */
export function mutated(rng: Rng, shape: Shape, bytes: Buffer): Buffer {
  const entries = read(bytes);
  if (entries === undefined || rng.integer(12) === 0) return damaged(rng, bytes);
  const changes = 1 + (rng.integer(3) === 0 ? rng.integer(4) : 0);
  for (let i = 0; i < changes; i++) change(rng, shape, entries);
  return written(entries);
}

function change(rng: Rng, shape: Shape, entries: Entry[]): void {
  const at = rng.integer(Math.max(1, entries.length));
  const entry = entries[at];
  const field = entry && shape.fields.find(({ number }) => number === entry.number);
  switch (entry === undefined ? 7 : rng.integer(10)) {
    case 0:
      entries.splice(at, 1);
      return;
    case 1:
      entries.splice(rng.integer(entries.length + 1), 0, entry);
      return;
    case 2:
      entries[at] = { ...entry, number: pick(rng, [15, 16, 999, 19_000, (1 << 29) - 1]) };
      return;
    case 3:
      entries[at] = { number: entry.number, wire: 2, bytes: drawBytes(rng) };
      return;
    case 4:
      entries[at] = { number: entry.number, wire: 0, bytes: varint(drawVarint(rng, field?.name ?? "")) };
      return;
    case 5:
    case 6:
    case 8:
      // Deeper in, where there is something.
      if (entry.wire === 2 && field !== undefined && typeof field.holds === "function") {
        entries[at] = { ...entry, bytes: mutated(rng, field.holds(), entry.bytes) };
        return;
      }
      if (field !== undefined) entries[at] = drawnEntry(rng, field, DEPTH);
      return;
    default:
      if (shape.fields.length > 0) entries.push(drawnEntry(rng, pick(rng, shape.fields), DEPTH));
  }
}

/** Bytes with some of them changed, cut off, doubled or put in. */
export function damaged(rng: Rng, good: Buffer): Buffer {
  const bytes = Buffer.from(good);
  const at = rng.integer(bytes.length + 1);
  switch (rng.integer(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes, bytes.subarray(at)]);
    case 2: // a number that does not end
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1 + rng.integer(12), 0xff), bytes.subarray(at)]);
    case 3: // a group, or a wire type that there is not
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from([pick(rng, [0x0b, 0x0c, 0x0e, 0x0f])]),
        bytes.subarray(at),
      ]);
    case 4:
      return drawBytes(rng);
    default:
      for (let i = 0; i <= rng.integer(4) && bytes.length > 0; i++) bytes[rng.integer(bytes.length)] = rng.integer(256);
      return bytes;
  }
}

/** A google.protobuf.Struct of one member that holds another, so many times. */
export function nestedStruct(depth: number): Buffer {
  const text = (words: string) => Buffer.from(words);
  let value: Buffer = Buffer.from([0x1a, 0]);
  const member = (bytes: Buffer) =>
    written([
      {
        number: 1,
        wire: 2,
        bytes: written([
          { number: 1, wire: 2, bytes: text("a") },
          { number: 2, wire: 2, bytes },
        ]),
      },
    ]);
  for (let i = 0; i < depth; i++) value = written([{ number: 5, wire: 2, bytes: member(value) }]);
  return member(value);
}
