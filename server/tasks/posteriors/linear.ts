/**
 * Linear bandits: the hidden vector theta given the rewards so far is normal, restricted to [0, 1]^d where its prior is uniform there. Samples of it say how probably each
 * arm is the best.
 *
 * Where the prior is normal they are drawn afresh at each step, independent: theta = mean + L'^-1 z, L L' the precision. Where it is uniform they come of Gibbs sampling,
 * an entry given the others being normal in [0, 1]; each of the samples is a chain of its own, which goes on from step to step: between two steps the law changes little.
 *
 * Source: Geman & Geman (1984); Robert (1995), Statistics and Computing 5, for normal variables in an interval.
 */
import { cholesky, solveLower, solveLowerTransposed } from "../../../common/cholesky.js";
import type { Rng } from "../../../common/rng.js";
import type { Prior } from "../task.js";
import type { Posterior, Shown } from "./posterior.js";

/** Sweeps of a chain before each law. */
const SWEEPS = 2;

/** Noise that is none is taken to be this. */
const LEAST_NOISE = 1e-6;

/** The posterior. Shapes: precision [d, d]; products of rewards with features [d]; samples [M, d]; arms [A, d]. */
export function linearPosterior(
  { theta: law, noiseStd, dim }: Extract<Prior, { type: "linear" }>,
  numActions: number,
  samples: number,
): Posterior {
  const variance = Math.max(noiseStd, LEAST_NOISE) ** 2;
  const precision = new Float64Array(dim * dim);
  const weighted = new Float64Array(dim);
  const thetas = new Float64Array(samples * dim);
  const arms = new Float64Array(numActions * dim);
  const lower = new Float64Array(dim * dim);
  const mean = new Float64Array(dim);
  let rng: Rng;

  function sampleNormal(): void {
    cholesky(precision, dim, lower);
    mean.set(weighted);
    solveLower(lower, mean);
    for (let m = 0; m < samples; m++) {
      const theta = thetas.subarray(m * dim, (m + 1) * dim);
      for (let j = 0; j < dim; j++) theta[j] = mean[j] + rng.normal();
      solveLowerTransposed(lower, theta); // L' theta = L^-1 b + z
    }
  }

  function sweepChains(): void {
    for (let m = 0; m < samples; m++) {
      const theta = thetas.subarray(m * dim, (m + 1) * dim);
      for (let sweep = 0; sweep < SWEEPS; sweep++) {
        for (let j = 0; j < dim; j++) {
          const own = precision[j * dim + j];
          let rest = weighted[j];
          for (let k = 0; k < dim; k++) if (k !== j) rest -= precision[j * dim + k] * theta[k];
          theta[j] = own === 0 ? rng.uniform() : normalInUnit(rest / own, 1 / Math.sqrt(own), rng);
        }
      }
    }
  }

  return {
    begin(_env, _noiseSeed, trialRng) {
      rng = trialRng;
      precision.fill(0);
      weighted.fill(0);
      if (law === "gaussian") for (let j = 0; j < dim; j++) precision[j * dim + j] = 1;
      for (let i = 0; i < thetas.length; i++) thetas[i] = rng.uniform();
    },
    beginEpisode() {},
    write(env, target) {
      arms.set(armsOf(env));
      if (law === "gaussian") sampleNormal();
      else sweepChains();
      target.fill(0);
      for (let m = 0; m < samples; m++) target[bestArm(arms, thetas, m * dim, dim)] += 1 / samples;
    },
    observe(action, { reward }) {
      for (let j = 0; j < dim; j++) {
        const feature = arms[action * dim + j];
        weighted[j] += (feature * reward) / variance;
        for (let k = 0; k < dim; k++) precision[j * dim + k] += (feature * arms[action * dim + k]) / variance;
      }
    },
  };
}

function armsOf({ trialFeatures, features }: Shown): Float32Array {
  return (trialFeatures ?? features) as Float32Array;
}

/** The arm whose product with a vector is the largest. */
function bestArm(arms: Float64Array, thetas: Float64Array, at: number, dim: number): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let a = 0; a * dim < arms.length; a++) {
    let product = 0;
    for (let j = 0; j < dim; j++) product += arms[a * dim + j] * thetas[at + j];
    if (product > most) {
      most = product;
      best = a;
    }
  }
  return best;
}

/** A normal variable of which it is known that it lies in [0, 1]. */
function normalInUnit(mean: number, std: number, rng: Rng): number {
  const [low, high] = [-mean / std, (1 - mean) / std];
  if (low > 0) return mean + std * normalAbove(low, high, rng);
  if (high < 0) return mean - std * normalAbove(-high, -low, rng);
  if (high - low < WIDE) {
    for (;;) {
      const z = low + (high - low) * rng.uniform();
      if (rng.uniform() < Math.exp(-0.5 * z * z)) return mean + std * z;
    }
  }
  for (;;) {
    const z = rng.normal();
    if (z >= low && z <= high) return mean + std * z;
  }
}

/** Where a normal variable itself is likelier to be taken than a uniform one: sqrt(2 pi). */
const WIDE = 2.5066;

/** A standard normal variable in [low, high], low > 0: from an exponential law in the tail, or a uniform one where the interval is narrow. */
function normalAbove(low: number, high: number, rng: Rng): number {
  const rate = (low + Math.sqrt(low * low + 4)) / 2;
  const narrow = high - low < 1 / rate;
  for (;;) {
    const z = narrow ? low + (high - low) * rng.uniform() : low - Math.log(rng.uniform()) / rate;
    if (z > high) continue;
    const accept = narrow ? Math.exp((low * low - z * z) / 2) : Math.exp(-0.5 * (z - rate) ** 2);
    if (rng.uniform() < accept) return z;
  }
}
