/** What N envs show together, as numbers: what a message is made of, and what behaviours inside the server read. */
import type { TrialSeeds } from "../../common/seeds.js";
import type { TrialEnd, TrialStart } from "../../proto/gen/icrl/v1/environment.js";
import type { ObservationSpace, Task } from "../tasks/task.js";

/** Answers of all envs to what was shown. */
export interface Answer {
  /** [N], valid where an env takes a step. */
  readonly actions: Int32Array;
  /** [N] 1 for envs that take a step: active ones that are not held. Absent: all active ones. */
  readonly acting?: Uint8Array;
  /** [N], NaN where unknown; undefined when none were sent. */
  readonly propensities?: Float32Array;
  /** [N, A], rows of NaN where unknown; undefined when none were sent, or none are wanted. */
  readonly probabilities?: Float32Array;
  /** How long the agent took, in milliseconds. */
  readonly agentMs: number;
}

/** What begins in an env that is reset. */
export type ResetMode = "next episode" | "next trial" | "seeds";

/** Episodes that the agent ends early. */
export interface EnvReset {
  /** Active envs, ascending. */
  readonly envs: readonly number[];
  readonly mode: ResetMode;
  /** Of the trials that begin, one for each of `envs`; empty but where the mode is "seeds". */
  readonly seeds: readonly TrialSeeds[];
  /** How long the agent took, in milliseconds. */
  readonly agentMs: number;
}

/** What the envs show after a lock-step, or before the first. Its arrays are those of the next one, too: read them before it. */
export interface LockStep {
  /** Whether no step was taken yet: there are no rewards then. */
  first: boolean;
  /** [N] 1 for envs that want an action. */
  readonly active: Uint8Array;
  activeCount: number;
  /** [N] 0 where no step was taken. */
  readonly rewards: Float32Array;
  /** [N] what was done, where it is not what the agent said, or need not be; else undefined. */
  executed: Int32Array | undefined;
  /** [N] 1 where an episode came to its own end. */
  readonly terminated: Uint8Array;
  /** How many did. */
  ended: number;
  /** [N] 1 where the agent cut an episode short. */
  readonly truncated: Uint8Array;
  /** In how many; episodes do not come to their ends then, as no step is taken. */
  cut: number;
  /** [N] in a discrete space, 0 where inactive; empty in others. */
  readonly states: Int32Array;
  /** [N * size] in a box space, likewise. */
  readonly features: Float32Array;
  /** [ended + cut] last states of the episodes that ended, or were cut short, in env order. */
  readonly finalStates: Int32Array;
  /** [(ended + cut) * size], likewise; undefined where nobody knows them. */
  readonly finalFeatures: Float32Array | undefined;
  trialStarts: TrialStart[];
  trialEnds: TrialEnd[];
  /** Ended recorded trials that are durable. */
  durableTrials: number;
}

/** Numbers in one observation of a box space; 0 in others. */
export function featureSizeOf(space: ObservationSpace): number {
  return space.type === "box" ? space.shape.reduce((product, length) => product * length, 1) : 0;
}

/**
 * Memory for N envs of a task, of which none is active.
 *
 * @param tells what else can be told: actions that were executed, and what a box space showed after an episode's last action
 */
export function newLockStep(
  { observationSpace: space }: Task,
  numEnvs: number,
  tells: { readonly executed: boolean; readonly finalFeatures: boolean },
): LockStep {
  const states = space.type === "discrete" ? numEnvs : 0;
  const features = numEnvs * featureSizeOf(space);
  return {
    first: true,
    active: new Uint8Array(numEnvs),
    activeCount: 0,
    rewards: new Float32Array(numEnvs),
    executed: tells.executed ? new Int32Array(numEnvs) : undefined,
    terminated: new Uint8Array(numEnvs),
    ended: 0,
    truncated: new Uint8Array(numEnvs),
    cut: 0,
    states: new Int32Array(states),
    features: new Float32Array(features),
    finalStates: new Int32Array(states),
    finalFeatures: tells.finalFeatures ? new Float32Array(features) : undefined,
    trialStarts: [],
    trialEnds: [],
    durableTrials: 0,
  };
}
