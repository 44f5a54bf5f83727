import { defineAgent } from "../../clients/typescript/define-agent.js";

/**
 * The empirical mean: each arm once in the order of the index, then always the arm of the best average reward.
 *
 * Ties go to the lowest index, as numpy's argmax has it: on rewards of 0 and 1 ties are frequent, and other rules give
 * other regrets.
 *
 * Shapes: A arms. Memory O(A); time O(A) an action.
 * Source: Lin, Bai & Mei (2023), baseline of the bandit experiments.
 * Differs: "once each" counts executed actions, whoever chose them.
 */
export const emp = defineAgent({
  name: "emp",
  version: "1",
  summary: "Plays each arm once, then the best empirical mean.",
  source: "Lin, Bai & Mei (2023), baseline of the bandit experiments",
  tasks: ["bandit"],
  options: {},
  create({ numActions }) {
    const pulls = new Float64Array(numActions); // [A]
    const rewardSums = new Float64Array(numActions); // [A]
    const choose = (): number => {
      let best = -Infinity;
      let choice = 0;
      for (let a = 0; a < numActions; a++) {
        if (pulls[a] === 0) return a;
        const mean = rewardSums[a] / pulls[a];
        if (mean > best) {
          best = mean;
          choice = a;
        }
      }
      return choice;
    };
    return {
      propensity: 1,
      act: choose,
      probabilities(_turn, target) {
        target.fill(0)[choose()] = 1;
      },
      observe({ action, reward }) {
        pulls[action] += 1;
        rewardSums[action] += reward;
      },
    };
  },
});
