/** What a job tells while it works, to whoever called it: the command line shows it as progress. */

/** One thing that makes progress: a match, say. */
export interface ProgressItem {
  /** Empty for one that is the whole: it has no bar of its own. */
  readonly name: string;
  /** Of `total`: trials, where the job does not say otherwise. */
  readonly done: number;
  readonly total: number;
  /** Steps taken so far; absent where nothing is stepped. */
  readonly steps?: number;
  /** Most steps that all of it can take: what it costs. Absent where that is not known, or steps are no measure of it. */
  readonly maxSteps?: number;
  /** Who does it: things that one does come one after the other. Default: each thing is somebody else's. */
  readonly by?: string;
  /** Whether it is not known yet if there is anything to do: it is in no total until then. */
  readonly undeclared?: boolean;
  /** What else there is to say: "waiting for its agent", "forfeited: ACT_TIMEOUT". */
  readonly note?: string;
}

/** Told by a job what it is at. */
export interface JobListener {
  /**
   * How far everything is that is counted.
   *
   * @param wait what has to come before things go on, or before it is known how much there is to do: "waiting for far"
   */
  update(items: readonly ProgressItem[], wait?: string): void;
  /** What is done now that is not counted, until the next update or the end: "computing the results". */
  doing(text: string): void;
  /** A sentence that stays: a warning, what others are to do. Commands of this program stand in it as `icrl VERB`. */
  say(line: string): void;
}

/** Hears nothing. */
export const silent: JobListener = { update() {}, doing() {}, say() {} };
