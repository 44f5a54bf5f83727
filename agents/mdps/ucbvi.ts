import { defineAgent, type Policy, type Trial } from "../../clients/typescript/define-agent.js";
import { IcrlError } from "../../common/errors.js";
import { boolean, choice, number } from "../../common/options.js";
import { countMaxima, randomArgmax } from "../kit/argmax.js";
import { backwardInduction } from "../kit/backward-induction.js";

/**
 * UCB-VI: optimism for tabular MDPs by value iteration on the empirical model plus a bonus, once an episode.
 *
 * With g steps to go (H at the first step), N visits of (s, a), empirical transitions P and mean reward r:
 *
 *   Q_h(s, a) = min(g, r(s, a) + bonus + sum_s' P(s' | s, a) V_{h+1}(s')), or g where (s, a) was never tried
 *   hoeffding: bonus = scale 2 H sqrt(L / N),  L = ln(S A T / delta),  T = K H
 *   bernstein: bonus = scale min(g, sqrt(Var_P(V_{h+1}) / N) + g / N)
 *
 * and the largest Q is played, ties at random. Rewards with known bounds are rescaled to [0, 1], which Q's clip at g needs.
 * States seen to end an episode before its horizon are worth no further reward.
 *
 * On the scale: with scale 1 the bonus of the theorem plays like random for thousands of episodes; RiverSwim's regret after 100
 * episodes (S = 6, H = 20; L of a run of K = 2,000) is 335 at random, 335 for hoeffding x 1, 78.5 for hoeffding x 0.02 and 48.1
 * for bernstein x 1, hence the default bonus. With hoeffding, start from a scale of 0.02.
 *
 * Shapes: S states, A actions, H steps an episode, K episodes. Memory O(S^2 A) (times H when stage_dependent); time
 * O(H S^2 A) an episode, O(A) an action.
 * Source: Azar, Osband & Munos (2017), algorithms 1 and 3.
 * Differs: scale; counts are shared by all stages unless stage_dependent; bernstein keeps the leading terms of the paper's
 * bonus without their logarithms; Q is not made to fall from plan to plan.
 */
export const ucbvi = defineAgent({
  name: "ucbvi",
  version: "1",
  summary: "UCB-VI: optimistic value iteration on the empirical model, once an episode.",
  source: "Azar, Osband & Munos (2017), algorithms 1 and 3",
  tasks: ["tabular-mdp"],
  options: {
    bonus: choice(["hoeffding", "bernstein"], { default: "bernstein", help: "family of the exploration bonus" }),
    scale: number({
      default: 1,
      min: 0,
      help: "factor of the bonus; for hoeffding 1 is the theorem's, 0.02 plays well",
    }),
    delta: number({ default: 0.1, min: 1e-12, max: 1, help: "probability of failure in hoeffding's logarithm" }),
    stage_dependent: boolean({ default: false, help: "whether each step of an episode has a model of its own" }),
  },
  create(trial, { bonus, scale, delta, stage_dependent }, rng) {
    const { numStates, numActions, horizon } = trial;
    const pairs = numStates * numActions;
    const models = stage_dependent ? horizon : 1;
    const visits = new Float64Array(models * pairs); // N, [models, S, A]
    const rewardSums = new Float64Array(models * pairs); // [models, S, A]
    const successors = new Float64Array(models * pairs * numStates); // [models, S, A, S]
    const ends = new Uint8Array(numStates); // [S], 1 where an episode was seen to end before its horizon
    const q = new Float64Array(horizon * pairs); // [H, S, A]
    const values = new Float64Array(numStates);
    const scratch = new Float64Array(numStates);
    const { rescale, nothing } = unitRewards(trial);
    const logTerm = Math.log((pairs * trial.episodes * horizon) / delta);
    const hoeffding = scale * 2 * horizon * Math.sqrt(logTerm);

    const optimisticBackup = (stage: number, state: number, action: number, next: Float64Array): number => {
      const toGo = horizon - stage;
      if (ends[state] === 1) return toGo * nothing;
      const pair = ((stage_dependent ? stage : 0) * numStates + state) * numActions + action;
      const n = visits[pair];
      if (n === 0) return toGo;
      const row = pair * numStates;
      let expected = 0;
      for (let s = 0; s < numStates; s++) expected += successors[row + s] * next[s];
      expected /= n;
      let width: number;
      if (bonus === "hoeffding") width = hoeffding / Math.sqrt(n);
      else {
        let variance = 0;
        for (let s = 0; s < numStates; s++) variance += successors[row + s] * (next[s] - expected) ** 2;
        width = scale * Math.min(toGo, Math.sqrt(variance) / n + toGo / n); // sqrt((variance / n) / n)
      }
      return Math.min(toGo, rewardSums[pair] / n + width + expected);
    };

    let plannedEpisode = -1;
    const policy: Policy & { propensity: number } = {
      propensity: Number.NaN,
      act({ state, episode, step }) {
        if (episode !== plannedEpisode) {
          values.fill(0);
          backwardInduction(numActions, horizon, optimisticBackup, q, values, scratch);
          plannedEpisode = episode;
        }
        const offset = (step * numStates + state) * numActions;
        const ties = countMaxima(q, offset, numActions);
        policy.propensity = 1 / ties;
        return randomArgmax(q, offset, numActions, ties, rng);
      },
      observe({ state, step, action, reward, nextState, terminated }) {
        const pair = ((stage_dependent ? step : 0) * numStates + state) * numActions + action;
        visits[pair] += 1;
        rewardSums[pair] += rescale(reward);
        successors[pair * numStates + nextState] += 1;
        if (terminated && step + 1 < horizon) ends[nextState] = 1;
      },
    };
    return policy;
  },
});

/**
 * The map from rewards to [0, 1], and what it makes of no reward.
 * @throws TASK_UNSUPPORTED if rewards have no known bounds
 */
function unitRewards({ task, reward: { min, max } }: Trial): { rescale: (reward: number) => number; nothing: number } {
  if (min === undefined || max === undefined) {
    const bounds = `[${min ?? "unbounded"}, ${max ?? "unbounded"}]`;
    throw new IcrlError(
      "TASK_UNSUPPORTED",
      `ucbvi does not play "${task}" whose rewards are in ${bounds}: it needs a task with bounded rewards`,
    );
  }
  const width = max > min ? max - min : 1;
  const rescale = (reward: number): number => (reward - min) / width;
  return { rescale, nothing: rescale(0) };
}
