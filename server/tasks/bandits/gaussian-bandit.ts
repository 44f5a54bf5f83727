import { choice, integer, number } from "../../../common/options.js";
import {
  blockStart,
  CHANNEL,
  type Key,
  keyFromSeed,
  NOISE_BLOCK,
  noiseNormals,
  rngFromSeed,
} from "../../../common/rng.js";
import { defineTask, type Env, type Truth } from "../task.js";

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
    return {
      kinds: ["bandit"],
      numActions: arms,
      observationSpace: { type: "none" },
      trialFeaturesShape: [],
      horizon,
      episodes: 1,
      reward: { kind: "gaussian", noiseStd: noise_std },
      drawing: { as: "arms" },
      cost: { instance: 100 * arms, step: 200, uniform: 100 * arms + 10 * horizon, bytes: 8 * arms },
      instantiate(taskSeed, noiseSeed) {
        const rng = rngFromSeed(taskSeed).split("means");
        const means = new Float64Array(arms);
        for (let a = 0; a < arms; a++) means[a] = meanLaw === "uniform01" ? rng.uniform() : rng.normal();
        return new GaussianBanditEnv(horizon, noise_std, keyFromSeed(noiseSeed), means);
      },
    };
  },
});

class GaussianBanditEnv implements Env {
  readonly trialFeatures = undefined;
  readonly features = undefined;
  readonly truth: Truth;
  readonly state = 0;
  readonly observation = 0;
  stepInEpisode = 0;
  reward = 0;
  terminated = false;
  endReason: "" | "horizon" = "";
  readonly #horizon: number;
  readonly #noiseStd: number;
  readonly #noiseKey: Key;
  readonly #noise = new Float64Array(NOISE_BLOCK); // of the steps from the last multiple of NOISE_BLOCK on
  readonly #means: Float64Array; // [A]

  constructor(horizon: number, noiseStd: number, noiseKey: Key, means: Float64Array) {
    this.#horizon = horizon;
    this.#noiseStd = noiseStd;
    this.#noiseKey = noiseKey;
    this.#means = means;
    this.truth = { type: "bandit", means, fresh: false };
  }

  reset(_episode: number): void {
    this.stepInEpisode = 0;
    this.reward = 0;
    this.terminated = false;
    this.endReason = "";
  }

  step(action: number): void {
    const inBlock = this.stepInEpisode % NOISE_BLOCK;
    if (inBlock === 0) noiseNormals(this.#noiseKey, 0, this.stepInEpisode, CHANNEL.reward, this.#noise, 0);
    this.reward = Math.fround(this.#means[action] + this.#noiseStd * this.#noise[inBlock]);
    this.stepInEpisode += 1;
    if (this.stepInEpisode === this.#horizon) {
      this.terminated = true;
      this.endReason = "horizon";
    }
  }

  fork(noiseSeed: bigint): Env {
    const env = new GaussianBanditEnv(this.#horizon, this.#noiseStd, keyFromSeed(noiseSeed), this.#means);
    noiseNormals(env.#noiseKey, 0, blockStart(this.stepInEpisode), CHANNEL.reward, env.#noise, 0);
    env.stepInEpisode = this.stepInEpisode;
    env.reward = this.reward;
    env.terminated = this.terminated;
    env.endReason = this.endReason;
    return env;
  }
}
