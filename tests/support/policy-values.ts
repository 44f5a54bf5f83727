import type { MdpTables } from "#icrl/server/tasks/backward-induction.js";

/**
 * Exact value of a policy, given as the probability of action a at step h in state s, by its own recursion: [H + 1][S]. Independent
 * of the oracle's.
 */
export function valuesOfPolicy(
  mdp: MdpTables,
  horizon: number,
  policy: (h: number, s: number, a: number) => number,
): number[][] {
  const { numStates, successors, probabilities, rewards, terminal } = mdp;
  const numActions = rewards.length / numStates;
  const branches = successors.length / rewards.length;
  const values = Array.from({ length: horizon + 1 }, () => new Array<number>(numStates).fill(0));
  for (let h = horizon - 1; h >= 0; h--) {
    for (let s = 0; s < numStates; s++) {
      if (terminal?.[s] === 1) continue;
      for (let a = 0; a < numActions; a++) {
        const pair = s * numActions + a;
        let q = rewards[pair];
        for (let b = 0; b < branches; b++) {
          const i = pair * branches + b;
          q += probabilities[i] * values[h + 1][successors[i]];
        }
        values[h][s] += policy(h, s, a) * q;
      }
    }
  }
  return values;
}
