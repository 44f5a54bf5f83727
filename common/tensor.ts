/**
 * Typed arrays to and from the wire's Tensor: row-major, little-endian, no padding. On a little-endian machine (all that Node
 * runs on but s390x) a typed array's own bytes are the wire's bytes: encoding is a view, decoding a view or one copy.
 */
import { endianness } from "node:os";
import { DataType, type Tensor } from "../proto/gen/icrl/v1/tensor.js";
import { IcrlError } from "./errors.js";

if (endianness() !== "LE") throw new Error("icrl needs a little-endian machine");

function bytesOf(array: Float32Array | Float64Array | Int32Array | Uint8Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** A float32 tensor that shares the array's memory: encode it before the array changes. */
export function float32Tensor(array: Float32Array, shape: number[]): Tensor {
  return { dtype: DataType.FLOAT32, shape, data: bytesOf(array) };
}

/** An int32 tensor that shares the array's memory: encode it before the array changes. */
export function int32Tensor(array: Int32Array, shape: number[]): Tensor {
  return { dtype: DataType.INT32, shape, data: bytesOf(array) };
}

/** A bool tensor (bytes 0 and 1) that shares the array's memory: encode it before the array changes. */
export function boolTensor(array: Uint8Array, shape: number[]): Tensor {
  return { dtype: DataType.BOOL, shape, data: bytesOf(array) };
}

function checked(tensor: Tensor, dtype: DataType, dtypeName: string, elementBytes: number, what: string): number {
  if (tensor.dtype !== dtype) {
    throw new IcrlError("MALFORMED_MESSAGE", `${what} has data type ${tensor.dtype}: send ${dtypeName} (${dtype})`);
  }
  let elements = 1;
  for (const length of tensor.shape) elements *= length;
  if (tensor.data.length !== elements * elementBytes) {
    throw new IcrlError(
      "MALFORMED_MESSAGE",
      `${what} of shape [${tensor.shape.join(", ")}] has ${tensor.data.length} bytes: send ${elements * elementBytes}`,
    );
  }
  return elements;
}

/** Bytes from a message as they must lie for a view of `elementBytes`: themselves when aligned, else a copy. */
function aligned(data: Uint8Array, elementBytes: number): Uint8Array {
  return data.byteOffset % elementBytes === 0 ? data : new Uint8Array(data);
}

/**
 * Elements of a float32 tensor; may share the message's memory.
 * @throws MALFORMED_MESSAGE if type, shape and length do not agree
 */
export function float32Elements(tensor: Tensor, what: string): Float32Array {
  const elements = checked(tensor, DataType.FLOAT32, "float32", 4, what);
  const data = aligned(tensor.data, 4);
  return new Float32Array(data.buffer, data.byteOffset, elements);
}

/**
 * Elements of an int32 tensor; may share the message's memory.
 * @throws MALFORMED_MESSAGE if type, shape and length do not agree
 */
export function int32Elements(tensor: Tensor, what: string): Int32Array {
  const elements = checked(tensor, DataType.INT32, "int32", 4, what);
  const data = aligned(tensor.data, 4);
  return new Int32Array(data.buffer, data.byteOffset, elements);
}

/**
 * Elements of a bool tensor, 0 or 1; shares the message's memory.
 * @throws MALFORMED_MESSAGE if type, shape and length do not agree, or a byte is neither 0 nor 1
 */
export function boolElements(tensor: Tensor, what: string): Uint8Array {
  checked(tensor, DataType.BOOL, "bool", 1, what);
  for (const byte of tensor.data) {
    if (byte > 1) throw new IcrlError("MALFORMED_MESSAGE", `${what} has the byte ${byte}: a bool is 0 or 1`);
  }
  return tensor.data;
}
