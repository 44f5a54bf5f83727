import { defineAgent, type Trial } from "../../clients/typescript/define-agent.js";
import { choice, number } from "../../common/options.js";
import type { Rng } from "../../common/rng.js";
import { dot } from "../kit/dot.js";
import { EmpiricalModel } from "../kit/empirical-model.js";
import { greedyByPlan } from "../kit/greedy-by-plan.js";
import { sampleBeta } from "../kit/sample-beta.js";
import { sampleDirichlet } from "../kit/sample-dirichlet.js";
import { unitRewards } from "../kit/unit-rewards.js";

/**
 * Posterior sampling for tabular MDPs (PSRL): before each episode a whole MDP is drawn from the posterior, solved, and
 * its optimal policy played to the episode's end.
 *
 *   P(. | s, a) ~ Dirichlet(1 + n(s, a, .)),   Q_h(s, a) = r(s, a) + sum_s' P(s' | s, a) V_{h+1}(s')
 *   gaussian:  r(s, a) ~ N((prior_mean + sum of rewards) / (1 + N), 1 / (1 + N)): prior N(prior_mean, 1), noise variance 1
 *   beta:      r(s, a) ~ Beta(1 + sum of rewards, 1 + N - sum of rewards)
 *   empirical: r(s, a) is the average reward where N > 0, else uniform over [0, 1]
 *
 * and the largest Q is played, ties at random. Where rewards have other known bounds than [0, 1], beta rescales by them
 * and empirical draws over them; without bounds both refuse. `auto` is gaussian, beta or empirical for rewards that are
 * gaussian, bernoulli or deterministic. States seen to end an episode before its horizon are worth nothing.
 *
 * The probability of its choices has no closed form: propensities are unknown.
 *
 * Shapes: S states, A actions, H steps an episode, B successors seen of a pair (at most S). Memory O(S A (H + B)), and
 * O(S^2 A) once for all policies of the process; time O(S^2 A) draws and O(H S^2 A) an episode, O(A + B) an action.
 * Nothing is allocated by an episode.
 * Source: Strens (2000); Osband, Russo & Van Roy (2013), algorithm PSRL.
 */
export const psrl = defineAgent({
  name: "psrl",
  version: "1",
  summary: "Posterior sampling: solves a model drawn from the posterior, once an episode.",
  source: "Strens (2000); Osband, Russo & Van Roy (2013)",
  tasks: ["tabular-mdp"],
  options: {
    rewards: choice(["auto", "gaussian", "beta", "empirical"], {
      default: "auto",
      help: "posterior of mean rewards; auto goes by the task's kind of rewards",
    }),
    prior_mean: number({ default: 0, help: "prior mean of each reward, for gaussian" }),
  },
  create(trial, { rewards, prior_mean }, rng) {
    const { numStates } = trial;
    const pairs = numStates * trial.numActions;
    const seen = new EmpiricalModel(trial);
    const drawReward = rewardPosterior(trial, seen, rewards, prior_mean, rng);

    const rewardsAt = pairs * numStates; // P [S, A, S], then r [S, A]
    let model = drawn;
    const draw = (): void => {
      if (drawn.length < rewardsAt + pairs) drawn = new Float64Array(rewardsAt + pairs);
      model = drawn.fill(1, 0, rewardsAt);
      for (let pair = 0; pair < pairs; pair++) {
        const row = pair * numStates;
        seen.addCounts(pair, model, row);
        sampleDirichlet(model, model, row, numStates, rng);
        model[rewardsAt + pair] = drawReward(pair);
      }
    };
    const backup = (stage: number, state: number, action: number, next: Float64Array): number => {
      if (seen.ends[state] === 1) return 0;
      const pair = seen.pairAt(stage, state, action);
      return model[rewardsAt + pair] + dot(model, pair * numStates, next);
    };
    const { act } = greedyByPlan(trial, backup, rng, draw);
    return { act, observe: (outcome) => seen.learn(outcome, outcome.reward) };
  },
});

/** The model drawn last, of whichever policy: none needs its own for longer than a plan takes. */
let drawn = new Float64Array(0);

const FAMILY_OF_KIND = { gaussian: "gaussian", bernoulli: "beta", deterministic: "empirical" } as const;

/** Draws the mean reward of a pair from its posterior. */
function rewardPosterior(
  trial: Trial,
  { visits, rewardSums }: EmpiricalModel,
  rewards: "auto" | "gaussian" | "beta" | "empirical",
  priorMean: number,
  rng: Rng,
): (pair: number) => number {
  const family = rewards === "auto" ? FAMILY_OF_KIND[trial.reward.kind] : rewards;
  if (family === "gaussian") {
    return (pair) => {
      const n = 1 + visits[pair];
      return (priorMean + rewardSums[pair]) / n + rng.normal() / Math.sqrt(n);
    };
  }
  const { min, width } = unitRewards(`psrl with ${family} rewards`, trial);
  if (family === "beta") {
    return (pair) => {
      const successes = (rewardSums[pair] - visits[pair] * min) / width;
      return min + width * sampleBeta(1 + successes, 1 + visits[pair] - successes, rng);
    };
  }
  return (pair) => (visits[pair] > 0 ? rewardSums[pair] / visits[pair] : min + width * rng.uniform());
}
