import { defineAgent, type Policy } from "../../clients/typescript/define-agent.js";
import { number } from "../../common/options.js";
import { countMaxima, randomArgmax, writeArgmaxLaw } from "../kit/argmax.js";
import { gittinsIndexAt, gittinsIndices } from "../kit/gittins-indices.js";

/**
 * The Gittins index policy for Bernoulli bandits with a uniform prior: the best there is for discounted reward.
 *
 * Plays the arm of the largest index, ties at random. The index of an arm is the sure reward per step that one would
 * swap it for, when one may go on with the arm as long as one likes and reward k steps ahead counts discount^k
 * (agents/kit/gittins-indices.ts).
 *
 * The horizon is finite and nothing is discounted here, so that the discount is a choice: 1 / (1 - discount) is about how
 * many steps ahead a reward still counts. Total reward, expected from the regret of 3,000 to 40,000 instances:
 *
 *                  discount 0.9   0.98    0.99    1 - 1 / pulls   Duan et al. (their discount is not said)
 *   10 arms, 500 pulls        -   439.0   440.8   441.8           437.8
 *   10 arms, 100 pulls     82.6    83.8    83.6    83.6            82.8
 *   5 arms, 10 pulls       6.66       -    6.59    6.66             6.6
 *
 * with standard errors of 0.3, 0.07 and 0.01, and of 1.5, 0.4 and 0.07 for theirs if they played 1,000 instances. The
 * default 0.99 is within two of all three; 1 - 1 / pulls plays a little better.
 *
 * Shapes: A arms. Memory O(A); time O(A) an action. The table of indices, of all states of an arm up to 500 pulls or the
 * horizon, is made with the first policy in up to a second or so, and shared.
 * Source: Gittins (1979), "Bandit processes and dynamic allocation indices"; Duan et al. (2016), "RL^2", table 1.
 * Differs: beyond 500 pulls of an arm, its index exceeds its mean by what it would at 500, in proportion to 1 / pulls.
 */
export const gittins = defineAgent({
  name: "gittins",
  version: "1",
  summary: "Gittins indices of Bernoulli arms, uniform prior: optimal for discounted reward.",
  source: "Gittins (1979), Bandit processes and dynamic allocation indices",
  tasks: ["bernoulli"],
  options: {
    discount: number({ default: 0.99, min: 0, max: 0.999, help: "what reward a step later is worth" }),
  },
  create({ numActions, horizon }, { discount }, rng) {
    const size = Math.min(horizon, MOST_PULLS);
    const indices = gittinsIndices(discount, size);
    const successes = new Float64Array(numActions); // [A]
    const pulls = new Float64Array(numActions); // [A]
    const values = new Float64Array(numActions).fill(indices[0]); // index of each arm, [A]
    const policy: Policy & { propensity: number } = {
      propensity: 1,
      act() {
        const ties = countMaxima(values);
        policy.propensity = 1 / ties;
        return randomArgmax(values, 0, numActions, ties, rng);
      },
      probabilities: (_turn, target) => writeArgmaxLaw(target, values),
      observe({ action, reward }) {
        pulls[action] += 1;
        if (reward > 0) successes[action] += 1;
        values[action] = gittinsIndexAt(indices, size, successes[action], pulls[action]);
      },
    };
    return policy;
  },
});

/** Pulls of an arm that the table goes up to; by then its mean is known to 0.02. */
const MOST_PULLS = 500;
