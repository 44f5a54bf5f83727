/**
 * Memory for what a step of an env touches, that of many envs side by side.
 *
 * A lock-step goes through thousands of envs, so nearly everything it reaches for is out of the processor's caches, and each array
 * of an env's own costs two misses more: its object, and where that points. A step of E1 took a quarter longer that way.
 */

/** Numbers of one env: array[offset] to array[offset + length - 1], all 0 at first. */
export interface Slice {
  /** Shared with other envs. */
  readonly array: Float64Array;
  readonly offset: number;
}

/** Elements of a common array, if one slice is not longer. */
const COMMON_LENGTH = 8192;

/** Makes slices of `length` numbers. An array is freed with the last env in it. */
export function packedMemory(length: number): () => Slice {
  const arrayLength = Math.max(length, COMMON_LENGTH);
  let array: Float64Array | undefined;
  let used = 0;
  return () => {
    if (array === undefined || used + length > arrayLength) {
      array = new Float64Array(arrayLength);
      used = 0;
    }
    const offset = used;
    used += length;
    return { array, offset };
  };
}
