import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder with all above it, as far as they do not exist. Node's `recursive: true` does the same, and never returns where the
 * system will have no folder in one that is there, as in /proc.
 *
 * @param mode of the folder itself, where it is made; those above it have the usual one
 * @throws an Error of the system, with the path, if it cannot be made
 */
export function makeFolders(path: string, mode = 0o777): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !exists(folder); folder = dirname(folder)) missing.push(folder);
  for (const folder of missing.slice(1).reverse()) make(folder, 0o777);
  make(resolve(path), mode); // says so where it is a file
}

function make(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    // Somebody else may have made it just now.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !statSync(folder).isDirectory()) throw error;
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
