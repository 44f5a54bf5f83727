import { defineAgent, type Policy, type Trial } from "../../clients/typescript/define-agent.js";
import { IcrlError } from "../../common/errors.js";
import { probabilityOfLargestBeta } from "../../common/largest-beta.js";
import { probabilityOfLargestNormal } from "../../common/largest-normal.js";
import { number } from "../../common/options.js";
import type { Rng } from "../../common/rng.js";
import { sampleBeta } from "../kit/sample-beta.js";

/**
 * Thompson sampling for Bernoulli and normal arms: each arm's mean is drawn from its posterior, the largest draw is
 * played.
 *
 *   Bernoulli: mean_a ~ Beta(1 + successes_a, 1 + failures_a)
 *   normal:    mean_a ~ N((s^2 prior_mean + p^2 S_a) / (s^2 + N_a p^2), s^2 p^2 / (s^2 + N_a p^2))
 *
 * after N_a rewards that sum to S_a, with noise_std s and prior_std p. The options are those of normal arms; Bernoulli
 * arms have a uniform prior. Less noise than a millionth of prior_std is taken for so much.
 *
 * Probabilities are exact where they are asked for: an arm's is the chance that its draw is the largest, integrated
 * numerically to about 1e-12 (common/probability-of-largest.ts). That takes some 100 microseconds for 5 arms, a
 * hundred times what a choice does: in ordinary play propensities are unknown.
 *
 * Shapes: A arms. Memory O(A); time O(A) an action.
 * Source: Thompson (1933); Chapelle & Li (2011), algorithm 2 with alpha = beta = 1; Russo et al. (2018), section 3 for
 * Bernoulli and section 6.1 for normal arms.
 */
export const thompson = defineAgent({
  name: "thompson",
  version: "1",
  summary: "Thompson sampling for Bernoulli arms, uniform prior, and for normal arms, normal prior.",
  source: "Thompson (1933); Chapelle & Li (2011), algorithm 2 with alpha = beta = 1",
  tasks: ["bernoulli", "gaussian-bandit"],
  options: {
    prior_mean: number({ default: 0, help: "normal arms: prior mean of an arm's mean" }),
    prior_std: number({ default: 1, min: 1e-6, help: "normal arms: prior standard deviation of an arm's mean" }),
    noise_std: number({
      default: 0,
      min: 0,
      help: "normal arms: standard deviation of the reward noise that is assumed; 0: what the task says it is",
    }),
  },
  create(trial, { prior_mean, prior_std, noise_std }, rng) {
    if (trial.reward.kind === "bernoulli") return bernoulliPolicy(trial.numActions, rng);
    const noise = noise_std > 0 ? noise_std : noiseOf(trial);
    return normalPolicy(trial.numActions, prior_mean, prior_std, Math.max(noise, prior_std * 1e-6), rng);
  },
});

/** @throws TASK_UNSUPPORTED if the task does not say */
function noiseOf({ task, reward }: Trial): number {
  if (reward.noiseStd !== undefined) return reward.noiseStd;
  throw new IcrlError(
    "TASK_UNSUPPORTED",
    `task "${task}" does not say how much its rewards vary: set thompson's noise_std`,
    { agent: "thompson", task },
  );
}

function bernoulliPolicy(numActions: number, rng: Rng): Policy {
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
    probabilities: (_turn, target) => probabilityOfLargestBeta(beta, target),
    observe({ action, reward }) {
      beta[2 * action + (reward > 0 ? 0 : 1)] += 1;
    },
  };
}

function normalPolicy(numActions: number, priorMean: number, priorStd: number, noiseStd: number, rng: Rng): Policy {
  const priorVariance = priorStd * priorStd;
  const noiseVariance = noiseStd * noiseStd;
  const pulls = new Float64Array(numActions); // N, [A]
  const rewardSums = new Float64Array(numActions); // S, [A]
  const means = new Float64Array(numActions).fill(priorMean); // of the posterior, [A]
  const stds = new Float64Array(numActions).fill(priorStd); // of the posterior, [A]
  return {
    act() {
      let best = -Infinity;
      let choice = 0;
      for (let a = 0; a < numActions; a++) {
        const mean = means[a] + stds[a] * rng.normal();
        if (mean > best) {
          best = mean;
          choice = a;
        }
      }
      return choice;
    },
    probabilities: (_turn, target) => probabilityOfLargestNormal(means, stds, target),
    observe({ action, reward }) {
      pulls[action] += 1;
      rewardSums[action] += reward;
      const total = noiseVariance + pulls[action] * priorVariance;
      means[action] = (noiseVariance * priorMean + priorVariance * rewardSums[action]) / total;
      stds[action] = noiseStd * (priorStd / Math.sqrt(total));
    },
  };
}
