import { defineAgent, type Outcome } from "../../clients/typescript/define-agent.js";
import { boolean, choice, number } from "../../common/options.js";
import { EmpiricalModel } from "../kit/empirical-model.js";
import { greedyByPlan } from "../kit/greedy-by-plan.js";
import { unitRewards } from "../kit/unit-rewards.js";

/**
 * UCB-VI: optimism for tabular MDPs by value iteration on the empirical model plus a bonus, once an episode.
 *
 * With g steps to go (H at the first step), N visits of (s, a), empirical transitions P and mean reward r:
 *
 *   Q_h(s, a) = min(g, r(s, a) + bonus + sum_s' P(s' | s, a) V_{h+1}(s')), or g where (s, a) was never tried
 *   hoeffding:            bonus = scale 2 H sqrt(L / N),  L = ln(S A T / delta),  T = K H
 *   bernstein:            bonus = scale min(g, sqrt(Var_P(V_{h+1}) / N) + g / N)
 *   simplified-bernstein: bonus = scale min(g, sqrt(1 / N) + g / N)
 *
 * and the largest Q is played, ties at random. Rewards with known bounds are rescaled to [0, 1], which Q's clip at g
 * needs; tasks without bounds are refused. States seen to end an episode before its horizon are worth no further
 * reward.
 *
 * On the scale: with scale 1 the bonus of the theorem plays like random for thousands of episodes; RiverSwim's regret
 * after 100 episodes (S = 6, H = 20; L of a run of K = 2,000) is 335 at random, 335 for hoeffding x 1, 78.5 for
 * hoeffding x 0.02, 64.6 for simplified-bernstein x 1 and 48.1 for bernstein x 1, hence the default bonus. With
 * hoeffding, start from a scale of 0.02.
 *
 * Shapes: S states, A actions, H steps an episode, K episodes, B successors seen of a pair (at most S). Memory
 * O(S A (H + B)), O(H S A B) when stage_dependent; time O(H S A B) an episode, O(A + B) an action.
 * Source: Azar, Osband & Munos (2017), algorithms 1 to 4; Lin, Bai & Mei (2023) for hoeffding's constants.
 * Differs: scale; counts are shared by all stages unless stage_dependent; bernstein keeps the leading terms of the
 * bonus of Azar et al. without their constants and logarithms; Q is not made to fall from plan to plan.
 */
export const ucbvi = defineAgent({
  name: "ucbvi",
  version: "1",
  summary: "UCB-VI: optimistic value iteration on the empirical model, once an episode.",
  source: "Azar, Osband & Munos (2017), algorithms 1 to 4; Lin, Bai & Mei (2023)",
  tasks: ["tabular-mdp"],
  options: {
    bonus: choice(["hoeffding", "bernstein", "simplified-bernstein"], {
      default: "bernstein",
      help: "family of the exploration bonus",
    }),
    scale: number({
      default: 1,
      min: 0,
      help: "factor of the bonus; for hoeffding 1 is the theorem's, 0.02 plays well",
    }),
    delta: number({ default: 0.1, min: 1e-12, max: 1, help: "probability of failure in hoeffding's logarithm" }),
    stage_dependent: boolean({ default: false, help: "whether each step of an episode has a model of its own" }),
  },
  create(trial, { bonus, scale, delta, stage_dependent }, rng) {
    const { numStates, numActions, horizon, episodes } = trial;
    const { toUnit } = unitRewards("ucbvi", trial);
    const nothing = toUnit(0);
    const model = new EmpiricalModel(trial, stage_dependent);
    const logTerm = Math.log((numStates * numActions * episodes * horizon) / delta);
    const hoeffding = scale * 2 * horizon * Math.sqrt(logTerm);

    const optimisticBackup = (stage: number, state: number, action: number, next: Float64Array): number => {
      const toGo = horizon - stage;
      if (model.ends[state] === 1) return toGo * nothing;
      const pair = model.pairAt(stage, state, action);
      const n = model.visits[pair];
      if (n === 0) return toGo;
      const expected = model.sum(pair, next) / n;
      let width: number;
      if (bonus === "hoeffding") width = hoeffding / Math.sqrt(n);
      else {
        const squares = bonus === "bernstein" ? model.sumOfSquares(pair, next, expected) : n; // N Var
        width = scale * Math.min(toGo, Math.sqrt(squares) / n + toGo / n); // sqrt((squares / n) / n)
      }
      return Math.min(toGo, model.rewardSums[pair] / n + width + expected);
    };

    return Object.assign(greedyByPlan(trial, optimisticBackup, rng), {
      observe: (outcome: Outcome) => model.learn(outcome, toUnit(outcome.reward)),
    });
  },
});
