/** Something that is not as it should be. */
export interface DatasetProblem {
  /** Path of the file. */
  readonly file: string;
  /** The episode, where it is one episode's. */
  readonly episodeId?: string;
  readonly problem: string;
}
