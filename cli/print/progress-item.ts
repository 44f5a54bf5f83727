/** One thing that makes progress: a match, say. */
export interface ProgressItem {
  /** Empty for one that is the whole: it has no bar of its own. */
  readonly name: string;
  /** Of `total`, in the units given to `createProgress`. */
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
