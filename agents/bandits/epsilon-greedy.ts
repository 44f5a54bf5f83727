import { defineAgent, type Policy } from "../../clients/typescript/define-agent.js";
import { choice, number } from "../../common/options.js";
import { argmax, countMaxima, randomArgmax, writeArgmaxLaw } from "../kit/argmax.js";

/**
 * Epsilon-greedy: with probability epsilon an arm at random, else one of the best mean.
 *
 *   mean_a = (prior_count prior_mean + S_a) / (prior_count + N_a)
 *
 * after N_a rewards that sum to S_a: each arm begins as if it had been pulled prior_count times and had paid prior_mean
 * on average. With prior_count 0 an untried arm counts as better than any other, so that each is tried once first.
 * Probabilities are exact: (1 - epsilon) / ties for each arm of the best mean (all of it for the lowest index, where
 * ties go there), plus epsilon / A for every arm.
 *
 * RL^2's "greedy" is {epsilon: 0, prior_count: 2, ties: lowest}: means (1 + S) / (2 + N), the posterior's under a uniform
 * prior, and numpy's argmax. Total reward on 10 Bernoulli arms in 500 pulls: 400.0 +- 0.5 (20,000 instances), against
 * 395.0 of Duan et al. (whose 1,000 instances leave +- 2); in 100 pulls 77.9 against 77.1; on 5 arms in 10 pulls 6.57
 * against 6.6. Ties at random give 405.8, 79.3 and 6.63: an arm at its prior mean again ties with the untried ones, and
 * the lowest index, once played, keeps winning. {epsilon: 0} alone, each arm once first, is far better: 433.8.
 *
 * Shapes: A arms. Memory O(A); time O(A) an action.
 * Source: Sutton & Barto (2018), section 2.2; Duan et al. (2016), "RL^2", table 1 for "greedy".
 * Differs: epsilon is a constant, not one that falls with time.
 */
export const epsilonGreedy = defineAgent({
  name: "epsilon-greedy",
  version: "1",
  summary: "Plays the best mean, and with probability epsilon an arm at random.",
  source: "Sutton & Barto (2018), section 2.2; Duan et al. (2016), table 1 for epsilon 0, prior_count 2",
  tasks: ["bandit"],
  options: {
    epsilon: number({ default: 0.1, min: 0, max: 1, help: "probability of an arm at random" }),
    prior_count: number({ default: 0, min: 0, help: "made-up pulls that each arm begins with; 0: untried arms first" }),
    prior_mean: number({ default: 0.5, help: "their average reward" }),
    ties: choice(["random", "lowest"], { default: "random", help: "which of several best arms: any, or the first" }),
  },
  create({ numActions }, { epsilon, prior_count, prior_mean, ties }, rng) {
    const counts = new Float64Array(numActions).fill(prior_count); // [A]
    const sums = new Float64Array(numActions).fill(prior_count * prior_mean); // [A]
    const means = new Float64Array(numActions).fill(prior_count > 0 ? prior_mean : Infinity); // [A]
    const policy: Policy & { propensity: number } = {
      propensity: 1,
      act() {
        const best = argmax(means);
        const shared = ties === "random" ? countMaxima(means) : 1;
        let action = best;
        if (epsilon > 0 && rng.uniform() < epsilon) action = rng.integer(numActions);
        else if (shared > 1) action = randomArgmax(means, 0, numActions, shared, rng);
        const isGreedy = action === best || (shared > 1 && means[action] === means[best]);
        policy.propensity = epsilon / numActions + (isGreedy ? (1 - epsilon) / shared : 0);
        return action;
      },
      probabilities(_turn, target) {
        if (ties === "random") writeArgmaxLaw(target, means);
        else target.fill(0)[argmax(means)] = 1;
        for (let a = 0; a < numActions; a++) target[a] = epsilon / numActions + (1 - epsilon) * target[a];
      },
      observe({ action, reward }) {
        counts[action] += 1;
        sums[action] += reward;
        means[action] = sums[action] / counts[action];
      },
    };
    return policy;
  },
});
