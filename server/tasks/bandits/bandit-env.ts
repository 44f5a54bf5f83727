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
  return new GaussianBanditEnv(horizon, keyFromSeed(noiseSeed), means, reward.noiseStd ?? 0);
}

/** What a bandit costs: `draws` operations to draw its means. */
export function banditCost(arms: number, horizon: number, draws: number): TaskCost {
  return { instance: draws, step: 200, uniform: draws + 10 * horizon, bytes: 8 * arms };
}

/** What all bandits have in common. */
abstract class BanditEnv implements Env {
  readonly trialFeatures = undefined;
  readonly features = undefined;
  readonly truth: Truth;
  readonly state = 0;
  readonly observation = 0;
  stepInEpisode = 0;
  reward = 0;
  terminated = false;
  endReason: "" | "horizon" = "";
  /** Of the steps from the last multiple of NOISE_BLOCK on. */
  protected readonly noise = new Float64Array(NOISE_BLOCK);
  protected readonly horizon: number;
  protected readonly noiseKey: Key;
  /** [A] */
  protected readonly means: Float64Array;

  constructor(horizon: number, noiseKey: Key, means: Float64Array) {
    this.horizon = horizon;
    this.noiseKey = noiseKey;
    this.means = means;
    this.truth = { type: "bandit", means, fresh: false };
  }

  reset(_episode: number): void {
    this.stepInEpisode = 0;
    this.reward = 0;
    this.terminated = false;
    this.endReason = "";
  }

  abstract step(action: number): void;

  fork(noiseSeed: bigint): Env {
    const env = this.sibling(keyFromSeed(noiseSeed));
    env.drawNoise(blockStart(this.stepInEpisode));
    env.stepInEpisode = this.stepInEpisode;
    env.reward = this.reward;
    env.terminated = this.terminated;
    env.endReason = this.endReason;
    return env;
  }

  /** The noise of the steps from `step` on. */
  protected abstract drawNoise(step: number): void;

  /** One of the same instance, at its beginning. */
  protected abstract sibling(noiseKey: Key): BanditEnv;

  /** A step was taken. */
  protected stepped(): void {
    this.stepInEpisode += 1;
    if (this.stepInEpisode === this.horizon) {
      this.terminated = true;
      this.endReason = "horizon";
    }
  }
}

class BernoulliBanditEnv extends BanditEnv {
  step(action: number): void {
    const inBlock = this.stepInEpisode % NOISE_BLOCK;
    if (inBlock === 0) this.drawNoise(this.stepInEpisode);
    this.reward = this.noise[inBlock] < this.means[action] ? 1 : 0;
    this.stepped();
  }

  protected drawNoise(step: number): void {
    noiseUniforms(this.noiseKey, 0, step, CHANNEL.reward, this.noise, 0);
  }

  protected sibling(noiseKey: Key): BanditEnv {
    return new BernoulliBanditEnv(this.horizon, noiseKey, this.means);
  }
}

class GaussianBanditEnv extends BanditEnv {
  readonly #noiseStd: number;

  constructor(horizon: number, noiseKey: Key, means: Float64Array, noiseStd: number) {
    super(horizon, noiseKey, means);
    this.#noiseStd = noiseStd;
  }

  step(action: number): void {
    const inBlock = this.stepInEpisode % NOISE_BLOCK;
    if (inBlock === 0) this.drawNoise(this.stepInEpisode);
    this.reward = Math.fround(this.means[action] + this.#noiseStd * this.noise[inBlock]);
    this.stepped();
  }

  protected drawNoise(step: number): void {
    noiseNormals(this.noiseKey, 0, step, CHANNEL.reward, this.noise, 0);
  }

  protected sibling(noiseKey: Key): BanditEnv {
    return new GaussianBanditEnv(this.horizon, noiseKey, this.means, this.#noiseStd);
  }
}
