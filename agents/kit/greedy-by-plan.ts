import type { Trial, Turn } from "../../clients/typescript/define-agent.js";
import type { Rng } from "../../common/rng.js";
import { countMaxima, randomArgmax, writeArgmaxLaw } from "./argmax.js";
import { type Backup, backwardInduction } from "./backward-induction.js";

/** The acting half of a policy; `propensity` and `probabilities` are exact given the plan. */
export interface GreedyByPlan {
  propensity: number;
  act(turn: Turn): number;
  probabilities(turn: Turn, target: Float64Array): void;
}

/**
 * Plays a largest Q_h(s, a), ties at random, of a plan that is made by backward induction once an episode: at its first
 * turn, whether that asks for an action or for probabilities.
 *
 * Shapes: S states, A actions, H stages. Memory O(H S A); time H S A backups an episode, O(A) an action.
 *
 * @param begin called before each plan: to draw a model, say
 */
export function greedyByPlan(
  { numStates, numActions, horizon }: Trial,
  backup: Backup,
  rng: Rng,
  begin: () => void = () => {},
): GreedyByPlan {
  const q = new Float64Array(horizon * numStates * numActions); // [H, S, A]
  const values = new Float64Array(numStates);
  const scratch = new Float64Array(numStates);
  let plannedEpisode = -1;
  const offsetOf = ({ episode, step, state }: Turn): number => {
    if (episode !== plannedEpisode) {
      begin();
      values.fill(0);
      backwardInduction(numActions, horizon, backup, q, values, scratch);
      plannedEpisode = episode;
    }
    return (step * numStates + state) * numActions;
  };
  const policy: GreedyByPlan = {
    propensity: Number.NaN,
    act(turn) {
      const offset = offsetOf(turn);
      const ties = countMaxima(q, offset, numActions);
      policy.propensity = 1 / ties;
      return randomArgmax(q, offset, numActions, ties, rng);
    },
    probabilities: (turn, target) => writeArgmaxLaw(target, q, offsetOf(turn), numActions),
  };
  return policy;
}
