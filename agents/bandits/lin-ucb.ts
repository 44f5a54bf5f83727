import { type Arms, defineAgent, type Policy } from "../../clients/typescript/define-agent.js";
import { choice, number } from "../../common/options.js";
import type { Rng } from "../../common/rng.js";
import { addRankOneToInverse } from "../kit/add-rank-one-to-inverse.js";
import { armRidge } from "../kit/arm-ridge.js";

/**
 * LinUCB: optimism for linear bandits.
 *
 * Plays argmax_a  x_a . theta + alpha sqrt(x_a' V^-1 x_a)  with  V = ridge I + sum x x'  and  theta = V^-1 sum r x,
 * lowest index on ties. Where the arms are fixed for the trial, estimate and width of every arm are kept up to date
 * instead of being computed anew (agents/kit/arm-ridge.ts): the same algebra, faster by a factor of d.
 *
 * Shapes: A arms, d features. Fixed arms: memory O(d^2 + A d), time O(d^2 + A d) a step. Arms drawn afresh: memory
 * O(d^2), time O(A d^2) a step.
 * Source: Li, Chu, Langford & Schapire (2010), algorithm 1; Lin, Bai & Mei (2023), section 4.1 (alpha 2, ridge 1, first
 * action uniform).
 * Differs: alpha is a constant, not the confidence radius of the theorem; one theta for all arms ("shared" features
 * only).
 */
export const linUcb = defineAgent({
  name: "lin-ucb",
  version: "1",
  summary: "LinUCB: optimism for linear bandits.",
  source: "Li, Chu, Langford & Schapire (2010), algorithm 1; Lin, Bai & Mei (2023), section 4.1",
  tasks: ["linear"],
  options: {
    alpha: number({ default: 2, min: 0, help: "width of the confidence ellipsoid, in reward units" }),
    ridge: number({ default: 1, min: 1e-9, help: "prior precision of each weight" }),
    first_action: choice(["uniform", "greedy"], {
      default: "uniform",
      help: "before any reward is seen: an arm at random, or the formula's own choice",
    }),
  },
  create({ dim, numActions, arms }, { alpha, ridge, first_action }, rng) {
    const firstRng = first_action === "uniform" ? rng : undefined;
    return arms === undefined
      ? freshArmsPolicy(dim, alpha, ridge, firstRng)
      : fixedArmsPolicy(arms, numActions, alpha, ridge, firstRng);
  },
});

/** With arms that stay: the next choice is known as soon as the reward is. */
function fixedArmsPolicy(
  arms: Arms,
  numActions: number,
  alpha: number,
  ridge: number,
  firstRng: Rng | undefined,
): Policy {
  const { start, learn, optimistic } = armRidge(arms.cols, numActions);
  const state = start(arms.data, ridge);
  let next = firstRng?.integer(numActions) ?? optimistic(state, alpha);
  const policy: Policy & { propensity: number } = {
    propensity: firstRng === undefined ? 1 : 1 / numActions,
    act: () => next,
    probabilities(_turn, target) {
      if (policy.propensity === 1) target.fill(0)[next] = 1;
      else target.fill(policy.propensity); // the first action, drawn already, is any of them
    },
    observe({ action, reward }) {
      next = learn(state, action, reward, alpha);
      policy.propensity = 1;
    },
  };
  return policy;
}

/** With arms drawn afresh at each step. */
function freshArmsPolicy(dim: number, alpha: number, ridge: number, firstRng: Rng | undefined): Policy {
  const inverse = new Float64Array(dim * dim); // [d, d]
  for (let i = 0; i < dim; i++) inverse[i * dim + i] = 1 / ridge;
  const theta = new Float64Array(dim);
  const x = new Float64Array(dim);
  const gain = new Float64Array(dim);
  let seen = 0;

  /** x_a . theta + alpha sqrt(x_a' V^-1 x_a) */
  const optimisticValue = (data: Float32Array, row: number): number => {
    let estimate = 0;
    let width = 0;
    for (let i = 0; i < dim; i++) {
      let projection = 0;
      for (let j = 0; j < dim; j++) projection += inverse[i * dim + j] * data[row + j];
      estimate += data[row + i] * theta[i];
      width += data[row + i] * projection;
    }
    return estimate + alpha * Math.sqrt(width);
  };

  const greatest = ({ data, rows }: Arms): number => {
    let best = -Infinity;
    let choice = 0;
    for (let a = 0; a < rows; a++) {
      const value = optimisticValue(data, a * dim);
      if (value > best) {
        best = value;
        choice = a;
      }
    }
    return choice;
  };

  const policy: Policy & { propensity: number } = {
    propensity: 1,
    act({ arms }) {
      const now = arms as Arms;
      if (seen === 0 && firstRng !== undefined) {
        policy.propensity = 1 / now.rows;
        return firstRng.integer(now.rows);
      }
      policy.propensity = 1;
      return greatest(now);
    },
    probabilities({ arms }, target) {
      if (seen === 0 && firstRng !== undefined) target.fill(1 / target.length);
      else target.fill(0)[greatest(arms as Arms)] = 1;
    },
    observe({ arms, action, reward }) {
      const { data } = arms as Arms;
      let error = reward;
      for (let i = 0; i < dim; i++) {
        x[i] = data[action * dim + i];
        error -= x[i] * theta[i];
      }
      addRankOneToInverse(inverse, x, gain);
      for (let i = 0; i < dim; i++) theta[i] += error * gain[i];
      seen += 1;
    },
  };
  return policy;
}
