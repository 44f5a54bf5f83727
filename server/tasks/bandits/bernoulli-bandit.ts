import { integer, number } from "../../../common/options.js";
import { rngFromSeed } from "../../../common/rng.js";
import { sampleBeta } from "../sample-beta.js";
import { defineTask, type RewardSpec } from "../task.js";
import { banditCost, banditEnv } from "./bandit-env.js";

const REWARD: RewardSpec = { kind: "bernoulli", min: 0, max: 1 };

/**
 * Bernoulli bandit: arm a pays 1 with probability p_a, else 0; p_a ~ Beta(alpha, beta), independent.
 *
 * The p_a come, arm by arm, from the task seed's stream "means". The reward is 1 where u < p_a, u the noise at (episode 0, step,
 * channel reward): an arm with a larger p pays whenever one with a smaller p would have.
 *
 * Source: Lin, Bai & Mei (2023), arXiv 2310.08566, the Bernoulli bandit experiments (the defaults); Duan et al. (2016), table 1,
 * has the same with other numbers of arms and steps.
 */
export const bernoulliBandit = defineTask({
  name: "bernoulli-bandit",
  version: 1,
  summary: "Each arm pays 1 with a hidden probability of its own, else 0; the probabilities are Beta distributed.",
  source:
    "Lin, Bai & Mei (2023), arXiv 2310.08566, the Bernoulli bandit experiments; Duan et al. (2016), arXiv 1611.02779, table 1",
  options: {
    arms: integer({ default: 5, min: 2, max: 1024, help: "number of arms, A" }),
    horizon: integer({ default: 200, min: 1, max: 100_000, help: "steps of the one episode, T" }),
    alpha: number({
      default: 1,
      min: 0.01,
      max: 1000,
      help: "first shape of the Beta law of the arms' probabilities; 1, 1 is uniform",
    }),
    beta: number({ default: 1, min: 0.01, max: 1000, help: "second shape of the Beta law of the arms' probabilities" }),
  },
  build({ arms, horizon, alpha, beta }) {
    const meanWork = alpha === 1 && beta === 1 ? 20 : 500;
    return {
      kinds: ["bandit", "bernoulli"],
      numActions: arms,
      observationSpace: { type: "none" },
      trialFeaturesShape: [],
      horizon,
      episodes: 1,
      reward: REWARD,
      drawing: { as: "arms" },
      cost: banditCost(arms, horizon, meanWork * arms),
      prior: { type: "beta", alpha, beta },
      instantiate(taskSeed, noiseSeed) {
        const rng = rngFromSeed(taskSeed).split("means");
        const means = new Float64Array(arms);
        for (let a = 0; a < arms; a++) means[a] = sampleBeta(rng, alpha, beta);
        return banditEnv({ means, horizon, reward: REWARD, noiseSeed });
      },
    };
  },
});
