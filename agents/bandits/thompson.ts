import { defineAgent } from "../../clients/typescript/define-agent.js";
import { sampleBeta } from "../kit/sample-beta.js";

/**
 * Thompson sampling for Bernoulli bandits: each arm's mean is drawn from its posterior, the largest draw is played.
 *
 *   mean_a ~ Beta(1 + successes_a, 1 + failures_a)
 *
 * The probability of its choices has no closed form: propensities are unknown.
 *
 * Shapes: A arms. Memory O(A); time O(A) an action.
 * Source: Thompson (1933); Chapelle & Li (2011), algorithm 2 with alpha = beta = 1.
 */
export const thompson = defineAgent({
  name: "thompson",
  version: "1",
  summary: "Thompson sampling for Bernoulli bandits, uniform prior.",
  source: "Thompson (1933); Chapelle & Li (2011), algorithm 2 with alpha = beta = 1",
  tasks: ["bernoulli"],
  options: {},
  create({ numActions }, _options, rng) {
    const beta = new Float64Array(2 * numActions).fill(1); // [A, 2]: 1 + successes, 1 + failures
    return {
      act() {
        let best = -1;
        let choice = 0;
        for (let a = 0; a < numActions; a++) {
          const mean = sampleBeta(beta[2 * a], beta[2 * a + 1], rng);
          if (mean > best) {
            best = mean;
            choice = a;
          }
        }
        return choice;
      },
      observe({ action, reward }) {
        beta[2 * action + (reward > 0 ? 0 : 1)] += 1;
      },
    };
  },
});
