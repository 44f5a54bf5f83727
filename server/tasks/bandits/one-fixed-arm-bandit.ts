import { integer, number } from "../../../common/options.js";
import { rngFromSeed } from "../../../common/rng.js";
import { defineTask, type RewardSpec } from "../task.js";
import { banditCost, banditEnv } from "./bandit-env.js";

/**
 * One-fixed-arm bandit: the first arm's mean is the same in all instances, and good; to find a better one costs.
 *
 * Arm 0 has the mean `fixed_mean`; the others' are N(0, 1), arm by arm, from the task seed's stream "means". Rewards are
 * as of the Gaussian bandit. Any other arm is worth 0 on average, less than arm 0: who only looks for reward at once never
 * explores, though the best of many is better than arm 0 nearly always.
 *
 * Source: Norman & Clune (2024), "First-Explore, then Exploit", arXiv 2307.02276, bandits with one fixed arm (10 arms,
 * 100 steps, the fixed mean 0.5: the defaults).
 * Differs: the scale of the noise is an option, whose default is our own; rewards are float32.
 */
export const oneFixedArmBandit = defineTask({
  name: "one-fixed-arm-bandit",
  version: 1,
  summary: "The first arm is good in every instance, better ones are hidden among many that are worse.",
  source: "Norman & Clune (2024), arXiv 2307.02276, bandits with one fixed arm",
  options: {
    arms: integer({ default: 10, min: 2, max: 1024, help: "number of arms, A" }),
    fixed_mean: number({ default: 0.5, min: -1000, max: 1000, help: "mean of arm 0, in every instance" }),
    noise_std: number({
      default: 0.5,
      min: 0,
      max: 1e6,
      help: "standard deviation of the reward noise, in reward units",
    }),
    horizon: integer({ default: 100, min: 1, max: 100_000, help: "steps of the one episode, T" }),
  },
  build({ arms, fixed_mean, noise_std, horizon }) {
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
      instantiate(taskSeed, noiseSeed) {
        const rng = rngFromSeed(taskSeed).split("means");
        const means = Float64Array.from({ length: arms }, (_, a) => (a === 0 ? fixed_mean : rng.normal()));
        return banditEnv({ means, horizon, reward, noiseSeed });
      },
    };
  },
});
