import { expect, test } from "vitest";
import { IcrlError } from "#icrl/common/errors.js";
import {
  boolElements,
  boolTensor,
  float32Elements,
  float32Tensor,
  int32Elements,
  int32Tensor,
} from "#icrl/common/tensor.js";
import { DataType, Tensor } from "#icrl/proto/gen/icrl/v1/tensor.js";

/** The same tensor after the wire, its data at an offset that is `shift` past alignment. */
function overTheWire(tensor: Tensor, shift: number): Tensor {
  const decoded = Tensor.decode(Tensor.encode(tensor).finish());
  const memory = new Uint8Array(decoded.data.length + 8);
  memory.set(decoded.data, shift);
  return { ...decoded, data: Buffer.from(memory.buffer, shift, decoded.data.length) };
}

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof IcrlError) return error.reason;
    throw error;
  }
  return "nothing thrown";
}

test("elements are little-endian and row-major on the wire", () => {
  // By hand: 1 = 0x3f800000, -2 = 0xc0000000 in binary32.
  expect([...float32Tensor(Float32Array.of(1, -2), [2]).data]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  expect([...int32Tensor(Int32Array.of(1, -2), [2]).data]).toEqual([1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff]);
});

test("tensors come back from any byte offset, aligned or not", () => {
  const floats = Float32Array.of(1.5, Number.NaN, -0, 3e38, 1e-40, Number.POSITIVE_INFINITY);
  const ints = Int32Array.of(0, -1, 2147483647, -2147483648);
  const bools = Uint8Array.of(0, 1, 1);
  for (let shift = 0; shift < 8; shift++) {
    expect(float32Elements(overTheWire(float32Tensor(floats, [2, 3]), shift), "x")).toEqual(floats);
    expect(int32Elements(overTheWire(int32Tensor(ints, [4]), shift), "x")).toEqual(ints);
    expect([...boolElements(overTheWire(boolTensor(bools, [3]), shift), "x")]).toEqual([...bools]);
  }
});

test("a tensor of a view holds the view's elements only", () => {
  const whole = Float32Array.of(9, 1, 2, 9);
  expect(float32Elements(overTheWire(float32Tensor(whole.subarray(1, 3), [2]), 0), "x")).toEqual(Float32Array.of(1, 2));
});

test("a scalar has one element and a zero axis none", () => {
  expect(int32Elements(int32Tensor(Int32Array.of(5), []), "x")).toEqual(Int32Array.of(5));
  expect(int32Elements(int32Tensor(new Int32Array(0), [3, 0]), "x")).toEqual(new Int32Array(0));
});

test("shape, type and length that do not agree are malformed, and the text names what came and what is right", () => {
  const good = float32Tensor(Float32Array.of(1, 2), [2]);
  expect(reasonOf(() => float32Elements({ ...good, shape: [3] }, "x"))).toBe("MALFORMED_MESSAGE");
  expect(reasonOf(() => float32Elements({ ...good, shape: [] }, "x"))).toBe("MALFORMED_MESSAGE");
  expect(reasonOf(() => float32Elements({ ...good, data: good.data.subarray(0, 7) }, "x"))).toBe("MALFORMED_MESSAGE");
  expect(reasonOf(() => int32Elements(good, "x"))).toBe("MALFORMED_MESSAGE");
  expect(reasonOf(() => float32Elements({ ...good, dtype: DataType.UNSPECIFIED }, "x"))).toBe("MALFORMED_MESSAGE");
  expect(() => float32Elements({ ...good, shape: [4294967295, 4294967295, 4294967295] }, "reward")).toThrow(
    /reward of shape/,
  );
  expect(() => float32Elements({ ...good, shape: [3] }, "reward")).toThrow("reward of shape [3] has 8 bytes: send 12");
});

test("a bool that is neither 0 nor 1 is malformed", () => {
  expect(reasonOf(() => boolElements(boolTensor(Uint8Array.of(0, 2), [2]), "active"))).toBe("MALFORMED_MESSAGE");
});
