/** The policies of a session: turns observations into what policies see, and their choices into actions. */
import { IcrlError } from "../../common/errors.js";
import { rngFromSeed } from "../../common/rng.js";
import { boolElements, float32Elements, float32Tensor, int32Elements, int32Tensor } from "../../common/tensor.js";
import { trialShape } from "../../common/trial-shape.js";
import type { Actions, Observations, TrialStart } from "../../proto/gen/icrl/v1/environment.js";
import type { TaskDescription } from "../../proto/gen/icrl/v1/task.js";
import type { Tensor } from "../../proto/gen/icrl/v1/tensor.js";
import type { Agent, Policy } from "./define-agent.js";
import { trialOf } from "./trial-of.js";
import { moveOn, show, type TrialView, tell, viewOf } from "./trial-view.js";

/** One env's policy, and where it is. */
interface Seat {
  readonly policy: Policy;
  readonly view: TrialView;
}

/** The policies of one open, one for each env. */
export interface Policies {
  /**
   * Lets policies learn from what came of their last actions, replaces those whose trial ended, and chooses the next actions.
   * Undefined when no env wants one. The tensors share memory that the next call overwrites.
   */
  respond(observations: Observations): Actions | undefined;
}

/**
 * Policies of `agent`, its options resolved, for an opened task.
 *
 * @param wantProbabilities whether the probabilities of all actions are sent where they are known
 */
export function createPolicies(
  agent: Agent,
  options: Readonly<Record<string, unknown>>,
  task: TaskDescription,
  numEnvs: number,
  wantProbabilities: boolean,
): Policies {
  const space = task.observationSpace?.space;
  const discrete = space?.$case === "discrete";
  const armsSize = trialShape(task).freshArms ? task.numActions * trialShape(task).dim : 0;

  const seats: Seat[] = [];
  const acted = new Uint8Array(numEnvs);
  const actions = new Int32Array(numEnvs);
  const propensities = new Float32Array(numEnvs);
  const law = new Float64Array(task.numActions); // of one env's choice
  const laws = new Float32Array(wantProbabilities ? numEnvs * task.numActions : 0); // [N, A]
  const nowhere = new Uint8Array(numEnvs);
  const everywhere = new Uint8Array(numEnvs).fill(1);

  function startTrial({ env, trialFeatures, agentSeed }: TrialStart): void {
    const features = trialFeatures && float32Elements(trialFeatures, "trial_features").slice();
    const trial = trialOf(task, features);
    seats[env] = { policy: agent.create(trial, options, rngFromSeed(agentSeed)), view: viewOf(trial) };
  }

  function checkedAction(action: number): number {
    if (Number.isInteger(action) && action >= 0 && action < task.numActions) return action;
    throw new IcrlError(
      "ACTION_OUT_OF_RANGE",
      `agent "${agent.name}" chose ${action}: an action is an integer in [0, ${task.numActions})`,
      { action: String(action), num_actions: task.numActions },
    );
  }

  return {
    respond(observations) {
      const { reward, trialStarts } = observations;
      const rewards = reward ? float32Elements(reward, "reward") : undefined;
      const terminated = observations.terminated ? boolElements(observations.terminated, "terminated") : nowhere;
      const truncated = observations.truncated ? boolElements(observations.truncated, "truncated") : nowhere;
      const executed = observations.executedAction
        ? int32Elements(observations.executedAction, "executed_action")
        : actions;
      const active = observations.active ? boolElements(observations.active, "active") : everywhere;
      const ints = (tensor: Tensor | undefined, what: string) =>
        discrete && tensor !== undefined ? int32Elements(tensor, what) : undefined;
      const states = ints(observations.observation, "observation");
      const finalStates = ints(observations.finalObservation, "final_observation");
      const features =
        armsSize > 0 && observations.observation ? float32Elements(observations.observation, "observation") : undefined;
      let finalRow = 0;
      let nextStart = 0;
      let anyActive = false;
      let anyPropensity = false;
      let anyLaw = false;
      laws.fill(Number.NaN);
      // One pass, so that a policy learns and acts while its memory is at hand.
      for (let n = 0; n < numEnvs; n++) {
        if (acted[n] === 1 && rewards !== undefined) {
          const ends = terminated[n] === 1;
          const cut = truncated[n] === 1;
          const nextState = !discrete
            ? 0
            : ends || cut
              ? (finalStates as Int32Array)[finalRow]
              : (states as Int32Array)[n];
          if (ends || cut) finalRow += 1;
          const { policy, view } = seats[n];
          tell(view, executed[n], rewards[n], nextState, ends, cut);
          policy.observe?.(view);
          moveOn(view);
        }
        if (nextStart < trialStarts.length && trialStarts[nextStart].env === n) {
          startTrial(trialStarts[nextStart]);
          nextStart += 1;
        }
        acted[n] = active[n];
        actions[n] = 0;
        propensities[n] = Number.NaN;
        if (active[n] === 0) continue;
        anyActive = true;
        const { policy, view } = seats[n];
        show(view, states?.[n] ?? 0, features?.subarray(n * armsSize, (n + 1) * armsSize));
        if (wantProbabilities) {
          if (policy.probabilities === undefined) law.fill(Number.NaN);
          else policy.probabilities(view, law);
        }
        actions[n] = checkedAction(policy.act(view));
        let propensity = policy.propensity ?? Number.NaN;
        if (wantProbabilities) {
          if (Number.isNaN(law[0]) && propensity === 1) law.fill(0).fill(1, actions[n], actions[n] + 1); // a sure choice is a law
          if (Number.isNaN(propensity)) propensity = law[actions[n]];
          laws.set(law, n * task.numActions);
          if (!Number.isNaN(law[0])) anyLaw = true;
        }
        if (propensity === propensity) {
          propensities[n] = propensity;
          anyPropensity = true;
        }
      }
      if (!anyActive) return undefined;
      return {
        stepIndex: observations.stepIndex,
        actions: int32Tensor(actions, [numEnvs]),
        propensities: anyPropensity ? float32Tensor(propensities, [numEnvs]) : undefined,
        probabilities: anyLaw ? float32Tensor(laws, [numEnvs, task.numActions]) : undefined,
      };
    },
  };
}
