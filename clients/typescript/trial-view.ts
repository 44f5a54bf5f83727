/** What the policies of a trial are shown and told, wherever it comes from: a server, an env in this process, a log. */
import type { Arms, Outcome, Trial } from "./define-agent.js";

/** The turn that a trial is at, and once that is known what came of it. Overwritten by the next. */
export type TrialView = { -readonly [K in keyof Outcome]: Outcome[K] };

/** A trial at its first turn. */
export function viewOf(trial: Trial): TrialView {
  return {
    state: 0,
    arms: trial.arms ?? freshArms(trial),
    episode: 0,
    step: 0,
    action: 0,
    reward: 0,
    nextState: 0,
    terminated: false,
    truncated: false,
  };
}

/** Room for arms that each step shows anew; undefined where arms have no features. */
function freshArms({ numActions, dim }: Trial): Arms | undefined {
  return dim === 0 ? undefined : { data: new Float32Array(numActions * dim), rows: numActions, cols: dim };
}

/**
 * Shows what the coming action is chosen from.
 *
 * @param features of arms that this step shows anew, [A, d]; undefined where none are
 */
export function show(view: TrialView, state: number, features: Float32Array | undefined): void {
  view.state = state;
  if (features !== undefined) view.arms?.data.set(features);
}

/** Tells what came of an action, whoever chose it. */
export function tell(
  view: TrialView,
  action: number,
  reward: number,
  nextState: number,
  terminated: boolean,
  truncated: boolean,
): void {
  view.action = action;
  view.reward = reward;
  view.nextState = nextState;
  view.terminated = terminated;
  view.truncated = truncated;
}

/** Goes on from what was told to the next turn: the first of the next episode where one has ended. */
export function moveOn(view: TrialView): void {
  if (view.terminated || view.truncated) {
    view.episode += 1;
    view.step = 0;
  } else view.step += 1;
}
