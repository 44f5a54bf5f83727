/** Whether every episode that was acknowledged is in one file, and in one only: by the numbers that files hold. */

/** Numbers of episodes that a file holds. */
export interface Piece {
  /** Path. */
  readonly file: string;
  /** First number. */
  readonly from: number;
  /** Number behind the last. */
  readonly to: number;
  /** Whether episodes behind its last are known to be lost, and are told elsewhere. */
  readonly damaged: boolean;
}

/** What is wrong with how pieces cover the numbers from 0 up to `total`; `folder` is where nothing else can be named. */
export function coverageProblems(
  folder: string,
  pieces: readonly Piece[],
  total: number,
): { readonly file: string; readonly problem: string }[] {
  const problems: { file: string; problem: string }[] = [];
  let reached = 0;
  let last: Piece | undefined;
  const gap = (to: number) => {
    if (to <= reached || last?.damaged) return;
    const which =
      to - reached === 1 ? `episode ${reached} is` : `episodes ${reached} to ${to - 1} (${to - reached}) are`;
    problems.push({
      file: folder,
      problem: `${which} in no file, and were acknowledged: a shard or segment is lost, or was cut`,
    });
  };
  for (const piece of [...pieces].sort((a, b) => a.from - b.from || b.to - a.to)) {
    gap(piece.from);
    if (piece.from < reached) {
      const to = Math.min(piece.to, reached);
      problems.push({
        file: piece.file,
        problem: `holds episodes ${piece.from} to ${to - 1} again, after ${last?.file}`,
      });
    }
    if (piece.to <= reached) continue;
    reached = piece.to;
    last = piece;
  }
  gap(total);
  return problems;
}
