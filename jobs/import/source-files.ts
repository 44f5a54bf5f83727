/** The files that data are imported from, as the dataset says what it was made of. */
import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { hashFile } from "../../datasets/files/durable-file.js";
import { UnreadableFile } from "../../datasets/files/read-file.js";
import type { ImportedFile } from "../../datasets/import/imported-trial.js";

/** A file or a folder, and how to see whether it has changed. */
export interface SourceFile extends ImportedFile {
  /** Absolute. */
  readonly path: string;
  /** Sizes and times of all its files. */
  readonly state: string;
}

/**
 * Looks at files, hashes and all.
 *
 * @param folders whether each is a folder, all of whose files count
 * @throws IMPORT_INVALID if one is missing, or is something else, or two are the same: their trials would be
 */
export async function sourceFiles(
  paths: readonly string[],
  folders: boolean,
  signal: AbortSignal,
): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for (const { path, files } of paths.map((path) => ({ path, files: filesOf(path, folders) }))) {
    const hashes: string[] = [];
    for (const { below, path: file } of files) {
      signal.throwIfAborted();
      const { sha256 } = await hashed(file);
      hashes.push(folders ? `${sha256}  ${below}\n` : sha256);
    }
    const sha256 = folders ? createHash("sha256").update(hashes.join("")).digest("hex") : hashes[0];
    const same = found.find((other) => other.sha256 === sha256);
    if (same !== undefined) throw invalid(resolve(path), `has the same content as ${same.path}: give each once`);
    found.push({
      path: resolve(path),
      name: basename(resolve(path)),
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      sha256,
      state: stateOf(files),
    });
  }
  return found;
}

/** @throws IMPORT_INVALID if one is not what it was when it was hashed */
export function requireUnchanged(sources: readonly SourceFile[], folders: boolean): void {
  const changed = sources.find(({ path, state }) => stateOf(filesOf(path, folders)) !== state);
  if (changed === undefined) return;
  throw invalid(changed.path, "has changed while it was read: import it again");
}

interface Listed {
  readonly path: string;
  /** With forward slashes, below the folder. */
  readonly below: string;
  readonly bytes: number;
  readonly mtimeMs: number;
}

const stateOf = (files: readonly Listed[]): string =>
  files.map(({ below, bytes, mtimeMs }) => `${below} ${bytes} ${mtimeMs}`).join("\n");

function filesOf(path: string, folder: boolean): Listed[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw invalid(path, "does not exist");
  if (!folder) {
    if (stat.isDirectory()) throw invalid(path, "is a folder: give a file");
    return [{ path, below: "", bytes: stat.size, mtimeMs: stat.mtimeMs }];
  }
  if (!stat.isDirectory()) throw invalid(path, "is no folder: give that of a Minari dataset, in which data/ is");
  const names = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return names.map((file) => {
    const { size, mtimeMs } = statSync(file);
    return { path: file, below: file.slice(path.length).replaceAll("\\", "/"), bytes: size, mtimeMs };
  });
}

async function hashed(path: string): Promise<{ sha256: string; bytes: number }> {
  try {
    return await hashFile(path, Number.POSITIVE_INFINITY);
  } catch (error) {
    throw error instanceof UnreadableFile ? invalid(path, error.message) : error;
  }
}

const invalid = (path: string, what: string): IcrlError =>
  new IcrlError("IMPORT_INVALID", `${path} ${what}`, { file: path });
