import { makeFolders } from "../files/make-folders.js";
import { type Claim, claimOutput } from "./claim-output.js";
import { removeFiles } from "./remove-files.js";

/** How a folder is taken. */
export interface Beginning extends Claim {
  /** Whether to begin anew: what an earlier run left is removed, and nothing else. */
  readonly anew: boolean;
}

/**
 * Takes a folder in which a command works from its beginning to its end, so that it can go on there when it was broken off; makes it where it
 * is not there yet.
 *
 * @returns whether an earlier run's work is there
 * @throws OPTION_INVALID, OUTPUT_EXISTS as claimOutput does, nothing touched
 */
export function beginFolder(path: string, { anew, ...claim }: Beginning): boolean {
  const own = claimOutput(path, claim);
  if (own && anew) {
    const there = [...(claim.beside ?? []), ...claim.own].filter((kind) => kind.is(path));
    removeFiles(
      path,
      there.flatMap((kind) => kind.files(path)),
    );
  }
  makeFolders(path);
  return own && !anew;
}
