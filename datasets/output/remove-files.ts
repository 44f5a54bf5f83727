import { lstatSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Removes files below a folder, and folders that have no file in them then; everything else stays. A name that leads out of the folder, by `..` or
 * through a link, is passed over: names come from manifests, which anybody may have written.
 *
 * @param names paths below `dir`, with forward slashes, of files, and of folders to look for empty ones in; they need not be there
 */
export function removeFiles(dir: string, names: Iterable<string>): void {
  const folders = new Set<string>(["."]);
  /** Whether it is a folder below `dir`, and no link is on the way. */
  const isFolder = (path: string): boolean => {
    if (folders.has(path)) return true;
    if (!isFolder(dirname(path)) || !lstatSync(join(dir, path), { throwIfNoEntry: false })?.isDirectory()) return false;
    folders.add(path);
    return true;
  };
  for (const name of names) {
    if (name.split("/").some((part) => /^\.{0,2}$|\\/.test(part)) || !isFolder(dirname(name)) || isFolder(name))
      continue;
    rmSync(join(dir, name), { force: true });
  }
  folders.delete(".");
  for (const folder of folders) removeEmpty(join(dir, folder));
}

/** Removes a folder, and folders in it, as far as there is no file. */
export function removeEmpty(folder: string): void {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
