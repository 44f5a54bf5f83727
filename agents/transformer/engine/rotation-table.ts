/** Rotary positions as the kernels read them (assembly/rotary.ts). */
import { rotation } from "../positions.js";
import type { EngineShape } from "./shape.js";

/** Elements of the table: none where positions are others. */
export function rotationSize({ rotary, rows, headWidth }: EngineShape): number {
  return rotary ? 2 * rows * headWidth : 0;
}

/** Cosines of all positions of a sequence, [dh / 8, rows, 8], then the sines; 0 in columns that pad a head. */
export function rotationTable(shape: EngineShape): Float32Array {
  const { rows, headWidth, width, heads } = shape;
  const table = new Float32Array(rotationSize(shape));
  if (table.length === 0) return table;
  const write = rotation(width / heads);
  const [cosines, sines] = [new Float32Array(headWidth), new Float32Array(headWidth)];
  for (let row = 0; row < rows; row += 1) {
    write(row, cosines, sines);
    for (let panel = 0; panel < headWidth; panel += 8) {
      const at = panel * rows + row * 8;
      table.set(cosines.subarray(panel, panel + 8), at);
      table.set(sines.subarray(panel, panel + 8), at + rows * headWidth);
    }
  }
  return table;
}
