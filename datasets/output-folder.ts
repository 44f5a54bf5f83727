/** Folders that come into being in one piece. */
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { IcrlError } from "../common/errors.js";
import { isDataset } from "./dataset-manifest.js";
import { fsyncFolder } from "./durable-file.js";
import { makeFolders } from "./make-folders.js";

/**
 * Lets `make` fill OUT.partial, which then becomes OUT. A process that is killed leaves OUT.partial behind, and the next one begins
 * anew. What is replaced is deleted last.
 *
 * @param overwrite whether datasets that are there may be replaced; anything else never is
 * @throws OUTPUT_EXISTS if OUT has something in it that is not to be replaced
 */
export async function makeFolder<T>(
  out: string,
  overwrite: boolean,
  make: (partial: string) => Promise<T>,
): Promise<T> {
  requireFree(out, overwrite);
  const partial = `${out}.partial`;
  const old = `${out}.old`;
  rmSync(partial, { recursive: true, force: true });
  makeFolders(partial);
  let made: T;
  try {
    made = await make(partial);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
  if (existsSync(out)) renameSync(out, old);
  renameSync(partial, out);
  fsyncFolder(dirname(out));
  rmSync(old, { recursive: true, force: true });
  return made;
}

/** @throws OUTPUT_EXISTS if a folder has something in it that is not to be replaced */
export function requireFree(out: string, overwrite: boolean): void {
  if (!existsSync(out)) return;
  const entries = readdirSync(out);
  if (entries.length === 0) return;
  const replaceable = isDataset(out) || entries.every((entry) => isDataset(join(out, entry)));
  if (replaceable && overwrite) return;
  const [what, hint] = replaceable
    ? [isDataset(out) ? "is a dataset" : "holds datasets", "choose another --out, or replace it with --overwrite"]
    : ["holds something else", "choose another --out"];
  throw new IcrlError("OUTPUT_EXISTS", `${out} ${what}: ${hint}`, { folder: out });
}
