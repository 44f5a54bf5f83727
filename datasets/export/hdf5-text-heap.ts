import { padded, type TextPlace, uint } from "./hdf5-format.js";

/** The least bytes of a collection. */
const LEAST = 4096;

/** How many texts are remembered, so as to be written once. */
const REMEMBERED = 1000;

/**
 * Texts of an HDF5 file, each in a global heap collection of its own (III.E), which is written when the text first comes.
 *
 * @param write writes bytes, and returns where
 */
export function createTextHeap(write: (bytes: Uint8Array) => number): (text: string) => TextPlace {
  const known = new Map<string, TextPlace>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const bytes = Buffer.from(text, "utf8");
    const object = Buffer.concat([uint(1, 2), uint(1, 2), Buffer.alloc(4), uint(bytes.length, 8), padded(bytes)]);
    const size = Math.max(LEAST, 16 + object.length + 16);
    const free = size - 16 - object.length; // what is left is object 0
    const rest = Buffer.concat([uint(0, 2), uint(0, 2), Buffer.alloc(4), uint(free, 8)], free);
    const start = Buffer.concat([Buffer.from("GCOL\x01\0\0\0", "latin1"), uint(size, 8)]);
    const place = { heap: write(Buffer.concat([start, object, rest])), index: 1, bytes: bytes.length };
    if (known.size < REMEMBERED) known.set(text, place);
    return place;
  };
}
