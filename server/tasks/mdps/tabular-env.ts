import { CHANNEL, categoricalFromUniform, type Key, keyFromSeed, noiseUniform } from "../../../common/rng.js";
import type { Env, Truth } from "../task.js";

/** The truth of a tabular MDP. */
export type MdpTruth = Extract<Truth, { type: "mdp" }>;

/**
 * An env that plays the tables of an MDP without terminal states: it shows its state, every episode starts in `startState` and
 * lasts `horizon` steps, the reward of (s, a) is `truth.rewards` itself, and the next state is the categorical transform of the
 * noise at (episode, step, channel transition). Many envs may share one truth.
 */
export function tabularEnv(truth: MdpTruth, startState: number, horizon: number, noiseSeed: bigint): Env {
  return new TabularEnv(truth, startState, horizon, keyFromSeed(noiseSeed));
}

class TabularEnv implements Env {
  readonly trialFeatures = undefined;
  readonly features = undefined;
  readonly truth: MdpTruth;
  stepInEpisode = 0;
  state: number;
  reward = 0;
  terminated = false;
  endReason: "" | "horizon" = "";
  readonly #startState: number;
  readonly #horizon: number;
  readonly #noiseKey: Key;
  readonly #numActions: number;
  #episode = 0;

  constructor(truth: MdpTruth, startState: number, horizon: number, noiseKey: Key) {
    this.truth = truth;
    this.state = startState;
    this.#startState = startState;
    this.#horizon = horizon;
    this.#noiseKey = noiseKey;
    this.#numActions = truth.rewards.length / truth.numStates;
  }

  get observation(): number {
    return this.state;
  }

  reset(episode: number): void {
    this.#episode = episode;
    this.state = this.#startState;
    this.stepInEpisode = 0;
    this.reward = 0;
    this.terminated = false;
    this.endReason = "";
  }

  step(action: number): void {
    const { numStates, transitions, rewards } = this.truth;
    const pair = this.state * this.#numActions + action;
    const u = noiseUniform(this.#noiseKey, this.#episode, this.stepInEpisode, CHANNEL.transition);
    this.reward = rewards[pair];
    this.state = categoricalFromUniform(u, transitions, pair * numStates, numStates);
    this.stepInEpisode += 1;
    if (this.stepInEpisode === this.#horizon) {
      this.terminated = true;
      this.endReason = "horizon";
    }
  }
}
