/** Where an export goes: nothing is at PATH until it is whole, and nothing that is there is lost before. */
import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { makeFolders } from "../make-folders.js";
import type { ExportFormat } from "./export-format.js";

/** A path being written. */
export interface OutputPath {
  /** Write here: a file that does not exist yet, or an empty folder. */
  readonly path: string;
  /** Puts it in its place. */
  commit(): void;
  /** Removes it. */
  discard(): void;
}

/**
 * Prepares to write.
 *
 * @throws OUTPUT_EXISTS if something is there, and it may not be replaced or no export of the format made it
 */
export function prepareOutput(
  out: string,
  { output, made }: Pick<ExportFormat, "output" | "made">,
  overwrite: boolean,
): OutputPath {
  const target = resolve(out);
  if (existsSync(target) && !isEmptyFolder(target, output)) {
    const isFolder = statSync(target).isDirectory();
    if (!overwrite) {
      throw new IcrlError(
        "OUTPUT_EXISTS",
        `${out} is there already: choose another --out, or replace it with --overwrite`,
      );
    }
    if (isFolder ? output === "file" || made?.(target) !== true : output === "folder") {
      throw new IcrlError(
        "OUTPUT_EXISTS",
        `${out} is a ${isFolder ? "folder" : "file"} that no export of this format made: --overwrite does not replace it, remove it or choose another --out`,
      );
    }
  }
  const path = join(dirname(target), `.${basename(target)}.unfinished`);
  rmSync(path, { recursive: true, force: true });
  makeFolders(output === "folder" ? path : dirname(path));
  return {
    path,
    commit() {
      rmSync(target, { recursive: true, force: true });
      renameSync(path, target);
    },
    discard: () => rmSync(path, { recursive: true, force: true }),
  };
}

function isEmptyFolder(path: string, output: ExportFormat["output"]): boolean {
  return output === "folder" && statSync(path).isDirectory() && readdirSync(path).length === 0;
}
