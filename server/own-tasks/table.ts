/** Numbers in rows and columns, as a file has them. */
import { shown } from "../../datasets/files/document.js";
import type { Invalid } from "./invalid-file.js";

/** An array of numbers, row-major. */
export interface Table {
  readonly shape: readonly number[];
  readonly data: Float64Array;
  /** Whether each number is a yes or no, 1 or 0, by its type. */
  readonly isLogical?: boolean;
}

/** Deepest nesting of lists of numbers: instances of P. */
const MOST_AXES = 4;

/**
 * The table of a JSON value: a number, or lists of lists of numbers, all equally long.
 *
 * @param place what it is called in messages
 * @throws what `invalid` makes, with the place of the first that does not fit
 */
export function tableOfJson(value: unknown, place: string, invalid: Invalid): Table {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0]) {
    if (inner.length === 0) throw invalid(`${place}${"[0]".repeat(shape.length)} is an empty list`);
    if (shape.length === MOST_AXES) throw invalid(`${place} is nested deeper than ${MOST_AXES} lists`);
    shape.push(inner.length);
  }
  const data = new Float64Array(shape.reduce((product, length) => product * length, 1));
  let next = 0;
  const fill = (inner: unknown, axis: number, at: string): void => {
    if (axis === shape.length) {
      if (typeof inner !== "number") throw invalid(`${at} is ${shown(inner)}, expected a number`);
      data[next++] = inner;
      return;
    }
    if (!Array.isArray(inner)) throw invalid(`${at} is ${shown(inner)}, expected a list of ${shape[axis]}`);
    if (inner.length !== shape[axis]) {
      throw invalid(`${at} has ${inner.length} entries, expected ${shape[axis]} as in the first`);
    }
    for (let i = 0; i < inner.length; i++) fill(inner[i], axis + 1, `${at}[${i}]`);
  };
  fill(value, 0, place);
  return { shape, data };
}

/** The part of a table at index `i` of its first axis; shares its numbers. */
export function partOf({ shape, data, isLogical }: Table, i: number): Table {
  const [, ...inner] = shape;
  const size = inner.reduce((product, length) => product * length, 1);
  return { shape: inner, data: data.subarray(i * size, (i + 1) * size), isLogical };
}

/** A shape in messages: `[4, 2, 4]`. */
export const shapeText = (shape: readonly number[]): string => `[${shape.join(", ")}]`;
