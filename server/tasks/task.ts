/**
 * What a task is to the rest of the server. A family has options; with its options resolved it is a task; a task seed and a
 * noise seed make it an env that can be stepped. Pure: no clock, no I/O, no other source of randomness.
 */
import type { OptionTable, OptionValue, Resolved } from "../../common/options.js";
import { inOneSlice, type Slices } from "../../common/slices.js";

/** Smallest and largest value of any element, inclusive; absent where there is none. */
export interface Bounds {
  readonly low?: number;
  readonly high?: number;
}

/** What an env shows. */
export type ObservationSpace =
  | { readonly type: "none" }
  | { readonly type: "discrete"; readonly n: number }
  | ({ readonly type: "box"; readonly shape: readonly number[] } & Bounds);

/** How rewards are distributed; bounds are inclusive, absent when there is none. */
export interface RewardSpec {
  readonly kind: "gaussian" | "bernoulli" | "deterministic";
  readonly min?: number;
  readonly max?: number;
  /** Standard deviation of the noise where it is the same everywhere. */
  readonly noiseStd?: number;
}

/** What an algorithm can rely on; see TaskDescription.kinds in proto/icrl/v1/task.proto. */
export type Kind = "bandit" | "linear" | "bernoulli" | "tabular-mdp";

/** How the steps of an episode are drawn for people. */
export type StepDrawing =
  /** A row for each arm: how often it was played, and what it paid. */
  | { readonly as: "arms" }
  /** A way through rows x columns cells: what is observed is row * columns + column. */
  | {
      readonly as: "grid";
      readonly rows: number;
      readonly columns: number;
      /** Signs of the cells where something was hidden: of those whose finding ends the episode, and of others. A star where absent, none where empty. */
      readonly signs?: { readonly ends: string; readonly other: string };
    }
  /** The observed state after each step. */
  | { readonly as: "states" };

/** What a task costs those who play it, estimated from its options. Work is in operations of about a nanosecond each. */
export interface TaskCost {
  /** Drawing an instance and solving it. */
  readonly instance: number;
  /** One step of one env, judged. */
  readonly step: number;
  /** Uniform play's regret of an instance, drawing and solving it included. */
  readonly uniform: number;
  /** Bytes that an instance holds while it is played, solved; 0 where all instances share theirs. */
  readonly bytes: number;
}

/** What the instances of a task are drawn from, where the law of the best action can be computed of it. */
export type Prior =
  /** Arms that pay 1 with probabilities of Beta laws, independent, the same at each step. */
  | { readonly type: "beta"; readonly alpha: number; readonly beta: number }
  /** Arms whose means are uniform on [0, 1] or standard normal, independent; rewards have normal noise. */
  | { readonly type: "normal"; readonly means: "uniform01" | "gaussian"; readonly noiseStd: number }
  /** Arms with features [A, d], shown as the trial's or at each step; means are products with a vector of such entries; rewards have normal noise. */
  | {
      readonly type: "linear";
      readonly theta: "uniform01" | "gaussian";
      readonly noiseStd: number;
      readonly dim: number;
    }
  /** One of so many instances, equally likely, in which nothing but where episodes start is left to chance. */
  | {
      readonly type: "enumerated";
      readonly count: number;
      /** Instance number `index`, not yet reset. */
      instantiate(index: number): Env;
    };

/** A task: a family with its options resolved. */
export interface Task {
  readonly name: string;
  readonly version: number;
  readonly options: Readonly<Record<string, OptionValue>>;
  /** Of the options those whose value the task found itself: what its file holds, by its hash. Kept wherever it is kept what was asked for. */
  readonly pinned?: Readonly<Record<string, OptionValue>>;
  readonly kinds: readonly Kind[];
  readonly numActions: number;
  readonly observationSpace: ObservationSpace;
  /** Shape of the trial features; empty when there are none. */
  readonly trialFeaturesShape: readonly number[];
  /** Of the trial features; absent where they have none. */
  readonly trialFeaturesBounds?: Bounds;
  /** Most steps of an episode. */
  readonly horizon: number;
  /** Episodes of a trial. */
  readonly episodes: number;
  readonly reward: RewardSpec;
  readonly drawing: StepDrawing;
  /** What each action does, in a word, [A]; absent where an action is but a number. */
  readonly actionNames?: readonly string[];
  readonly cost: TaskCost;
  /**
   * What tells the instance of a seed apart, in words, of a task that has only so many: `goal=37`. Seeds with the same words draw the same instance; empty
   * words are those of a task whose trials all have one. Absent where each seed draws another.
   */
  instanceOf?(taskSeed: bigint): string;
  /** What instances are drawn from, where the law of the best action given a history can be computed of it (posteriors/). */
  readonly prior?: Prior;
  /** Draws the instance of a trial and keys its noise. Not yet reset. */
  instantiate(taskSeed: bigint, noiseSeed: bigint): Env;
  /** The same in slices. */
  draw(taskSeed: bigint, noiseSeed: bigint): Slices<Env>;
}

/**
 * One instance, being played. The fields hold what the last `reset` or `step` left; nothing is allocated per step.
 */
export interface Env {
  /** Float32, row-major, of the task's trialFeaturesShape; absent when it is empty. */
  readonly trialFeatures: Float32Array | undefined;
  /** What the oracle judges by. Nothing but the task itself and oracle.ts may read it. */
  readonly truth: Truth;
  /** Steps taken in this episode. */
  readonly stepInEpisode: number;
  /** Latent state, 0 <= state < truth.numStates; 0 for bandits. For discrete spaces of MDPs that show their state, the observation. */
  readonly state: number;
  /** Observation in a discrete space; 0 in others. */
  readonly observation: number;
  /** Observation in a box space, float32, row-major; overwritten by the next step. Absent in others. */
  readonly features: Float32Array | undefined;
  /** Reward of the last step, a float32 value. */
  readonly reward: number;
  /** Whether the last step ended the episode by the task's own horizon or goal. */
  readonly terminated: boolean;
  /** "horizon" or "goal" when terminated; else "". */
  readonly endReason: "" | "horizon" | "goal";
  /** Starts episode `episode` (from 0). */
  reset(episode: number): void;
  /** Takes an action, 0 <= action < numActions; not after the episode has terminated. */
  step(action: number): void;
  /** An env of the same instance that stands where this one stands, and whose noise from here on is keyed by another seed. */
  fork(noiseSeed: bigint): Env;
}

/** Hidden parameters of an instance, in the two shapes that oracle.ts understands. */
export type Truth =
  | {
      readonly type: "bandit";
      /** Mean reward of each arm at the coming step, [A]. The env overwrites it at each reset and step when `fresh`. */
      readonly means: Float64Array;
      /** Whether the arms are drawn anew at each step. */
      readonly fresh: boolean;
    }
  | {
      readonly type: "mdp";
      readonly numStates: number;
      /** Where (s, a) can lead: B candidates of each pair, row-major [S, A, B]. B is 1 where nothing is left to chance. */
      readonly successors: Int32Array;
      /** Chance of each candidate, summing to 1 over them, [S, A, B]; 0 for those that only fill up a row. */
      readonly probabilities: Float64Array;
      /** Expected reward of (s, a), [S, A]. */
      readonly rewards: Float64Array;
      /** What (s, a) pays for certain on the way to each candidate, where that differs between them, [S, A, B]; then `rewards` has their mean. */
      readonly paid?: Float64Array;
      /** Distribution of the first state, [S]. */
      readonly start: Float64Array;
      /** 1 for states in which the episode is over (value 0), [S]; absent when there is none. */
      readonly terminal?: Uint8Array;
    };

/** A family of tasks. */
export interface TaskFamily {
  readonly name: string;
  /** Raised whenever the same seeds and actions would give another trajectory. */
  readonly version: number;
  /** One sentence. */
  readonly summary: string;
  /** Where it is defined. */
  readonly source: string;
  readonly options: OptionTable;
  /** The task that options (resolved, in bounds) give. */
  build(options: Readonly<Record<string, OptionValue>>): Task;
}

/** What a family's file says; `build` gives the parts of a task that depend on the options. */
export interface TaskFamilyDefinition<T extends OptionTable> {
  readonly name: string;
  readonly version: number;
  readonly summary: string;
  readonly source: string;
  readonly options: T;
  build(options: Resolved<T>): TaskParts;
}

/** The parts of a task that depend on the options; `draw` where drawing an instance takes longer than a slice. */
export type TaskParts = Omit<Task, "name" | "version" | "options" | "draw"> & Partial<Pick<Task, "draw">>;

/** Makes a family of its definition. */
export function defineTask<const T extends OptionTable>(definition: TaskFamilyDefinition<T>): TaskFamily {
  return {
    ...definition,
    build(options) {
      const parts = definition.build(options as Resolved<T>);
      return {
        name: definition.name,
        version: definition.version,
        options: { ...options, ...parts.pinned },
        draw: (taskSeed, noiseSeed) => inOneSlice(() => parts.instantiate(taskSeed, noiseSeed)),
        ...parts,
      };
    },
  };
}
