/** How a policy is led through a trial, wherever what happens comes from: a server, an env in this process, a log. */
import { rngFromSeed } from "../../common/rng.js";
import type { Agent, Arms, Outcome, Policy, Trial } from "./define-agent.js";

/** A policy in its trial. */
export interface Seat {
  readonly policy: Policy;
  /** The turn it is at, and once that is known what came of it. Overwritten by the next. */
  readonly at: { -readonly [K in keyof Outcome]: Outcome[K] };
}

/**
 * An agent's policy at the first turn of a trial.
 *
 * @param options resolved
 * @param seed of all its randomness
 */
export function takeSeat(agent: Agent, options: Readonly<Record<string, unknown>>, trial: Trial, seed: bigint): Seat {
  return {
    policy: agent.create(trial, options, rngFromSeed(seed)),
    at: {
      state: 0,
      arms: trial.arms ?? freshArms(trial),
      episode: 0,
      step: 0,
      action: 0,
      reward: 0,
      nextState: 0,
      terminated: false,
      truncated: false,
    },
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
export function show({ at }: Seat, state: number, features: Float32Array | undefined): void {
  at.state = state;
  if (features !== undefined) at.arms?.data.set(features);
}

/** Tells what came of an action, whoever chose it. */
export function tell(
  { policy, at }: Seat,
  action: number,
  reward: number,
  nextState: number,
  terminated: boolean,
  truncated: boolean,
): void {
  at.action = action;
  at.reward = reward;
  at.nextState = nextState;
  at.terminated = terminated;
  at.truncated = truncated;
  policy.observe?.(at);
}

/** Goes on from what was told to the next turn: the first of the next episode where one has ended. */
export function moveOn({ at }: Seat): void {
  if (at.terminated || at.truncated) {
    at.episode += 1;
    at.step = 0;
  } else at.step += 1;
}
