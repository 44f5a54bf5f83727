import { defineAgent, type Outcome } from "../../clients/typescript/define-agent.js";
import { number } from "../../common/options.js";
import { EmpiricalModel } from "../kit/empirical-model.js";
import { greedyByPlan } from "../kit/greedy-by-plan.js";

/**
 * Certainty equivalence: plans on the posterior means of a tabular MDP as if they were the truth, once an episode, and
 * explores only by chance.
 *
 *   Q_h(s, a) = r(s, a) + sum_s' P(s' | s, a) V_{h+1}(s')
 *   P(s' | s, a) = (1 + n(s, a, s')) / (S + N(s, a)),   r(s, a) = (prior_mean + sum of rewards) / (1 + N(s, a))
 *
 * the means of a Dirichlet(1 + n) and of a normal with prior N(prior_mean, 1) and noise of variance 1; for rewards of 0
 * or 1, the latter is also that of a Beta(prior_mean, 1 - prior_mean). The largest Q is played, ties at random. States
 * seen to end an episode before its horizon are worth nothing.
 *
 * Shapes: S states, A actions, H steps an episode, B successors seen of a pair (at most S). Memory O(S A (H + B)); time
 * O(H S A B) an episode, O(A + B) an action.
 * Source: Duan et al. (2016), "RL^2", table 2, "greedy".
 */
export const greedyModel = defineAgent({
  name: "greedy-model",
  version: "1",
  summary: "Plans on the posterior means of the model, once an episode.",
  source: 'Duan et al. (2016), "RL^2", table 2, "greedy"',
  tasks: ["tabular-mdp"],
  options: {
    prior_mean: number({ default: 0, help: "prior mean of each reward, worth one visit" }),
  },
  create(trial, { prior_mean }, rng) {
    const { numStates } = trial;
    const model = new EmpiricalModel(trial);
    let nextStage = 0;
    let sumOfNext = 0;
    const backup = (stage: number, state: number, action: number, next: Float64Array): number => {
      if (stage + 1 !== nextStage) {
        nextStage = stage + 1;
        sumOfNext = next.reduce((sum, value) => sum + value, 0);
      }
      if (model.ends[state] === 1) return 0;
      const pair = model.pairAt(stage, state, action);
      const n = model.visits[pair];
      const reward = (prior_mean + model.rewardSums[pair]) / (1 + n);
      return reward + (sumOfNext + model.sum(pair, next)) / (numStates + n);
    };
    return Object.assign(greedyByPlan(trial, backup, rng), {
      observe: (outcome: Outcome) => model.learn(outcome, outcome.reward),
    });
  },
});
