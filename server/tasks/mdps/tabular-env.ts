import {
  CHANNEL,
  categoricalFromUniform,
  type Key,
  keyFromSeed,
  noiseNormal,
  noiseUniform,
} from "../../../common/rng.js";
import { solvingWork } from "../backward-induction.js";
import { uniformStepWork } from "../oracle.js";
import type { Env, RewardSpec, TaskCost, Truth } from "../task.js";

/** The truth of a tabular MDP. */
export type MdpTruth = Extract<Truth, { type: "mdp" }>;

/** An MDP to be played. */
export interface TabularSetup {
  /** Many envs may share one. */
  readonly truth: MdpTruth;
  /** Most steps of an episode, H. */
  readonly horizon: number;
  /**
   * How the reward of (s, a) comes from its mean, `truth.rewards`: the mean itself (which must be a float32 value); 1 with that
   * probability, else 0; or the mean plus normal noise. Where the truth has `paid`, the candidate that was drawn says it (a float32 value).
   */
  readonly reward: Pick<RewardSpec, "kind" | "noiseStd">;
  readonly noiseSeed: bigint;
  /** What is shown in each state, [S]; absent: the state itself. */
  readonly observations?: Int32Array;
}

/**
 * An env that plays the tables of an MDP. An episode ends in a terminal state ("goal"), or after `horizon` steps.
 *
 * Noise, by (episode, step, channel): the next state is the categorical transform of channel transition over the candidates of
 * (s, a), a Bernoulli reward is 1 where channel reward's uniform is below the mean, normal noise is channel reward's, and where
 * several states can be the first, it is the categorical transform of (episode, 0, channel start). What is certain draws nothing.
 */
export function tabularEnv(setup: TabularSetup): Env {
  return new TabularEnv(setup);
}

/** What a tabular MDP costs. */
export function tabularCost(mdp: {
  /** Operations of drawing the tables of an instance. */
  readonly draws: number;
  /** S A. */
  readonly pairs: number;
  /** S A B. */
  readonly candidates: number;
  readonly horizon: number;
  /** Most rows of a plan. */
  readonly rows: number;
  /** Bytes of what an instance holds alone. */
  readonly bytes: number;
}): TaskCost {
  const { draws, pairs, candidates, horizon, rows, bytes } = mdp;
  const instance = draws + solvingWork(pairs, candidates, rows);
  return {
    instance,
    step: 250 + (2 * candidates) / pairs,
    uniform: instance + horizon * uniformStepWork(pairs, candidates),
    bytes,
  };
}

/** The distribution on [S] that has only one state. */
export function onlyState(state: number, numStates: number): Float64Array {
  const distribution = new Float64Array(numStates);
  distribution[state] = 1;
  return distribution;
}

class TabularEnv implements Env {
  readonly trialFeatures = undefined;
  readonly features = undefined;
  readonly truth: MdpTruth;
  stepInEpisode = 0;
  state: number;
  reward = 0;
  terminated = false;
  endReason: "" | "horizon" | "goal" = "";
  readonly #observations: Int32Array | undefined;
  readonly #horizon: number;
  readonly #rewardKind: RewardSpec["kind"];
  readonly #noiseStd: number;
  readonly #noiseKey: Key;
  readonly #numActions: number;
  readonly #branches: number;
  /** The first state where it is certain; -1 where it is drawn. */
  readonly #onlyStart: number;
  readonly #setup: TabularSetup;
  #episode = 0;

  constructor(setup: TabularSetup) {
    const { truth, horizon, reward, noiseSeed, observations } = setup;
    this.#setup = setup;
    this.truth = truth;
    this.#observations = observations;
    this.#horizon = horizon;
    this.#rewardKind = reward.kind;
    this.#noiseStd = reward.noiseStd ?? 0;
    this.#noiseKey = keyFromSeed(noiseSeed);
    this.#numActions = truth.rewards.length / truth.numStates;
    this.#branches = truth.successors.length / truth.rewards.length;
    this.#onlyStart = truth.start.indexOf(1);
    this.state = Math.max(this.#onlyStart, 0);
  }

  get observation(): number {
    return this.#observations === undefined ? this.state : this.#observations[this.state];
  }

  reset(episode: number): void {
    this.#episode = episode;
    this.state = this.#onlyStart >= 0 ? this.#onlyStart : this.#drawStart(episode);
    this.stepInEpisode = 0;
    this.reward = 0;
    this.terminated = false;
    this.endReason = "";
  }

  step(action: number): void {
    const { truth } = this;
    const pair = this.state * this.#numActions + action;
    const candidate = this.#candidate(pair);
    this.reward = truth.paid === undefined ? this.#rewardOf(truth.rewards[pair]) : truth.paid[candidate];
    this.state = truth.successors[candidate];
    this.stepInEpisode += 1;
    if (truth.terminal?.[this.state] === 1) {
      this.terminated = true;
      this.endReason = "goal";
    } else if (this.stepInEpisode === this.#horizon) {
      this.terminated = true;
      this.endReason = "horizon";
    }
  }

  fork(noiseSeed: bigint): Env {
    const env = new TabularEnv({ ...this.#setup, noiseSeed });
    env.#episode = this.#episode;
    env.state = this.state;
    env.stepInEpisode = this.stepInEpisode;
    env.reward = this.reward;
    env.terminated = this.terminated;
    env.endReason = this.endReason;
    return env;
  }

  #drawStart(episode: number): number {
    const { start, numStates } = this.truth;
    return categoricalFromUniform(noiseUniform(this.#noiseKey, episode, 0, CHANNEL.start), start, 0, numStates);
  }

  #rewardOf(mean: number): number {
    if (this.#rewardKind === "deterministic") return mean;
    if (this.#rewardKind === "bernoulli") {
      return noiseUniform(this.#noiseKey, this.#episode, this.stepInEpisode, CHANNEL.reward) < mean ? 1 : 0;
    }
    const noise = noiseNormal(this.#noiseKey, this.#episode, this.stepInEpisode, CHANNEL.reward);
    return Math.fround(mean + this.#noiseStd * noise);
  }

  /** Index into the candidates of all pairs. */
  #candidate(pair: number): number {
    const row = pair * this.#branches;
    if (this.#branches === 1) return row;
    const u = noiseUniform(this.#noiseKey, this.#episode, this.stepInEpisode, CHANNEL.transition);
    return row + categoricalFromUniform(u, this.truth.probabilities, row, this.#branches);
  }
}
