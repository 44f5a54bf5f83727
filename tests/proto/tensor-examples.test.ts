import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  boolElements,
  boolTensor,
  float32Elements,
  float32Tensor,
  int32Elements,
  int32Tensor,
} from "#icrl/common/tensor.js";
import { DataType, Tensor } from "#icrl/proto/gen/icrl/v1/tensor.js";

const page = readFileSync(join(import.meta.dirname, "../../docs/protocol.md"), "utf8");
const examples = [...page.matchAll(/^```tensor\nelements {2}(.+)\ndata {6}(.+)\nmessage {3}(.+)\n```$/gm)].map(
  ([, elements, data, message]) => ({ elements, data: bytes(data), message: bytes(message) }),
);

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

/** Shape and flat elements of nested JSON arrays; null is NaN. */
function flatten(json: string): { shape: number[]; flat: (number | boolean)[] } {
  const shape: number[] = [];
  for (let level: unknown = JSON.parse(json); Array.isArray(level); level = level[0]) shape.push(level.length);
  const flat = (JSON.parse(json) as unknown[]).flat(Number.POSITIVE_INFINITY) as (number | boolean | null)[];
  return { shape, flat: flat.map((x) => x ?? Number.NaN) };
}

test("the protocol's page has examples of every element type that the server uses, and of two axes", () => {
  const tensors = examples.map(({ message }) => Tensor.decode(message));
  expect(new Set(tensors.map(({ dtype }) => dtype))).toEqual(
    new Set([DataType.FLOAT32, DataType.INT32, DataType.BOOL]),
  );
  expect(Math.max(...tensors.map(({ shape }) => shape.length))).toBe(2);
});

test.each(examples)("the worked example $elements decodes to its elements", ({ elements, data, message }) => {
  const tensor = Tensor.decode(message);
  const { shape, flat } = flatten(elements);
  expect(tensor.shape).toEqual(shape);
  expect(Buffer.from(tensor.data)).toEqual(data);
  if (tensor.dtype === DataType.FLOAT32) expect([...float32Elements(tensor, "it")]).toEqual(flat);
  else if (tensor.dtype === DataType.INT32) expect([...int32Elements(tensor, "it")]).toEqual(flat);
  else expect([...boolElements(tensor, "it")].map(Boolean)).toEqual(flat);
});

test.each(examples)("the elements $elements encode to the worked example's bytes", ({ elements, message }) => {
  const { dtype } = Tensor.decode(message);
  const { shape, flat } = flatten(elements);
  const numbers = flat.map(Number);
  const tensor =
    dtype === DataType.FLOAT32
      ? float32Tensor(Float32Array.from(numbers), shape)
      : dtype === DataType.INT32
        ? int32Tensor(Int32Array.from(numbers), shape)
        : boolTensor(Uint8Array.from(numbers), shape);
  expect(Buffer.from(Tensor.encode(tensor).finish())).toEqual(message);
});
