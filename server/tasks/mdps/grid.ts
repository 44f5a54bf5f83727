/** Moves on a grid of N x N cells, cell (row, column) being row N + column: stay, up, down, left, right. Walls hold. */

/** Row and column changes of the actions, in the order of their indices. */
const MOVES: readonly (readonly [row: number, column: number])[] = [
  [0, 0],
  [-1, 0],
  [1, 0],
  [0, -1],
  [0, 1],
];

/** The moves in words, [A]. */
export const GRID_ACTION_NAMES = ["stay", "up", "down", "left", "right"] as const;

/** Number of actions, A. */
export const GRID_ACTIONS = GRID_ACTION_NAMES.length;

/** The cell that each action leads to, row-major [N^2, A]. */
export function gridMoves(size: number): Int32Array {
  const cells = new Int32Array(size * size * GRID_ACTIONS);
  const clamp = (x: number): number => Math.min(Math.max(x, 0), size - 1);
  for (let row = 0, i = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      for (const [down, right] of MOVES) cells[i++] = clamp(row + down) * size + clamp(column + right);
    }
  }
  return cells;
}

/** The middle cell; of an even size the one below and to the right of the middle. */
export function centerCell(size: number): number {
  const middle = Math.floor(size / 2);
  return middle * size + middle;
}
