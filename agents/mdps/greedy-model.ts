import { defineAgent, type Outcome } from "../../clients/typescript/define-agent.js";
import { number } from "../../common/options.js";
import { EmpiricalModel } from "../kit/empirical-model.js";
import { greedyByPlan } from "../kit/greedy-by-plan.js";

/**
 * Certainty equivalence: plans on the posterior means of a tabular MDP as if they were the truth, once an episode, and
 * explores only by chance.
 *
 *   Q_h(s, a) = r(s, a) + sum_s' P(s' | s, a) V_{h+1}(s')
 *   P(s' | s, a) = (prior_count + n(s, a, s')) / (S prior_count + N(s, a)), or 1 / S where that is 0 / 0
 *   r(s, a) = (prior_mean + sum of rewards) / (1 + N(s, a))
 *
 * the means of a Dirichlet(prior_count + n) and of a normal with prior N(prior_mean, 1) and noise of variance 1; for
 * rewards of 0 or 1 the latter is also the mean of prior Beta(prior_mean, 1 - prior_mean). The largest Q is played, ties
 * at random. States seen to end an episode before its horizon are worth nothing.
 *
 * On the priors: total rewards of "greedy" in the source (10 / 50 / 100 episodes) are 134.8 / 769.3 / 1578.5. They need
 * prior_mean 0, although the rewards' true prior mean is 1: with 1 it is 155 / 917 / 1884, as unseen actions then look
 * good. With prior_count 1, as PSRL has it, we get 137.6 / 755 / 1539 (2 % apart, three standard errors); with 0,
 * transitions as they were seen, 135.8 / 769.5 / 1575, which agrees. The source does not say which it had.
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
    prior_count: number({
      default: 1,
      min: 0,
      help: "prior visits of each successor; 0: transitions as they were seen",
    }),
  },
  create(trial, { prior_mean, prior_count }, rng) {
    const { numStates } = trial;
    const model = new EmpiricalModel(trial);
    let summedStage = -1; // the stage of which sumOfNext is; two in a row differ, but where H is 1 and the sum always 0
    let sumOfNext = 0; // sum_s V_{h+1}(s)
    const backup = (stage: number, state: number, action: number, next: Float64Array): number => {
      if (stage !== summedStage) {
        summedStage = stage;
        sumOfNext = next.reduce(add, 0);
      }
      if (model.ends[state] === 1) return 0;
      const pair = model.pairAt(stage, state, action);
      const n = model.visits[pair];
      const reward = (prior_mean + model.rewardSums[pair]) / (1 + n);
      const weight = prior_count * numStates + n;
      if (weight === 0) return reward + sumOfNext / numStates;
      return reward + (prior_count * sumOfNext + model.sum(pair, next)) / weight;
    };
    return Object.assign(greedyByPlan(trial, backup, rng), {
      observe: (outcome: Outcome) => model.learn(outcome, outcome.reward),
    });
  },
});

const add = (sum: number, value: number): number => sum + value;
