/** The loop of a trial in this process: a policy, and what it is played in. */
import type { Policy } from "../../clients/typescript/define-agent.js";
import { moveOn, show, type TrialView, tell } from "../../clients/typescript/trial-view.js";
import type { Oracle } from "../../server/tasks/oracle.js";

/** What a trial is played in: an env, or what was recorded of one. Its fields are what the last `reset` or `step` left. */
export interface World {
  /** Observed state; 0 where none is. */
  readonly observation: number;
  /** What an oracle judges by; 0 for bandits. */
  readonly state: number;
  /** Features of arms that are drawn anew at each step, [A, d]; undefined where none are. */
  readonly features: Float32Array | undefined;
  readonly reward: number;
  readonly terminated: boolean;
  /** Starts episode `episode` (from 0). */
  reset(episode: number): void;
  step(action: number): void;
}

/** One step, and what it was judged to cost. The object is reused. */
export interface Step {
  /** As the policy saw it. */
  readonly view: TrialView;
  /** What the policy chose; `view.action` is what was done. */
  choice: number;
  propensity: number;
  /** NaN where nobody judges. */
  regret: number;
  /** Probability of each action, [A], where they are asked for; NaN where unknown. */
  readonly probabilities: Float64Array;
}

/** How a policy is played. */
export interface PlaySetup {
  readonly episodes: number;
  readonly numActions: number;
  /** Whether the last step was its episode's last though the task did not end it: never, where it is not given. */
  readonly truncated?: () => boolean;
  /** Executed in place of the policy's choice, by step of the trial. */
  readonly forced?: ((t: number) => number) | undefined;
  /** Whether the policy is asked for its probabilities before each choice. */
  readonly asksProbabilities?: boolean | undefined;
  /** Judges each action before it is taken. */
  readonly oracle?: Oracle;
}

/**
 * Plays a trial step by step, from its first turn. Arms that a step showed are scribbled over before the next.
 *
 * @param view the trial at its first turn
 */
export function* playPolicy(
  world: World,
  policy: Policy,
  view: TrialView,
  setup: PlaySetup,
): Generator<Step, void, void> {
  const { episodes, numActions, truncated, forced, asksProbabilities = false, oracle } = setup;
  const probabilities = new Float64Array(numActions).fill(Number.NaN);
  const step: Step = { view, choice: 0, propensity: 0, regret: Number.NaN, probabilities };
  let t = 0;
  for (let episode = 0; episode < episodes; episode++) {
    world.reset(episode);
    oracle?.beginEpisode();
    const fresh = world.features === undefined ? undefined : view.arms?.data;
    for (let over = world.terminated || truncated?.() === true; !over; t++) {
      show(view, world.observation, world.features);
      if (asksProbabilities) policy.probabilities?.(view, probabilities);
      step.choice = policy.act(view);
      step.propensity = policy.propensity ?? Number.NaN;
      const action = forced === undefined ? step.choice : forced(t);
      if (oracle !== undefined) {
        oracle.judge(view.step, world.state, action);
        step.regret = oracle.regret;
      }
      world.step(action);
      tell(view, action, world.reward, world.observation, world.terminated, truncated?.() === true);
      policy.observe?.(view);
      over = view.terminated || view.truncated;
      yield step;
      fresh?.fill(Number.NaN);
      moveOn(view);
    }
  }
}
