/** What commands leave on disk, as kinds that can be told from each other and from everybody else's files. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { readRegularFile } from "./read-file.js";

/** A kind of output: what one command, or a few, write. */
export interface OutputKind {
  /** With its article, for sentences: "a log". */
  readonly noun: string;
  /** What it is at its path. */
  readonly form: "folder" | "file";
  /**
   * Whether there is one at a path: the manifest or marker of its runs is there and reads as one. Never throws, reads little, and takes
   * nothing for granted that the path's owner could have written.
   */
  is(path: string): boolean;
  /**
   * Files that its runs made below a path where there is one, with forward slashes: those that its manifest lists, or that have the names
   * which its runs give; and folders of theirs, for `removeFiles`. They are there, or may be; what `is` looks at comes last. Of a file: nothing.
   */
  files(path: string): string[];
  /** Folders below it that are its own: no other output is put into them. */
  readonly inner: readonly string[];
  /** Where below it commands that its own starts put their outputs, and of which kinds. */
  readonly nested?: { readonly at: RegExp; readonly kinds: readonly OutputKind[] };
}

/**
 * The error that something is at a path.
 *
 * @param what it is, as a sentence's end: "is a log"
 * @param hint what to do
 */
export function taken(path: string, what: string, hint = "choose another path"): IcrlError {
  return new IcrlError("OUTPUT_EXISTS", `${path} ${what}: ${hint}`, { path });
}

/** A marker larger than this is none: it is read whole. */
const MAX_MARKER_BYTES = 64 << 20;

/** What a JSON file of our own holds; an empty object where there is no such file, or it is none. */
export function markerAt(path: string): Readonly<Record<string, unknown>> {
  try {
    if (lstatSync(path).isSymbolicLink()) return {};
    const content: unknown = JSON.parse(readRegularFile(path, MAX_MARKER_BYTES).toString("utf8"));
    return typeof content === "object" && content !== null ? (content as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Files of a folder that have such a name, below `path`: `folder/name`; none where there is no such folder. */
export function filesNamed(path: string, folder: string, name: RegExp): string[] {
  return entriesOf(join(path, folder)).flatMap((entry) =>
    !entry.isDirectory() && name.test(entry.name) ? [folder === "" ? entry.name : `${folder}/${entry.name}`] : [],
  );
}

/** Names of a folder's folders that have such a name; links to folders are none. */
export function foldersNamed(path: string, name: RegExp): string[] {
  return entriesOf(path).flatMap((entry) => (entry.isDirectory() && name.test(entry.name) ? [entry.name] : []));
}

/** Files of the first of some kinds that there is in a folder below a path, and the folder, which goes where nothing else is in it. */
export function filesBelow(path: string, folder: string, kinds: readonly OutputKind[]): string[] {
  const inner = join(path, folder);
  const kind = kinds.find((one) => one.is(inner));
  return [...(kind?.files(inner) ?? []).map((file) => `${folder}/${file}`), folder];
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
