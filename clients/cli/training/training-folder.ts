/** The output folder of a training: OUT/spec.json says what it is for; metrics.jsonl and checkpoints/ are what came of it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { IcrlError } from "../../../common/errors.js";
import { replaceDurably } from "../../../datasets/durable-file.js";
import { beginFolder } from "../../../datasets/output/begin-folder.js";
import { checkpointFiles, TRAINING } from "../../../datasets/output/output-kinds.js";
import { removeFiles } from "../../../datasets/output/remove-files.js";
import type { TrainingSpec } from "./training-file.js";

/** Checkpoints; one that was not written whole, or was replaced, has another ending. */
const CHECKPOINT = /^step-\d+$/;

/**
 * Makes the folder, or goes on in one that was made for the same spec, or in one where nothing has been learned yet.
 *
 * @param overwrite remove what an earlier training left
 * @throws OUTPUT_EXISTS if something else was learned in it
 */
export function openTrainingFolder(out: string, spec: TrainingSpec, overwrite: boolean): void {
  const goesOn = beginFolder(out, { own: [TRAINING], anew: overwrite });
  const path = join(out, "spec.json");
  const wanted = specJson(spec, out);
  if (goesOn) {
    const known = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    if (isSameDataset(known.dataset, spec, out)) known.dataset = wanted.dataset;
    const differs = differences(known, wanted, "");
    if (differs.length > 0 && hasCheckpoint(out)) {
      throw new IcrlError(
        "OUTPUT_EXISTS",
        `${out} holds a training whose ${differs.join(", ")}: choose another --out, or begin anew with --overwrite`,
        { folder: out },
      );
    }
  }
  replaceDurably(path, Buffer.from(`${JSON.stringify(wanted, undefined, 2)}\n`));
}

/** Whether something was learned in a folder. */
export function hasCheckpoint(out: string): boolean {
  return checkpointNames(out).length > 0;
}

/** Removes all but the latest checkpoints, and what a crash left of others. */
export function keepLatestCheckpoints(out: string, keep: number): void {
  const kept = new Set(checkpointNames(out).slice(-keep));
  removeFiles(
    out,
    checkpointFiles(out).filter((file) => !kept.has(file.split("/")[1])),
  );
}

/** Names of whole checkpoints, the latest last. */
function checkpointNames(out: string): string[] {
  const all = join(out, "checkpoints");
  if (!existsSync(all)) return [];
  return readdirSync(all)
    .filter((name) => CHECKPOINT.test(name) && existsSync(join(all, name, "config.json")))
    .sort();
}

/** The spec as JSON, every default filled in: a file that `icrl train` reads, and so finds the dataset from its own folder. */
function specJson({ dataset, seed, onlineTrials, ...rest }: TrainingSpec, out: string): Record<string, unknown> {
  const online = onlineTrials === undefined ? undefined : { trials: onlineTrials };
  const from = isAbsolute(dataset.given) ? dataset.given : relative(resolve(out), resolve(dataset.path));
  return JSON.parse(JSON.stringify({ ...rest, dataset: from, seed: String(seed), online }));
}

/** Whether a dataset that a spec.json names is the file's: there, or, where the folder was moved or its spec is an early one, by its name. */
function isSameDataset(known: unknown, { dataset }: TrainingSpec, out: string): boolean {
  if (typeof known !== "string") return false;
  const place = resolve(out, known);
  return place === resolve(dataset.path) || (!existsSync(place) && basename(place) === basename(dataset.path));
}

/** Places where two JSON documents differ: `training.steps is 200, not 300`. */
function differences(known: unknown, wanted: unknown, at: string): string[] {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
  if (!isObject(known) || !isObject(wanted)) {
    const text = (value: unknown) => (value === undefined ? "absent" : JSON.stringify(value));
    return isDeepStrictEqual(known, wanted) ? [] : [`${at} is ${text(known)}, not ${text(wanted)}`];
  }
  return Object.keys({ ...known, ...wanted }).flatMap((key) =>
    differences(known[key], wanted[key], at === "" ? key : `${at}.${key}`),
  );
}
