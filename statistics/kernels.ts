/**
 * The three inner loops of resampling, of which a large tournament takes 10^10 turns: four resamples at a time, in WebAssembly's vectors of two
 * doubles, which do in a quarter of the time what the same loops do in JavaScript, with the same sums to the last bit.
 *
 * Their text is in kernels-source.ts, and is compiled when this package is built. Arrays that they work on lie in their memory: `floats` and
 * `integers` make them.
 */
import { BYTES } from "./kernels-bytes.js";

/** Resamples that are worked on at a time: lanes, which stand side by side in memory. */
export const LANES = 4;

/** The loops, and the memory of their arrays. Lane by lane, for each lane of LANES. */
export interface Kernels {
  /** An array of zeros for the loops, valid until `release`. */
  floats(length: number): Float64Array;
  /** An array of zeros for the loops, valid until `release`. */
  integers(length: number): Int32Array;
  /** Gives up all arrays. */
  release(): void;
  /** into[lane] = sum over i of counts[i, lane] values[i]. Shapes: values [n], counts [n, LANES], into [LANES]. */
  sums(values: Float64Array, counts: Float64Array, into: Float64Array): void;
  /** into[lane] = sum over i of counts[i, lane] cumulated[at[i] + lane]. Shapes: at [n], counts [n, LANES], into [LANES]. */
  products(at: Int32Array, counts: Float64Array, cumulated: Float64Array, into: Float64Array): void;
  /**
   * below[i + 1, lane] = below[i, lane] + c and sums[i + 1, lane] = sums[i, lane] + c values[i], from 0, with c = counts[places[i] + lane].
   * Shapes: places and values [n], below and sums [n + 1, LANES].
   */
  cumulate(
    places: Int32Array,
    values: Float64Array,
    counts: Float64Array,
    below: Float64Array,
    sums: Float64Array,
  ): void;
}

const PAGE = 65536;

const module = new WebAssembly.Module(BYTES);

/** Loops with a memory of their own, which grows as arrays are made. */
export function createKernels(): Kernels {
  // Shared, so that arrays outlive its growth; nobody else has it.
  const memory = new WebAssembly.Memory({ initial: 1, maximum: PAGE, shared: true });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const run = exports as Record<"sums" | "products" | "cumulate", (...addresses: number[]) => void>;
  let used = 0;
  const place = (bytes: number): number => {
    const begin = used;
    used += Math.ceil(bytes / 16) * 16;
    const missing = used - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    return begin;
  };
  const end = (array: Float64Array | Int32Array): number => array.byteOffset + array.byteLength;
  return {
    floats(length) {
      const begin = place(8 * length);
      return new Float64Array(memory.buffer, begin, length).fill(0);
    },
    integers(length) {
      const begin = place(4 * length);
      return new Int32Array(memory.buffer, begin, length).fill(0);
    },
    release() {
      used = 0;
    },
    sums(values, counts, into) {
      run.sums(values.byteOffset, end(values), counts.byteOffset, into.byteOffset);
    },
    products(at, counts, cumulated, into) {
      run.products(at.byteOffset, end(at), counts.byteOffset, cumulated.byteOffset, into.byteOffset);
    },
    cumulate(places, values, counts, below, sums) {
      run.cumulate(
        places.byteOffset,
        end(places),
        values.byteOffset,
        counts.byteOffset,
        below.byteOffset,
        sums.byteOffset,
      );
    },
  };
}
