/** Outputs that come into being in one piece. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { VERSION } from "../../common/version.js";
import { fsyncFolder } from "../durable-file.js";
import { makeFolders } from "../make-folders.js";
import { claimOutput, holdsCurrentFolder, requirePath, taken } from "./claim-output.js";
import { markerAt, type OutputKind } from "./output-kind.js";
import { removeEmpty } from "./remove-files.js";

/**
 * Lets `make` write a file or fill a folder beside OUT, in the folder .NAME.unfinished, and moves it to OUT when it is whole: until then OUT is as it
 * was. What a process that was killed left beside it, the next one removes, and puts an OUT back that it had moved away.
 *
 * @param kind what is made; there may be one at OUT already if it may be replaced, and nothing else
 * @param overwrite whether it may be replaced: whole, so that nothing else may be in its folder
 * @param make gets the path to write to: an empty folder, or a file that is not there yet
 * @throws OPTION_INVALID, OUTPUT_EXISTS as claimOutput does, before anything is made
 */
export async function makeOutput<T>(
  out: string,
  kind: OutputKind,
  overwrite: boolean,
  make: (path: string) => Promise<T>,
): Promise<T> {
  const target = resolve(out);
  const room = join(dirname(target), `.${basename(target)}.unfinished`);
  requirePath(out);
  clearRoom(room, target);
  const own = claimOutput(out, { own: [kind] });
  if (own) requireReplaceable(out, kind, overwrite);
  const made = join(room, "made");
  makeFolders(room);
  writeFileSync(join(room, MARKER), `${JSON.stringify({ unfinished: kind.noun, icrl: VERSION })}\n`);
  if (kind.form === "folder") mkdirSync(made);
  let result: T;
  try {
    result = await make(made);
  } catch (error) {
    rmSync(room, { recursive: true, force: true });
    throw error;
  }
  if (kind.form === "folder" && own) renameSync(target, join(room, "old"));
  if (kind.form === "folder" && existsSync(target)) moveInto(target, made);
  else renameSync(made, target);
  fsyncFolder(dirname(target));
  rmSync(room, { recursive: true, force: true });
  return result;
}

/** Says whose .NAME.unfinished is. */
const MARKER = "unfinished.json";

/** @throws OUTPUT_EXISTS if a folder of that name is somebody else's */
function clearRoom(room: string, target: string): void {
  if (!existsSync(room)) return;
  const others = readdirSync(room).filter((name) => name !== MARKER);
  if (others.length > 0 && !("unfinished" in markerAt(join(room, MARKER)))) {
    throw taken(room, "is in the way, and no run of ours left it", "move it away");
  }
  const old = join(room, "old");
  if (existsSync(old) && !existsSync(target)) renameSync(old, target);
  rmSync(room, { recursive: true, force: true });
}

/** @throws OUTPUT_EXISTS if what is at OUT is to stay, or others' files are among it */
function requireReplaceable(out: string, kind: OutputKind, overwrite: boolean): void {
  if (!overwrite) throw taken(out, `is ${kind.noun}`, "choose another --out, or replace it with --overwrite");
  if (kind.form === "file") return;
  if (holdsCurrentFolder(out)) {
    throw taken(out, "is, or holds, the folder that the command is called in", "call it from elsewhere to replace it");
  }
  const known = new Set(kind.files(out));
  const stranger = filesOf(out, "").find((file) => !known.has(file));
  if (stranger !== undefined) {
    throw taken(out, `holds ${stranger}, which no run of ours made`, "move that away, or choose another --out");
  }
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
