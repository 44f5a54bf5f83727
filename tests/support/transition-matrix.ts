import type { MdpTables } from "#icrl/server/tasks/backward-induction.js";

/** P(s' | s, a) of an MDP's tables, dense: [S, A, S]. */
export function transitionMatrix({ numStates, successors, probabilities, rewards }: MdpTables): Float64Array {
  const branches = successors.length / rewards.length;
  const matrix = new Float64Array(rewards.length * numStates);
  for (const [i, next] of successors.entries()) matrix[Math.floor(i / branches) * numStates + next] += probabilities[i];
  return matrix;
}
