import { describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "#icrl/agents/transformer/safetensors.js";
import type { IcrlError } from "#icrl/common/errors.js";

const TENSORS = new Map<string, NamedTensor>([
  ["b", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, -0.1) }],
  ["a", { shape: [1], data: Float32Array.of(0.5) }],
  ["empty", { shape: [0, 4], data: new Float32Array(0) }],
  ["scalar", { shape: [], data: Float32Array.of(7) }],
]);

/** A file by hand: the header's text, and so many bytes of values. */
function file(header: string, valueBytes: number, length: number = header.length): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + valueBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  return bytes;
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = "F32"): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

function failure(bytes: Uint8Array): string {
  try {
    decodeSafetensors(bytes);
  } catch (error) {
    expect((error as IcrlError).reason).toBe("CHECKPOINT_CORRUPT");
    return (error as IcrlError).message;
  }
  throw new Error("it was read");
}

describe("a safetensors file", () => {
  it("gives back what was written, whatever its place in memory", () => {
    const bytes = encodeSafetensors(TENSORS, { format: "x", ü: "✓" });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const { tensors, metadata } = decodeSafetensors(shifted.subarray(3));
    expect(metadata).toEqual({ format: "x", ü: "✓" });
    expect(new Map(tensors)).toEqual(TENSORS);
  });

  it("is, byte for byte, what the format says", () => {
    const bytes = encodeSafetensors(new Map([["w", { shape: [2], data: Float32Array.of(1, -2) }]]));
    // By hand: 54 characters of JSON and 2 spaces; 1 is 3f800000 and -2 is c0000000, little-endian.
    const header = `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`.padEnd(56);
    expect(bytes).toEqual(
      Uint8Array.of(56, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(header), 0, 0, 128, 63, 0, 0, 0, 192),
    );
  });

  it("has its tensors in the order of their names, and its values at a multiple of 8", () => {
    const bytes = encodeSafetensors(TENSORS);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, unknown>;
    expect(Object.keys(header)).toEqual(["a", "b", "empty", "scalar"]);
    expect(length % 8).toBe(0);
    expect(encodeSafetensors(new Map([...TENSORS].toReversed()))).toEqual(bytes);
  });

  it("may have its values in another order than its header, as others write it", () => {
    const bytes = file(JSON.stringify({ x: entry(4, 8), y: entry(0, 4) }), 8);
    bytes.set([0, 0, 128, 63], bytes.length - 4); // x is 1
    expect(decodeSafetensors(bytes).tensors.get("x")?.data).toEqual(Float32Array.of(1));
  });

  it("is not written of values that do not fill their shape", () => {
    expect(() => encodeSafetensors(new Map([["w", { shape: [3], data: new Float32Array(2) }]]))).toThrow(RangeError);
  });

  it("is refused where it was cut short", () => {
    const bytes = encodeSafetensors(TENSORS);
    for (let length = 0; length < bytes.length; length += 1) failure(bytes.subarray(0, length));
  });

  it.each<[why: string, bytes: Uint8Array, message: RegExp]>([
    [
      "a header longer than the file",
      file("{}", 0, 2 ** 40),
      /header should have 1099511627776 bytes, and 2 are there/,
    ],
    ["a header that is no JSON", file("{,}", 0), /no JSON/],
    ["a header that is a list", file("[]", 0), /not a JSON object/],
    ["metadata that are no texts", file(`{"__metadata__":{"a":1}}`, 0), /metadata/],
    ["half-precision values", file(JSON.stringify({ x: entry(0, 4, [2], "F16") }), 4), /"x" is of type "F16"/],
    ["an entry that is a number", file(`{"x":3}`, 0), /"x"/],
    ["a shape below 0", file(JSON.stringify({ x: entry(0, 4, [-1]) }), 4), /no shape/],
    ["a shape of other size", file(JSON.stringify({ x: entry(0, 4, [2]) }), 4), /shape \[2\] has 4 bytes/],
    ["an end before its beginning", file(JSON.stringify({ x: entry(4, 0, [1]) }), 4), /has -4 bytes/],
    ["tensors that overlap", file(JSON.stringify({ x: entry(0, 8), y: entry(4, 12) }), 12), /"y" begins at 4/],
    ["a gap between tensors", file(JSON.stringify({ x: entry(0, 4), y: entry(8, 12) }), 12), /"y" begins at 8/],
    ["values beyond the file", file(JSON.stringify({ x: entry(0, 8) }), 4), /8 bytes, and 4 are there/],
    ["bytes that belong to nobody", file(JSON.stringify({ x: entry(0, 4) }), 8), /4 bytes, and 8 are there/],
  ])("is refused with %s", (_, bytes, message) => {
    expect(failure(bytes)).toMatch(message);
  });
});
