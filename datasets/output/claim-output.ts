/** The one rule of where a command may write, for every command with --out or --data; docs/cli.md tells it to users. */
import { existsSync, lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { type OutputKind, taken } from "../files/output-kind.js";
import { FOLDER_KINDS } from "./output-kinds.js";

/** What a command writes. */
export interface Claim {
  /** The kinds of output that it may go on with or replace: what is there must be one of them. Of one form. */
  readonly own: readonly OutputKind[];
  /** What may be there together with that. */
  readonly beside?: readonly OutputKind[];
  /** What it may write its own into, where it is not there yet. */
  readonly into?: readonly OutputKind[];
}

/**
 * Whether there is something of a command's own at the path that it was given; false: nothing is there, or folders without a file, or a file
 * without a byte where a file is to be written. Anything else is refused. Looks only: nothing is made, changed or removed.
 *
 * @param path as it was given
 * @throws OPTION_INVALID if it is empty
 * @throws OUTPUT_EXISTS if something else is there, or the path leads into another output
 */
export function claimOutput(path: string, { own, beside = [], into = [] }: Claim): boolean {
  requirePath(path);
  const target = resolve(path);
  if (!existsSync(target)) {
    requireOutside(path, target);
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) throw taken(path, "is a link to nothing");
    return false;
  }
  const stat = statSync(target);
  const isFolder = stat.isDirectory();
  if (own[0].form === "file") {
    if (stat.isFile() && stat.size === 0) {
      requireOutside(path, target);
      return false;
    }
    if (stat.isFile() && own.some((kind) => kind.is(target))) return true;
    throw taken(path, isFolder ? "is a folder" : `is a file, and not ${nouns(own)}`);
  }
  if (!isFolder) throw taken(path, "is a file");
  const stranger = someFile(target);
  if (stranger === undefined) {
    requireOutside(path, target);
    return false;
  }
  const known = new Set([...FOLDER_KINDS, ...into]);
  const found = [...known].filter((kind) => kind.is(target));
  if (found.length === 0) {
    if (isNested(target, own)) return false; // what others put there stayed when it was removed to begin anew
    throw taken(path, `holds something else (${stranger})`);
  }
  const other = found.find((kind) => ![...own, ...beside, ...into].includes(kind));
  if (other !== undefined) throw taken(path, `is ${other.noun}`);
  requireNoLinks(path, target, found);
  if (found.some((kind) => own.includes(kind))) return true;
  if (!found.some((kind) => into.includes(kind))) throw taken(path, `is ${found[0].noun}`);
  const file = own.flatMap((kind) => kind.files(target)).find((name) => existsSync(join(target, name)));
  if (file !== undefined) throw taken(path, `has a ${file} that no ${nouns(own).replace(/^an? /, "")} of ours left`);
  return false;
}

/** @throws OPTION_INVALID if a path is empty: it would mean the current folder */
export function requirePath(path: string): void {
  if (path.trim() !== "") return;
  throw new IcrlError(
    "OPTION_INVALID",
    "the path to write to is empty: give a file's or a folder's, . for the current one",
    { option: "out" },
  );
}

/**
 * What is written, replaced or removed in an output must be in it, and not where a link leads that somebody else has put there.
 * @throws OUTPUT_EXISTS
 */
function requireNoLinks(path: string, target: string, kinds: readonly OutputKind[]): void {
  const isLink = (name: string) => lstatSync(join(target, name), { throwIfNoEntry: false })?.isSymbolicLink() === true;
  for (const kind of kinds) {
    const top = new Set([...kind.inner, ...kind.files(target).map((file) => file.split("/")[0])]);
    const link = [...top].find(isLink) ?? kind.inner.flatMap((folder) => linkIn(target, folder))[0];
    if (link !== undefined) throw taken(path, `has a link at ${link}, and what is written must be in it`);
  }
}

/** The first link in a folder of a folder, in its folders too, as a list of one or none. */
function linkIn(target: string, folder: string): string[] {
  if (!lstatSync(join(target, folder), { throwIfNoEntry: false })?.isDirectory()) return [];
  for (const entry of readdirSync(join(target, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isSymbolicLink()) return [path];
    const [below] = entry.isDirectory() ? linkIn(target, path) : [];
    if (below !== undefined) return [below];
  }
  return [];
}

const nouns = (kinds: readonly OutputKind[]): string => kinds.map(({ noun }) => noun).join(" or ");

/** @throws OUTPUT_EXISTS if a path is inside a folder that belongs to another output, or below a file */
function requireOutside(path: string, target: string): void {
  let above = dirname(target);
  while (!existsSync(above)) above = dirname(above);
  if (!statSync(above).isDirectory()) throw taken(path, `would be below ${above}, which is a file`);
  const real = existsSync(target) ? realpathSync(target) : join(realpathSync(above), relative(above, target));
  for (let folder = dirname(real); folder !== dirname(folder); folder = dirname(folder)) {
    const [inner] = relative(folder, real).split(sep);
    const kind = FOLDER_KINDS.find((one) => one.inner.includes(inner) && one.is(folder));
    if (kind !== undefined) throw taken(path, `would be inside ${folder}, which is ${kind.noun}`);
  }
}

/** Whether a folder is where an output has others in it: it is known by the one around it. */
function isNested(target: string, own: readonly OutputKind[]): boolean {
  for (let folder = dirname(target); folder !== dirname(folder); folder = dirname(folder)) {
    const below = relative(folder, target).replaceAll(sep, "/");
    const around = FOLDER_KINDS.find((kind) => kind.nested?.at.test(below) && kind.is(folder));
    if (around?.nested?.kinds.some((kind) => own.includes(kind))) return true;
  }
  return false;
}

/** The path of a file in a folder, below it; undefined when there is none, in its folders neither. */
function someFile(folder: string): string | undefined {
  const entries = readdirSync(folder, { withFileTypes: true });
  const file = entries.find((entry) => !entry.isDirectory());
  if (file !== undefined) return file.name;
  for (const { name } of entries) {
    const below = someFile(join(folder, name));
    if (below !== undefined) return join(name, below);
  }
  return undefined;
}

/** Whether a command works in a folder, or below it: it cannot be put in another's place then. */
export function holdsCurrentFolder(path: string): boolean {
  const inside = relative(realpathSync(path), realpathSync("."));
  return inside !== ".." && !inside.startsWith(`..${sep}`);
}
