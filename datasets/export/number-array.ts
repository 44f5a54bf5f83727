/** Arrays of numbers with a shape, as other programs' files hold them: little-endian, row-major. */

/** An array. */
export interface NumberArray {
  readonly shape: readonly number[];
  /** Booleans are 0 and 1. */
  readonly values: Int32Array | Float32Array | Uint8Array;
}

/** An array's bytes; this program runs on little-endian machines alone, as Arrow's files do. */
export const bytesOf = ({ values }: NumberArray): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Numbers as an array, one of so many rows. */
export const numberArray = (values: NumberArray["values"], ...shape: readonly number[]): NumberArray => ({
  shape,
  values,
});
