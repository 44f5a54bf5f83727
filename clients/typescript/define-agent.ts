/**
 * What an agent is: a name, the tasks it plays, an options table, and a function that makes one policy per trial. The runner
 * does everything else (the stream, many envs, seeds, deadlines), so an agent's file holds its algorithm and nothing more.
 */
import type { OptionTable, Resolved } from "../../common/options.js";
import type { Rng } from "../../common/rng.js";

/** Features of the arms, row a those of arm a. */
export interface Arms {
  /** Row-major [rows, cols], float32. */
  readonly data: Float32Array;
  /** Number of arms A. */
  readonly rows: number;
  /** Features per arm d. */
  readonly cols: number;
}

/** How rewards are distributed; bounds are inclusive, absent when there is none. */
export interface RewardSpec {
  readonly kind: "gaussian" | "bernoulli" | "deterministic";
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Standard deviation of the noise where it is the same everywhere. */
  readonly noiseStd: number | undefined;
}

/** What an agent may know when a trial begins. */
export interface Trial {
  /** Name of the task's family. */
  readonly task: string;
  /** The task's options, resolved. */
  readonly taskOptions: Readonly<Record<string, unknown>>;
  /** What an algorithm can rely on: "bandit", "linear", "bernoulli", "tabular-mdp". */
  readonly kinds: readonly string[];
  readonly numActions: number;
  /** Number of states where the observation is one integer; 1 for bandits. */
  readonly numStates: number;
  /** Features per arm; 0 where arms have none. */
  readonly dim: number;
  /** Arm features when they are fixed for the trial. */
  readonly arms: Arms | undefined;
  /** Most steps of an episode. */
  readonly horizon: number;
  /** Episodes of the trial. */
  readonly episodes: number;
  readonly reward: RewardSpec;
}

/** What an agent sees when it must act. The object is reused: copy what you keep. */
export interface Turn {
  /** Observed state, 0 <= state < numStates; 0 for bandits. */
  readonly state: number;
  /** Arm features now: the trial's, or this step's where arms are drawn afresh. */
  readonly arms: Arms | undefined;
  /** Episode of the trial, from 0. */
  readonly episode: number;
  /** Step in the episode, from 0. */
  readonly step: number;
}

/** What came of an action. The object is reused: copy what you keep. */
export interface Outcome extends Turn {
  /** The action that was really taken: not always the one the policy chose (when it labels somebody else's trajectory). */
  readonly action: number;
  /** Its reward. */
  readonly reward: number;
  /** State after it; also at an episode's end, where it is the last state of that episode. */
  readonly nextState: number;
  /** Whether the episode ended by the task's own horizon or goal. */
  readonly terminated: boolean;
  /** Whether the episode was cut short from outside. */
  readonly truncated: boolean;
}

/** The memory of one trial. */
export interface Policy {
  /** Chooses an action, 0 <= action < numActions. */
  act(turn: Turn): number;
  /** Learns from what came of an action. Absent: it does not learn. */
  observe?(outcome: Outcome): void;
  /**
   * Probability with which the action last returned by `act` was chosen: 1 when deterministic, NaN when unknown. Absent means
   * unknown.
   */
  readonly propensity?: number;
  /**
   * Writes the exact probability with which `act` would choose each action at this turn, or NaN in all places where it is not
   * known. Absent: never known. Asked before `act` of the same turn, and only where they are wanted; it draws nothing and changes
   * nothing that `act` or `observe` do.
   *
   * Shapes: target [A].
   */
  probabilities?(turn: Turn, target: Float64Array): void;
}

/** An agent as its file says it. */
export interface AgentDefinition<T extends OptionTable> {
  /** Name, kebab-case. */
  readonly name: string;
  /** Raised whenever the same seeds would give other actions. */
  readonly version: string;
  /** One sentence. */
  readonly summary: string;
  /** Where the algorithm is from: authors, year, equation. */
  readonly source: string;
  /** Names or kinds of tasks that it plays. It must match one of them; empty means any task. */
  readonly tasks: readonly string[];
  readonly options: T;
  /** Makes the policy of one trial. All its randomness comes from `rng`. */
  create(trial: Trial, options: Resolved<T>, rng: Rng): Policy;
}

/** An agent whose options are not known by type. */
export type Agent = Omit<AgentDefinition<OptionTable>, "create"> & {
  create(trial: Trial, options: Readonly<Record<string, unknown>>, rng: Rng): Policy;
};

/** Makes an agent of its definition. */
export function defineAgent<const T extends OptionTable>(definition: AgentDefinition<T>): Agent {
  return { ...definition, create: (trial, options, rng) => definition.create(trial, options as Resolved<T>, rng) };
}
