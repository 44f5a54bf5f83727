import { integer, number } from "../../../common/options.js";
import { rngFromSeed } from "../../../common/rng.js";
import { defineTask, type RewardSpec } from "../task.js";
import { banditCost, banditEnv } from "./bandit-env.js";

const REWARD: RewardSpec = { kind: "bernoulli", min: 0, max: 1 };

/**
 * Gap bandit: one arm is better than all others, by a gap that is given; which one is hidden.
 *
 * The best arm pays 1 with probability 1/2 + gap / 2, any other with 1/2 - gap / 2, else 0. It is the integer floor(u A)
 * of the first uniform u of the task seed's stream "best". Rewards are as of the Bernoulli bandit.
 *
 * Source: Krishnamurthy, Harris, Foster, Zhang & Slivkins (2024), "Can Large Language Models Explore In-Context?", arXiv
 * 2403.15371: the hard instance has 5 arms and the gap 0.2, 100 steps (the defaults), the easy one 4 arms and the gap 0.5.
 */
export const gapBandit = defineTask({
  name: "gap-bandit",
  version: 1,
  summary: "One hidden arm is better than all others, which are alike, by a given gap.",
  source: "Krishnamurthy et al. (2024), arXiv 2403.15371 (the hard instance is the default; easy: arms 4, gap 0.5)",
  options: {
    arms: integer({ default: 5, min: 2, max: 1024, help: "number of arms, A" }),
    gap: number({ default: 0.2, min: 0, max: 1, help: "how much more often the best arm pays than any other" }),
    horizon: integer({ default: 100, min: 1, max: 100_000, help: "steps of the one episode, T" }),
  },
  build({ arms, gap, horizon }) {
    const bestOf = (taskSeed: bigint) => rngFromSeed(taskSeed).split("best").integer(arms);
    return {
      kinds: ["bandit", "bernoulli"],
      numActions: arms,
      observationSpace: { type: "none" },
      trialFeaturesShape: [],
      horizon,
      episodes: 1,
      reward: REWARD,
      drawing: { as: "arms" },
      cost: banditCost(arms, horizon, 10 * arms),
      instanceOf: (taskSeed) => `best=${bestOf(taskSeed)}`,
      instantiate(taskSeed, noiseSeed) {
        const means = new Float64Array(arms).fill(0.5 - gap / 2);
        means[bestOf(taskSeed)] = 0.5 + gap / 2;
        return banditEnv({ means, horizon, reward: REWARD, noiseSeed });
      },
    };
  },
});
