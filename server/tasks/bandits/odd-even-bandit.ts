import { choice, integer, number } from "../../../common/options.js";
import { rngFromSeed } from "../../../common/rng.js";
import { defineTask, type RewardSpec } from "../task.js";
import { banditCost, banditEnv } from "./bandit-env.js";

const REWARD: RewardSpec = { kind: "bernoulli", min: 0, max: 1 };

/**
 * Odd-even bandit: the good arms are mostly the odd ones, or mostly the even ones: train on one, play the other.
 *
 * With chance `share` a trial's good arms are those of odd index (1, 3, ...) where `good` is odd, of even index (0, 2,
 * ...) where it is even, else the others. A good arm's probability is uniform on [1/2, 1], any other's on [0, 1/2], and
 * it pays 1 with that probability, else 0. With any, all arms' are uniform on [0, 1].
 *
 * From the task seed: stream "side" gives the uniform that must be below `share`; stream "means", arm by arm, a uniform
 * u, of which the probability is (1 + u) / 2, or u / 2, or u. Rewards are as of the Bernoulli bandit.
 *
 * Source: Laskin et al. (2022), "In-context Reinforcement Learning with Algorithm Distillation", arXiv 2210.14215, the
 * adversarial bandit, 10 arms, 100 steps (the defaults; good arms are the odd ones in 95 % of the training); the laws
 * of the probabilities are those of Sinii et al. (2024), "In-Context Reinforcement Learning for Variable Action Spaces",
 * arXiv 2312.13327.
 * Differs: each trial draws its side, where the second source splits a fixed set of bandits.
 */
export const oddEvenBandit = defineTask({
  name: "odd-even-bandit",
  version: 1,
  summary: "Good arms are mostly the odd ones in one task, mostly the even ones in another: what was learned misleads.",
  source: "Laskin et al. (2022), arXiv 2210.14215, the adversarial bandit; Sinii et al. (2024), arXiv 2312.13327",
  options: {
    arms: integer({ default: 10, min: 2, max: 1024, help: "number of arms, A" }),
    good: choice(["odd", "even", "any"], {
      default: "odd",
      help: "which arms are mostly the good ones: odd in training, even in play; any: there is no pattern",
    }),
    share: number({ default: 0.95, min: 0, max: 1, help: "share of trials in which it is those" }),
    horizon: integer({ default: 100, min: 1, max: 100_000, help: "steps of the one episode, T" }),
  },
  build({ arms, good, share, horizon }) {
    return {
      kinds: ["bandit", "bernoulli"],
      numActions: arms,
      observationSpace: { type: "none" },
      trialFeaturesShape: [],
      horizon,
      episodes: 1,
      reward: REWARD,
      drawing: { as: "arms" },
      cost: banditCost(arms, horizon, 30 * arms),
      instantiate(taskSeed, noiseSeed) {
        const rng = rngFromSeed(taskSeed);
        const isAsNamed = rng.split("side").uniform() < share;
        const goodParity = (good === "odd") === isAsNamed ? 1 : 0;
        const meanRng = rng.split("means");
        const means = Float64Array.from({ length: arms }, (_, a) => {
          const u = meanRng.uniform();
          if (good === "any") return u;
          return a % 2 === goodParity ? (1 + u) / 2 : u / 2;
        });
        return banditEnv({ means, horizon, reward: REWARD, noiseSeed });
      },
    };
  },
});
