/** Bandits of independent arms: each arm's mean has a law of its own, and which is the largest is found by quadrature, exact to 1e-12 or so. */
import { probabilityOfLargestBeta } from "../../../common/largest-beta.js";
import { probabilityOfLargestNormal } from "../../../common/largest-normal.js";
import { probabilityOfLargestTruncatedNormal } from "../../../common/largest-truncated-normal.js";
import type { Prior } from "../task.js";
import type { Posterior } from "./posterior.js";

/** Noise that is none would make a mean known after one step: it is taken to be this. */
const LEAST_NOISE = 1e-6;

/** The posterior. Shapes: counts and sums of rewards [A]. */
export function armsPosterior(prior: Extract<Prior, { type: "beta" | "normal" }>, numActions: number): Posterior {
  const pulls = new Float64Array(numActions);
  const rewardSums = new Float64Array(numActions);
  const write = prior.type === "beta" ? betaLaw(prior, pulls, rewardSums) : normalLaw(prior, pulls, rewardSums);
  return {
    begin() {
      pulls.fill(0);
      rewardSums.fill(0);
    },
    beginEpisode() {},
    write: (_env, target) => write(target),
    observe(action, { reward }) {
      pulls[action] += 1;
      rewardSums[action] += reward;
    },
  };
}

type WriteLaw = (target: Float64Array) => void;

function betaLaw(
  { alpha, beta }: Extract<Prior, { type: "beta" }>,
  pulls: Float64Array,
  rewardSums: Float64Array,
): WriteLaw {
  const shapes = new Float64Array(2 * pulls.length); // [A, 2]
  return (target) => {
    for (let a = 0; a < pulls.length; a++) {
      shapes[2 * a] = alpha + rewardSums[a];
      shapes[2 * a + 1] = beta + pulls[a] - rewardSums[a];
    }
    probabilityOfLargestBeta(shapes, target);
  };
}

function normalLaw(
  { means: law, noiseStd }: Extract<Prior, { type: "normal" }>,
  pulls: Float64Array,
  rewardSums: Float64Array,
): WriteLaw {
  const variance = Math.max(noiseStd, LEAST_NOISE) ** 2;
  const priorPrecision = law === "gaussian" ? 1 : 0; // of a uniform law its ends say all
  const means = new Float64Array(pulls.length);
  const stds = new Float64Array(pulls.length);
  return (target) => {
    for (let a = 0; a < pulls.length; a++) {
      const precision = priorPrecision + pulls[a] / variance;
      means[a] = precision === 0 ? 0.5 : rewardSums[a] / variance / precision;
      stds[a] = 1 / Math.sqrt(precision);
    }
    if (law === "gaussian") probabilityOfLargestNormal(means, stds, target);
    else probabilityOfLargestTruncatedNormal(means, stds, target);
  };
}
