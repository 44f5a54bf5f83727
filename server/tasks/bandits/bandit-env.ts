import {
  blockStart,
  CHANNEL,
  type Key,
  keyFromSeed,
  NOISE_BLOCK,
  noiseNormals,
  noiseUniforms,
} from "../../../common/rng.js";
import type { Env, RewardSpec, TaskCost, Truth } from "../task.js";

/** A bandit to be played: arms whose means stay. */
export interface BanditSetup {
  /** Mean reward of each arm, [A]. */
  readonly means: Float64Array;
  /** Steps of the one episode, T. */
  readonly horizon: number;
  /** How a reward comes from its mean: 1 with that probability, else 0; the mean plus normal noise; or the mean, rounded to float32. */
  readonly reward: Pick<RewardSpec, "kind" | "noiseStd">;
  readonly noiseSeed: bigint;
}

/**
 * An env that plays arms. Noise at (episode 0, step, channel reward): a Bernoulli reward is 1 where its uniform is below the mean,
 * any other is the mean plus noiseStd times its normal, rounded to float32.
 */
export function banditEnv({ means, horizon, reward, noiseSeed }: BanditSetup): Env {
  if (reward.kind === "bernoulli") return new BernoulliBanditEnv(horizon, keyFromSeed(noiseSeed), means);
  return new GaussianBanditEnv(horizon, reward.noiseStd ?? 0, keyFromSeed(noiseSeed), means);
}

/** What a bandit costs: `draws` operations to draw its means. */
export function banditCost(arms: number, horizon: number, draws: number): TaskCost {
  return { instance: draws, step: 200, uniform: draws + 10 * horizon, bytes: 8 * arms };
}

class BernoulliBanditEnv implements Env {
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
  readonly #noiseKey: Key;
  readonly #noise = new Float64Array(NOISE_BLOCK); // of the steps from the last multiple of NOISE_BLOCK on
  readonly #means: Float64Array; // [A]

  constructor(horizon: number, noiseKey: Key, means: Float64Array) {
    this.#horizon = horizon;
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
    if (inBlock === 0) noiseUniforms(this.#noiseKey, 0, this.stepInEpisode, CHANNEL.reward, this.#noise, 0);
    const u = this.#noise[inBlock];
    this.reward = u < this.#means[action] ? 1 : 0;
    this.stepInEpisode += 1;
    if (this.stepInEpisode === this.#horizon) {
      this.terminated = true;
      this.endReason = "horizon";
    }
  }

  fork(noiseSeed: bigint): Env {
    const env = new BernoulliBanditEnv(this.#horizon, keyFromSeed(noiseSeed), this.#means);
    noiseUniforms(env.#noiseKey, 0, blockStart(this.stepInEpisode), CHANNEL.reward, env.#noise, 0);
    env.stepInEpisode = this.stepInEpisode;
    env.reward = this.reward;
    env.terminated = this.terminated;
    env.endReason = this.endReason;
    return env;
  }
}

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
