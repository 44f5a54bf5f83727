import { lstatSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Removes files below a folder, and folders that are empty then; everything else stays. A name that leads out of the folder, by `..` or through a
 * link, is passed over: names come from manifests, which anybody may have written.
 *
 * @param files paths below `dir`, with forward slashes, of files, and of folders to remove if they are empty; they need not be there
 */
export function removeFiles(dir: string, files: Iterable<string>): void {
  const folders = new Set<string>();
  /** Whether it is a folder below `dir`, and no link is on the way. */
  const isInside = (folder: string): boolean => {
    if (folder === ".") return true;
    if (folders.has(folder)) return true;
    if (!isInside(dirname(folder)) || !lstatSync(join(dir, folder), { throwIfNoEntry: false })?.isDirectory())
      return false;
    folders.add(folder);
    return true;
  };
  for (const file of files) {
    const parts = file.split("/");
    if (parts.some((part) => /^\.{0,2}$|\\/.test(part)) || !isInside(dirname(file))) continue;
    if (!isInside(file) && lstatSync(join(dir, file), { throwIfNoEntry: false }) !== undefined) rmSync(join(dir, file));
  }
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
    if (readdirSync(join(dir, folder)).length === 0) rmdirSync(join(dir, folder));
  }
}
