import { IcrlError } from "../../common/errors.js";

/** What is common to files of tasks. */
export interface FileHead {
  /** What clients call it. */
  readonly name: string;
  /** Of its bytes, in lower-case hexadecimal. */
  readonly sha256: string;
}

/** The names of files, for an option that is one of them. */
export const namesOf = (files: readonly FileHead[]): readonly string[] => files.map(({ name }) => name);

/**
 * The file of a name, and the option that says for ever after which bytes it had.
 *
 * @param sha256 the hash that it has to have; empty: any
 * @throws TASK_FILE_DIFFERS if it has another
 */
export function pinnedFile<F extends FileHead>(
  files: readonly F[],
  name: string,
  sha256: string,
): { readonly file: F; readonly pinned: { readonly sha256: string } } {
  const file = files.find((candidate) => candidate.name === name) as F;
  if (sha256 === "" || sha256 === file.sha256) return { file, pinned: { sha256: file.sha256 } };
  throw new IcrlError(
    "TASK_FILE_DIFFERS",
    `the file "${name}" here has sha256 ${file.sha256}, and ${sha256.slice(0, 64)} was asked for: give that one by --task-file, under another name where both are wanted`,
    { file: name },
  );
}
