/** Trials of data that somebody else made, as whoever reads their files tells them. */

/** Whoever acted in imported data, and whoever labelled it: it is not known who that was. */
export const IMPORTED_AGENT = "imported";

/** How an episode ended, by its number in `ends`: by itself; it was truncated; the data end before it does. */
export const ENDS = [
  { reason: "done", terminated: true },
  { reason: "TRUNCATED", terminated: false },
  { reason: "CUT_OFF", terminated: false },
] as const;

/** Where an expert gave no action, or the state that an episode ended in is not known. */
export const NONE = -1;

/** A trial: its steps over all its episodes, in order. N steps, E episodes. */
export interface ImportedTrial {
  /** Which of the files it is from. */
  readonly file: number;
  /** Where in that file it stands: "entry 7". No other of the file has it. */
  readonly key: string;
  /** What else there is to say of it. */
  readonly tags: Readonly<Record<string, string>>;
  /** [E] steps of each episode, at least 1. */
  readonly lengths: Int32Array;
  /** [E] how each ended: an index of ENDS. */
  readonly ends: Uint8Array;
  /** [N]. */
  readonly actions: Int32Array;
  /** [N]. */
  readonly rewards: Float32Array;
  /** [N + E] states, of each episode one more than its steps, NONE where the last is not known; absent unless discrete. */
  readonly observations?: Int32Array;
  /** [N x size] what each action was chosen from; absent unless a box. */
  readonly features?: Float32Array;
  /** [A x d] features of fixed arms; absent where they have none. */
  readonly trialFeatures?: Float32Array;
  /** [N] an expert's actions, NONE where it gave none; absent where it gave none at all. */
  readonly label?: Int32Array;
}

/** A file, or a folder, that data are imported from. */
export interface ImportedFile {
  /** Without its folder. */
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal; of a folder, of its files' names and hashes. */
  readonly sha256: string;
}

/** What all of it comes to. */
export interface ImportTotals {
  readonly trials: number;
  readonly episodes: number;
  /** Most steps of an episode. */
  readonly horizon: number;
  /** Most episodes of a trial. */
  readonly episodesPerTrial: number;
  /** Most steps of a trial. */
  readonly stepsPerTrial: number;
  /** Whether some trial has a label. */
  readonly labelled: boolean;
}
