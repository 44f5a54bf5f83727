/**
 * Where finished episodes go. The server records through this interface alone, so that a durable stream can take the local
 * log's place when one machine no longer does.
 */

/** What all episodes of one open have in common: columns of the log that do not change from row to row. */
export interface RunInfo {
  readonly sessionId: string;
  readonly tournamentId: string | undefined;
  readonly collectionId: string | undefined;
  readonly entrant: string | undefined;
  /** The task's id in the tournament or the collection; in free play its family. */
  readonly taskId: string;
  readonly task: string;
  readonly taskVersion: number;
  /** JSON object, all options resolved. */
  readonly taskOptionsJson: string;
  readonly agent: string;
  readonly agentVersion: string;
  /** JSON object. */
  readonly agentOptionsJson: string;
  /** Language or runtime of the agent, as it says. */
  readonly language: string;
  /** What the trials are for; undefined of seeds that are given one by one. */
  readonly purpose: string | undefined;
  readonly serverVersion: string;
  /** Whether the behaviour saw the truth. */
  readonly privileged: boolean;
  /** Which part of a mixture of behaviours acts; undefined when there is no mixture. */
  readonly behaviourComponent?: string;
  /** JSON object of texts, the agent's own. */
  readonly tagsJson: string;
}

/** One episode. Arrays are only read during `append`: they may be views of memory that is used again. */
export interface EpisodeRecord {
  readonly run: RunInfo;
  /** 32 hexadecimal digits, derived from the seeds; the episode's id is `${trialId}-${episodeIndex}`. */
  readonly trialId: string;
  readonly trialIndex: bigint;
  readonly episodeIndex: number;
  /** Seed of the trial's series; undefined of seeds that are given one by one. */
  readonly seriesSeed: bigint | undefined;
  readonly taskSeed: bigint;
  readonly noiseSeed: bigint;
  readonly agentSeed: bigint;
  /** What tells the instance apart, where the task has only so many. */
  readonly instance: string | undefined;
  readonly envIndex: number;
  /** Unix time in milliseconds. */
  readonly startedAtMs: number;
  /** Time the agent took for this episode's lock-steps, in milliseconds. */
  readonly agentMs: number;
  /** Steps taken, T. */
  readonly length: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  /** "horizon", "goal", or a reason in capitals when truncated. */
  readonly endReason: string;
  /** Sum of rewards, float64 in step order. */
  readonly return: number;
  /** Expected return of the best policy from the episode's start; undefined when incomplete. */
  readonly optimalValue: number | undefined;
  /** Sum of regrets, float64 in step order; undefined when incomplete. */
  readonly regret: number | undefined;
  /** [T + 1] in a discrete observation space; else undefined. */
  readonly observations: Int32Array | undefined;
  /** [T * size of one observation] in a box observation space, what each action was chosen from; else undefined. */
  readonly stepFeatures: Float32Array | undefined;
  /** [T] executed actions. */
  readonly actions: Int32Array;
  /** [T] */
  readonly rewards: Float32Array;
  /** [T], NaN where unknown; undefined when the agent sent none. */
  readonly propensities: Float32Array | undefined;
  /** [T * A], row-major, NaN where unknown; undefined when the agent sent none. */
  readonly probabilities: Float32Array | undefined;
  /** [T] pseudo-regret of each action, float32. */
  readonly regrets: Float32Array;
  /** [T] best action, lowest index on ties. */
  readonly optimalActions: Int32Array;
  /** The trial's features, row-major; undefined when the task has none. */
  readonly trialFeatures: Float32Array | undefined;
}

/** Largest row of an episode that a log takes, in bytes. */
export const MAX_ROW_BYTES = 128 << 20;

/** A durable place for episodes. */
export interface TrajectorySink {
  /** Number of the last episode that is durable; episodes are numbered from 1 in the order of `append`. */
  readonly durable: number;
  /** Number, from 0, that the next episode to become durable has in the whole log, gaps counted. */
  readonly end: number;
  /** Episodes that are in it: those that it held when it was opened, and those that became durable since. */
  readonly episodes: number;
  /** Whether the last attempt to write succeeded. */
  readonly writable: boolean;
  /** How often episodes were lost: those that were appended but not durable when a write failed. */
  readonly failures: number;
  /** Whether any of the episodes with these numbers, both included, was lost. */
  hasLost(from: number, to: number): boolean;
  /** Bytes that wait to be written: whoever appends should wait when they grow large. */
  readonly backlogBytes: number;
  /** Bytes of an interrupted, never acknowledged write that were cut off when it was opened. */
  readonly tornBytes: number;
  /**
   * Takes a copy of an episode and gives it its number. Never waits.
   * @throws LOG_UNWRITABLE if the last attempt to write failed: nothing was taken
   * @throws REQUEST_TOO_COSTLY if it is larger than an episode may be, or another error if it is none: nothing was taken, and others' are not touched
   */
  append(episode: EpisodeRecord): number;
  /**
   * Resolves once episode `number` is durable.
   * @throws LOG_UNWRITABLE if it cannot be written
   */
  whenDurable(number: number): Promise<void>;
  /**
   * Whether it can be written now: tries again after a failure. Episodes that could not be written are lost; their sessions
   * have been told.
   */
  probe(): Promise<boolean>;
  /**
   * For what is written beside the episodes, and belongs to whoever writes them.
   * @throws LOG_UNWRITABLE if another writer has taken this one's place
   */
  mustHold(): void;
  /** Makes everything durable readable to `reader` queries (rolls what is open into a shard). */
  seal(): Promise<void>;
  /** Writes what is left, rolls it into a shard, releases the folder. */
  close(): Promise<void>;
}
