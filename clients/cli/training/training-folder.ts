/** The output folder of a training: OUT/spec.json says what it is for; metrics.jsonl and checkpoints/ are what came of it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
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
  const wanted = specJson(spec);
  if (goesOn) {
    const differs = differences(JSON.parse(readFileSync(path, "utf8")), wanted, "");
    if (differs.length === 0) return;
    if (hasCheckpoint(out)) {
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

/** The spec as JSON, every default filled in. */
function specJson({ dataset, seed, onlineTrials, ...rest }: TrainingSpec): unknown {
  const online = onlineTrials === undefined ? undefined : { trials: onlineTrials };
  return JSON.parse(JSON.stringify({ ...rest, dataset: dataset.given, seed: String(seed), online }));
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
