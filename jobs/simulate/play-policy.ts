/** The loop of a trial in this process: a policy, and what it is played in. */
import { moveOn, type Seat, show, tell } from "../../clients/typescript/seat.js";

/** What a trial is played in: an env, or what was recorded of one. Its fields are what the last `reset` or `step` left. */
export interface World {
  /** Observed state; 0 where none is. */
  readonly observation: number;
  /** Features of arms that are drawn anew at each step, [A, d]; undefined where none are. */
  readonly features: Float32Array | undefined;
  readonly reward: number;
  readonly terminated: boolean;
  /** Whether the last step was its episode's last, though the task did not end it. */
  readonly truncated?: boolean;
  /** Starts episode `episode` (from 0). */
  reset(episode: number): void;
  step(action: number): void;
}

/** One step as the policy saw it, and what it was judged to cost. The object is reused. */
export type Step = Seat["at"] & {
  choice: number;
  propensity: number;
  /** NaN where nobody judges. */
  regret: number;
  /** Probability of each action, [A], where they are asked for; NaN where unknown. */
  probabilities: Float64Array;
};

/** How a policy is played. */
export interface PlaySetup {
  readonly episodes: number;
  readonly numActions: number;
  /** Executed in place of the policy's choice, by step of the trial. */
  readonly forced?: ((t: number) => number) | undefined;
  /** Whether the policy is asked for its probabilities before each choice. */
  readonly asksProbabilities?: boolean | undefined;
  /** What an action costs that is about to be taken, by its step in the episode. */
  readonly regretOf?: (step: number, action: number) => number;
}

/** Plays a trial step by step. Arms that a step showed are scribbled over before the next. */
export function* playPolicy(world: World, seat: Seat, setup: PlaySetup): Generator<Step, void, void> {
  const { policy } = seat;
  const { episodes, numActions, forced, asksProbabilities = false, regretOf } = setup;
  const at: Step = Object.assign(seat.at, {
    choice: 0,
    propensity: 0,
    regret: Number.NaN,
    probabilities: new Float64Array(numActions).fill(Number.NaN),
  });
  const isOver = (): boolean => world.terminated || world.truncated === true;
  let t = 0;
  for (let episode = 0; episode < episodes; episode++) {
    world.reset(episode);
    while (!isOver()) {
      show(seat, world.observation, world.features);
      if (asksProbabilities) policy.probabilities?.(at, at.probabilities);
      at.choice = policy.act(at);
      at.propensity = policy.propensity ?? Number.NaN;
      const action = forced === undefined ? at.choice : forced(t);
      if (regretOf !== undefined) at.regret = regretOf(at.step, action);
      world.step(action);
      tell(seat, action, world.reward, world.observation, world.terminated, world.truncated === true);
      yield at;
      if (world.features !== undefined) at.arms?.data.fill(Number.NaN);
      moveOn(seat);
      t += 1;
    }
  }
}
