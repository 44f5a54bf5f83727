import { choice, integer, number } from "../../../common/options.js";
import {
  blockStart,
  CHANNEL,
  type Key,
  keyFromSeed,
  NOISE_BLOCK,
  noiseNormals,
  noiseRng,
  type Rng,
  rngFromSeed,
} from "../../../common/rng.js";
import { packedMemory, type Slice } from "../packed-memory.js";
import { defineTask, type Env, type Truth } from "../task.js";

const MAX_DIM = 64;
const THETAS = ["uniform01", "gaussian"] as const;
const ARMS = ["uniform-cube", "gaussian", "unit-sphere"] as const;
const ARM_SETS = ["fixed", "fresh"] as const;

type ThetaLaw = (typeof THETAS)[number];
type ArmLaw = (typeof ARMS)[number];

/**
 * Linear bandit: reward = x_a . theta + noise_std z, z standard normal.
 *
 * theta (float64) comes from the task seed's stream "theta": its uniforms, or its normals. Arm features are drawn row
 * by row and rounded to float32: 2 u - 1 of each uniform u, or normals, or normals over the length of their row.
 * Means are x_a . theta in float64 over the rounded features, summed from the first feature to the last. Fixed arms
 * come from the task seed's stream "arms"; fresh ones, at each step, from a generator keyed by the two words of the
 * noise at (episode 0, step, channel arms), so they are the same whatever is played. z is the noise at (episode 0,
 * step, channel reward).
 *
 * Shapes: arm features [actions, dim].
 * Source: Lin, Bai & Mei (2023), arXiv 2310.08566, the linear bandit experiment, which the defaults repeat.
 * Differs: features and rewards are float32; the other laws of theta and arms, and fresh arms, are additions.
 */
export const linearBandit = defineTask({
  name: "linear-bandit",
  version: 1,
  summary:
    "Each arm's mean reward is the product of its known features with a hidden vector; rewards have normal noise.",
  source: "Lin, Bai & Mei (2023), arXiv 2310.08566, the linear bandit experiment (its setting is the default)",
  options: {
    dim: integer({ default: 5, min: 1, max: MAX_DIM, help: "features of an arm, d" }),
    actions: integer({ default: 10, min: 2, max: 1024, help: "number of arms, A" }),
    horizon: integer({ default: 200, min: 1, max: 100_000, help: "steps of the one episode, T" }),
    noise_std: number({
      default: 1.5,
      min: 0,
      max: 1e6,
      help: "standard deviation of the reward noise, in reward units",
    }),
    theta: choice(THETAS, {
      default: "uniform01",
      help: "law of the hidden vector's entries: uniform01 is uniform on [0, 1], gaussian standard normal",
    }),
    arms: choice(ARMS, {
      default: "uniform-cube",
      help:
        "law of an arm's features: uniform-cube has entries uniform on [-1, 1], gaussian standard normal ones, " +
        "unit-sphere is uniform on the sphere of radius 1",
    }),
    arm_set: choice(ARM_SETS, {
      default: "fixed",
      help: "fixed: the arms stay for the trial and are its trial features; fresh: each step observes new arms",
    }),
  },
  build({ dim, actions, horizon, noise_std, theta: thetaLaw, arms: armLaw, arm_set }) {
    const fresh = arm_set === "fresh";
    const shape = [actions, dim];
    // A unit vector's entries, and 2 u - 1 of u < 1: at most 1 once they are rounded to float32.
    const bounds = armLaw === "gaussian" ? {} : { low: -1, high: 1 };
    const setting: Setting = { dim, actions, horizon, noiseStd: noise_std, armLaw, fresh };
    const armsWork = actions * dim * (armLaw === "uniform-cube" ? 20 : 60);
    const bytes = 8 * (actions + dim) + 4 * actions * dim;
    const newMemory = packedMemory(actions + NOISE_BLOCK + 1);
    return {
      kinds: fresh ? ["linear"] : ["bandit", "linear"],
      numActions: actions,
      observationSpace: fresh ? { type: "box", shape, ...bounds } : { type: "none" },
      trialFeaturesShape: fresh ? [] : shape,
      trialFeaturesBounds: fresh ? undefined : bounds,
      horizon,
      episodes: 1,
      reward: { kind: "gaussian", noiseStd: noise_std },
      drawing: { as: "arms" },
      prior: { type: "linear", theta: thetaLaw, noiseStd: noise_std, dim },
      cost: fresh
        ? { instance: 100 * dim, step: 300 + armsWork, uniform: horizon * (300 + armsWork), bytes }
        : { instance: armsWork, step: 250, uniform: armsWork + 10 * horizon, bytes },
      instantiate(taskSeed, noiseSeed) {
        const rng = rngFromSeed(taskSeed);
        const theta = drawTheta(rng.split("theta"), thetaLaw, dim);
        const env = new LinearBanditEnv(setting, newMemory(), theta, keyFromSeed(noiseSeed));
        if (!fresh) env.drawArms(rng.split("arms"));
        return env;
      },
    };
  },
});

/** What the envs of a task share. */
interface Setting {
  readonly dim: number;
  readonly actions: number;
  readonly horizon: number;
  readonly noiseStd: number;
  readonly armLaw: ArmLaw;
  readonly fresh: boolean;
}

class LinearBanditEnv implements Env {
  readonly trialFeatures: Float32Array | undefined;
  readonly features: Float32Array | undefined;
  readonly truth: Extract<Truth, { type: "bandit" }>;
  readonly state = 0;
  readonly observation = 0;
  stepInEpisode = 0;
  terminated = false;
  endReason: "" | "horizon" = "";
  readonly #setting: Setting;
  readonly #theta: Float64Array; // [d]
  readonly #arms: Float32Array; // [A, d]
  /** What a step touches: the means [A], the noise of the steps from the last multiple of NOISE_BLOCK on, the last reward. */
  readonly #memory: Float64Array;
  readonly #means: number; // where they begin
  readonly #noise: number;
  readonly #noiseKey: Key;

  /** With arms still to be drawn. */
  constructor(setting: Setting, { array, offset }: Slice, theta: Float64Array, noiseKey: Key) {
    const { dim, actions, fresh } = setting;
    this.#setting = setting;
    this.#theta = theta;
    this.#memory = array;
    this.#means = offset;
    this.#noise = offset + actions;
    this.#arms = new Float32Array(actions * dim);
    this.#noiseKey = noiseKey;
    this.trialFeatures = fresh ? undefined : this.#arms;
    this.features = fresh ? this.#arms : undefined;
    this.truth = { type: "bandit", means: array.subarray(offset, offset + actions), fresh };
  }

  get reward(): number {
    return this.#memory[this.#noise + NOISE_BLOCK];
  }

  reset(_episode: number): void {
    this.stepInEpisode = 0;
    this.#memory[this.#noise + NOISE_BLOCK] = 0;
    this.terminated = false;
    this.endReason = "";
    if (this.#setting.fresh) this.#drawFreshArms();
  }

  step(action: number): void {
    const setting = this.#setting;
    const memory = this.#memory;
    const noise = this.#noise;
    const inBlock = this.stepInEpisode % NOISE_BLOCK;
    if (inBlock === 0) noiseNormals(this.#noiseKey, 0, this.stepInEpisode, CHANNEL.reward, memory, noise);
    memory[noise + NOISE_BLOCK] = Math.fround(
      memory[this.#means + action] + setting.noiseStd * memory[noise + inBlock],
    );
    this.stepInEpisode += 1;
    if (this.stepInEpisode === setting.horizon) {
      this.terminated = true;
      this.endReason = "horizon";
    }
    if (setting.fresh) this.#drawFreshArms();
  }

  fork(noiseSeed: bigint): Env {
    const { actions } = this.#setting;
    const memory = { array: new Float64Array(actions + NOISE_BLOCK + 1), offset: 0 };
    const env = new LinearBanditEnv(this.#setting, memory, this.#theta, keyFromSeed(noiseSeed));
    env.#arms.set(this.#arms);
    env.truth.means.set(this.truth.means);
    env.stepInEpisode = this.stepInEpisode;
    env.terminated = this.terminated;
    env.endReason = this.endReason;
    noiseNormals(env.#noiseKey, 0, blockStart(this.stepInEpisode), CHANNEL.reward, env.#memory, env.#noise);
    env.#memory[env.#noise + NOISE_BLOCK] = this.reward;
    return env;
  }

  /** Overwrites the arms and their means. */
  drawArms(rng: Rng): void {
    drawFeatures(rng, this.#setting.armLaw, this.#arms, this.#setting.dim);
    writeMeans(this.truth.means, this.#arms, this.#theta);
  }

  /** Arms of the coming step; after the last step those of a step that is never taken. Allocates one small generator. */
  #drawFreshArms(): void {
    this.drawArms(noiseRng(this.#noiseKey, 0, this.stepInEpisode, CHANNEL.arms));
  }
}

function drawTheta(rng: Rng, law: ThetaLaw, dim: number): Float64Array {
  const theta = new Float64Array(dim);
  for (let j = 0; j < dim; j++) theta[j] = law === "uniform01" ? rng.uniform() : rng.normal();
  return theta;
}

const row = new Float64Array(MAX_DIM); // one arm before it is scaled and rounded

/** Overwrites `arms` [A, d] row by row; storing into it rounds to float32. */
function drawFeatures(rng: Rng, law: ArmLaw, arms: Float32Array, dim: number): void {
  if (law === "uniform-cube") {
    for (let i = 0; i < arms.length; i++) arms[i] = 2 * rng.uniform() - 1;
  } else if (law === "gaussian") {
    for (let i = 0; i < arms.length; i++) arms[i] = rng.normal();
  } else {
    for (let start = 0; start < arms.length; start += dim) {
      let squares = 0;
      for (let j = 0; j < dim; j++) {
        row[j] = rng.normal();
        squares += row[j] * row[j];
      }
      const norm = Math.sqrt(squares);
      for (let j = 0; j < dim; j++) arms[start + j] = row[j] / norm;
    }
  }
}

/** means[a] = x_a . theta. */
function writeMeans(means: Float64Array, arms: Float32Array, theta: Float64Array): void {
  const dim = theta.length;
  for (let a = 0, i = 0; a < means.length; a++) {
    let mean = 0;
    for (let j = 0; j < dim; j++, i++) mean += arms[i] * theta[j];
    means[a] = mean;
  }
}
