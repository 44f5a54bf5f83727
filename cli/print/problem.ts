/** What is wrong with a log or a dataset: the same words for both. */

/** A problem of a file, or of an episode in it. */
export interface ShownProblem {
  readonly file: string;
  readonly episodeId?: string | undefined;
  readonly problem: string;
}

/** A line for people. */
export const problemText = ({ file, episodeId, problem }: ShownProblem): string =>
  `${file}${episodeId === undefined ? "" : ` episode ${episodeId}`}: ${problem}\n`;

/** For programs. */
export const problemJson = ({ file, episodeId, problem }: ShownProblem) => ({
  file,
  episode_id: episodeId ?? null,
  problem,
});
