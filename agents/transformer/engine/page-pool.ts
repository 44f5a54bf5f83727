/// <reference path="./webassembly.d.ts" />
/** Pages of one size in a WebAssembly memory, which grows as they are taken; those that are given back are taken again. */

/** Bytes of the units in which a memory grows. */
const UNIT = 65_536;
/** Bytes of a memory, at most: all but the last that 32 bits address, so that the end of an array is an address too. */
const MOST = 2 ** 32 - UNIT;

/** Pages. */
export interface PagePool {
  /**
   * Address of a page, a multiple of 64. What it holds is any past content.
   *
   * @throws RangeError if 4 GiB are used up
   */
  take(): number;
  /** Gives pages back: they are nobody's then. */
  give(pages: Iterable<number>): void;
}

/**
 * Pages behind what a memory already holds.
 *
 * @param from their first address
 */
export function pagePool(memory: WebAssembly.Memory, from: number, pageBytes: number): PagePool {
  const size = Math.ceil(pageBytes / 64) * 64;
  const free: number[] = [];
  let next = Math.ceil(from / 64) * 64;
  return {
    take() {
      const known = free.pop();
      if (known !== undefined) return known;
      requireBytes(memory, next + size);
      next += size;
      return next - size;
    },
    give(pages) {
      for (const page of pages) free.push(page);
    },
  };
}

/**
 * Sees that a memory has so many bytes: it grows by an eighth at least.
 *
 * @throws RangeError if it cannot
 */
export function requireBytes(memory: WebAssembly.Memory, bytes: number): void {
  const has = memory.buffer.byteLength;
  if (bytes <= has) return;
  if (bytes > MOST) {
    throw new RangeError(
      `${bytes} bytes do not fit into the 4 GiB of a decoder: play fewer envs at once, or a smaller model`,
    );
  }
  const wanted = Math.min(MOST, Math.max(bytes, has + has / 8));
  memory.grow(Math.ceil((wanted - has) / UNIT));
}
