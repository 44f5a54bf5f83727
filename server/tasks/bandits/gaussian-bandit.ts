import { choice, integer, number } from "../../../common/options.js";
import { rngFromSeed } from "../../../common/rng.js";
import { defineTask, type RewardSpec } from "../task.js";
import { banditCost, banditEnv } from "./bandit-env.js";

const MEANS = ["uniform01", "gaussian"] as const;

/**
 * Gaussian bandit: arm a pays mu_a + noise_std z, z standard normal; the mu_a are independent, Unif[0, 1] or N(0, 1).
 *
 * The mu_a (float64) come, arm by arm, from the task seed's stream "means": its uniforms, or its normals. z is the
 * noise at (episode 0, step, channel reward), the same whichever arm is played; the reward is rounded to float32.
 *
 * Source: Lee et al. (2023), arXiv 2306.14892, the bandit experiments: 5 arms, means Unif[0, 1], noise 0.3, 500 steps
 * (the defaults).
 * Differs: rewards are float32; gaussian means are an addition.
 */
export const gaussianBandit = defineTask({
  name: "gaussian-bandit",
  version: 1,
  summary: "Each arm has a hidden mean of its own; its rewards are that mean with normal noise.",
  source: "Lee et al. (2023), arXiv 2306.14892, the bandit experiments (their setting is the default)",
  options: {
    arms: integer({ default: 5, min: 2, max: 1024, help: "number of arms, A" }),
    horizon: integer({ default: 500, min: 1, max: 100_000, help: "steps of the one episode, T" }),
    means: choice(MEANS, {
      default: "uniform01",
      help: "law of the arms' means: uniform01 is uniform on [0, 1], gaussian standard normal",
    }),
    noise_std: number({
      default: 0.3,
      min: 0,
      max: 1e6,
      help: "standard deviation of the reward noise, in reward units",
    }),
  },
  build({ arms, horizon, means: meanLaw, noise_std }) {
    const reward: RewardSpec = { kind: "gaussian", noiseStd: noise_std };
    return {
      kinds: ["bandit"],
      numActions: arms,
      observationSpace: { type: "none" },
      trialFeaturesShape: [],
      horizon,
      episodes: 1,
      reward,
      drawing: { as: "arms" },
      cost: banditCost(arms, horizon, 100 * arms),
      prior: { type: "normal", means: meanLaw, noiseStd: noise_std },
      instantiate(taskSeed, noiseSeed) {
        const rng = rngFromSeed(taskSeed).split("means");
        const means = new Float64Array(arms);
        for (let a = 0; a < arms; a++) means[a] = meanLaw === "uniform01" ? rng.uniform() : rng.normal();
        return banditEnv({ means, horizon, reward, noiseSeed });
      },
    };
  },
});
