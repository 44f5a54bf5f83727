/**
 * Where the largest of some values is, and what to do when there are several.
 *
 * Shapes: values [offset .. offset + count), none of them NaN, count at least 1. Indices returned are 0 <= i < count.
 */
import type { Rng } from "../../common/rng.js";

/** Index of the largest value, the lowest one on ties (as numpy's argmax). */
export function argmax(values: Float64Array, offset = 0, count = values.length): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[offset + i] > values[offset + best]) best = i;
  return best;
}

/** How many values equal the largest one. */
export function countMaxima(values: Float64Array, offset = 0, count = values.length): number {
  const largest = values[offset + argmax(values, offset, count)];
  let ties = 0;
  for (let i = 0; i < count; i++) if (values[offset + i] === largest) ties += 1;
  return ties;
}

/** Index of a largest value, each of `ties` = countMaxima(...) equally likely. Nothing is drawn where there is one. */
export function randomArgmax(values: Float64Array, offset: number, count: number, ties: number, rng: Rng): number {
  const first = argmax(values, offset, count);
  if (ties === 1) return first;
  let skip = rng.integer(ties);
  let index = first;
  while (skip > 0) {
    index += 1;
    if (values[offset + index] === values[offset + first]) skip -= 1;
  }
  return index;
}

/** The law of `randomArgmax`, written to target [count]: 1 / ties for each largest value, 0 for the others. */
export function writeArgmaxLaw(target: Float64Array, values: Float64Array, offset = 0, count = values.length): void {
  const largest = values[offset + argmax(values, offset, count)];
  const share = 1 / countMaxima(values, offset, count);
  for (let i = 0; i < count; i++) target[i] = values[offset + i] === largest ? share : 0;
}
