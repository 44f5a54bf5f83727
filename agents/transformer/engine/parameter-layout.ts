/**
 * Where the engine has each parameter: one after the other in one array, in the order of `parameterSpecs`, every tensor a matrix whose
 * sizes are padded as the shape says. Moments and gradients lie in the same way.
 */
import type { ModelConfig } from "../model-config.js";
import { parameterSpecs } from "../parameters.js";
import { type EngineShape, padded } from "./shape.js";

/** A tensor's place. Vectors are matrices of one row. */
export interface Slot {
  readonly name: string;
  readonly decays: boolean;
  /** In elements, from the array's beginning. */
  readonly offset: number;
  readonly size: number;
  readonly rows: number;
  readonly columns: number;
  /** The engine's row of each of the tensor's rows. */
  readonly rowAt: readonly number[];
  /** The engine's column of each of the tensor's columns. */
  readonly columnAt: readonly number[];
}

/** All tensors' places. */
export interface ParameterLayout {
  readonly slots: readonly Slot[];
  /** Elements of the array. */
  readonly size: number;
  /** @throws RangeError if there is none of the name */
  slot(name: string): Slot;
}

/** The places of a model's parameters. */
export function parameterLayout(config: ModelConfig, shape: EngineShape): ParameterLayout {
  const { width, heads } = config;
  const own = width / heads;
  const straight = (n: number) => Array.from({ length: n }, (_, i) => i);
  /** Columns of all heads, once (`out`) or three times (`qkv`): each head's are padded. */
  const byHead = (n: number) =>
    straight(n).map((i) => {
      const head = Math.floor(i / own);
      return head * shape.headWidth + (i - head * own);
    });
  let offset = 0;
  const slots = parameterSpecs(config).map(({ name, shape: dims, decays }): Slot => {
    const [height, length] = dims.length === 1 ? [1, dims[0]] : dims;
    const qkv = name.includes("attention.qkv");
    const rowAt = qkv && dims.length === 2 ? byHead(height) : straight(height);
    const columnAt =
      name.endsWith("attention.out.weight") || (qkv && dims.length === 1) ? byHead(length) : straight(length);
    const rows = height === 1 && dims.length === 1 ? 1 : padded(rowAt[height - 1] + 1);
    const columns = padded(columnAt[length - 1] + 1);
    const slot = { name, decays, offset, size: rows * columns, rows, columns, rowAt, columnAt };
    offset += slot.size;
    return slot;
  });
  const byName = new Map(slots.map((slot) => [slot.name, slot]));
  return {
    slots,
    size: offset,
    slot(name) {
      const found = byName.get(name);
      if (found === undefined) throw new RangeError(`no parameter ${name}`);
      return found;
    },
  };
}

/** Writes a tensor's values into an array of that layout. */
export function writeSlot(
  target: Float32Array,
  { offset, columns, rowAt, columnAt }: Slot,
  values: Float32Array,
): void {
  for (const [i, row] of rowAt.entries()) {
    const at = offset + row * columns;
    for (const [j, column] of columnAt.entries()) target[at + column] = values[i * columnAt.length + j];
  }
}

/** A tensor's values out of an array of that layout. */
export function readSlot(from: Float32Array, { offset, columns, rowAt, columnAt }: Slot): Float32Array {
  const values = new Float32Array(rowAt.length * columnAt.length);
  for (const [i, row] of rowAt.entries()) {
    const at = offset + row * columns;
    for (const [j, column] of columnAt.entries()) values[i * columnAt.length + j] = from[at + column];
  }
  return values;
}
