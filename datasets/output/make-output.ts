/** Outputs that come into being in one piece. */
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { VERSION } from "../../common/version.js";
import { fsyncFolder } from "../files/durable-file.js";
import { makeFolders } from "../files/make-folders.js";
import { markerAt, type OutputKind, taken } from "../files/output-kind.js";
import { claimOutput, holdsCurrentFolder, requirePath } from "./claim-output.js";
import { removeEmpty, removeFiles } from "./remove-files.js";

/**
 * Lets `make` write a file or fill a folder beside OUT, in a folder .NAME.unfinished-* of its own, and moves it to OUT when it is whole: until then
 * OUT is as it was. A process that is killed leaves that folder behind, which nobody else removes: another may be writing there. An OUT that it
 * had moved away the next one puts back.
 *
 * @param kind what is made; there may be one at OUT already if it may be replaced, and nothing else
 * @param overwrite whether it may be replaced: whole, so that nothing else may be in its folder
 * @param make gets the path to write to: an empty folder, or a file that is not there yet
 * @throws OPTION_INVALID, OUTPUT_EXISTS as claimOutput does: before anything is made, and where something came to be at OUT meanwhile
 */
export async function makeOutput<T>(
  out: string,
  kind: OutputKind,
  overwrite: boolean,
  make: (path: string) => Promise<T>,
): Promise<T> {
  requirePath(out);
  const target = resolve(out);
  putBack(target);
  requireFree(out, kind, overwrite);
  makeFolders(dirname(target));
  const room = mkdtempSync(join(dirname(target), roomName(target)));
  try {
    writeFileSync(join(room, MARKER), `${JSON.stringify({ unfinished: kind.noun, icrl: VERSION })}\n`);
    const made = join(room, "made");
    if (kind.form === "folder") mkdirSync(made);
    const result = await make(made);
    const own = requireFree(out, kind, overwrite); // again: it may have taken hours
    if (kind.form === "folder" && own) renameSync(target, join(room, OLD));
    if (kind.form === "folder" && existsSync(target)) moveInto(target, made);
    else renameSync(made, target);
    fsyncFolder(dirname(target));
    return result;
  } finally {
    clear(room, kind);
  }
}

const roomName = (target: string): string => `.${basename(target)}.unfinished-`;
/** Says whose such a folder is. */
const MARKER = "unfinished.json";
/** In it, what is being replaced. */
const OLD = "old";

/** Removes a folder of one's own, but for what somebody put into an output in the moment in which it was replaced. */
function clear(room: string, kind: OutputKind): void {
  rmSync(join(room, "made"), { recursive: true, force: true });
  const old = join(room, OLD);
  if (lstatSync(old, { throwIfNoEntry: false })?.isDirectory()) {
    removeFiles(old, kind.files(old));
    removeEmpty(old);
  }
  if (!existsSync(old)) rmSync(room, { recursive: true, force: true });
}

/** Where a process was killed between two renames there is no OUT, and the old one lies beside it. */
function putBack(target: string): void {
  if (existsSync(target) || !existsSync(dirname(target))) return;
  for (const name of readdirSync(dirname(target))) {
    if (!name.startsWith(roomName(target))) continue;
    const room = join(dirname(target), name);
    const old = join(room, OLD);
    if (!("unfinished" in markerAt(join(room, MARKER))) || !existsSync(old)) continue;
    return renameSync(old, target);
  }
}

/**
 * Whether there is one that is to be replaced; false: nothing is there.
 * @throws OUTPUT_EXISTS if what is at OUT is to stay, or others' files are among it
 */
function requireFree(out: string, kind: OutputKind, overwrite: boolean): boolean {
  if (!claimOutput(out, { own: [kind] })) return false;
  if (!overwrite) throw taken(out, `is ${kind.noun}`, "choose another --out, or replace it with --overwrite");
  if (kind.form === "file") return true;
  if (holdsCurrentFolder(out)) {
    throw taken(out, "is, or holds, the folder that the command is called in", "call it from elsewhere to replace it");
  }
  const known = new Set(kind.files(out));
  const stranger = filesOf(out, "").find((file) => !known.has(file));
  if (stranger === undefined) return true;
  throw taken(out, `holds ${stranger}, which no run of ours made`, "move that away, or choose another --out");
}

/** Everything below a folder that is no folder, with forward slashes. */
function filesOf(dir: string, below: string): string[] {
  return readdirSync(join(dir, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    return entry.isDirectory() ? filesOf(dir, path) : [path];
  });
}

/** Moves what was made into a folder that is there, and has no files in it. */
function moveInto(target: string, made: string): void {
  for (const name of readdirSync(target)) removeEmpty(join(target, name));
  // dataset.json last: what says that it is whole.
  const names = readdirSync(made).sort((a, b) => Number(a === "dataset.json") - Number(b === "dataset.json"));
  for (const name of names) renameSync(join(made, name), join(target, name));
}
