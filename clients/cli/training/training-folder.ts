/** The output folder of a training: OUT/spec.json says what it is for; metrics.jsonl and checkpoints/ are what came of it. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { IcrlError } from "../../../common/errors.js";
import { parseJson, readText } from "../../../datasets/document.js";
import { replaceDurably } from "../../../datasets/durable-file.js";
import { makeFolders } from "../../../datasets/make-folders.js";
import { requireNoLinks, UnreadableFile } from "../../../datasets/read-file.js";
import type { TrainingSpec } from "./training-file.js";

/** What a training leaves in its folder, a dataset that it collected included. */
const OUTPUTS = ["spec.json", "metrics.jsonl", "checkpoints", "dataset", "online", "evaluation"];

/** spec.json, which is compared with the spec and never used otherwise. */
const SPEC = { reason: "OUTPUT_EXISTS", remedy: "choose another --out, or begin anew with --overwrite" } as const;

/** Checkpoints; one that was not written whole, or was replaced, has another ending. */
const CHECKPOINT = /^step-\d+$/;
const LEFT = /^step-\d+(\.tmp|\.old)?$/;

/**
 * Makes the folder, or goes on in one that was made for the same spec, or in one where nothing has been learned yet.
 *
 * @param overwrite remove what an earlier training left
 * @throws OUTPUT_EXISTS if something else was learned in it
 */
export function openTrainingFolder(out: string, spec: TrainingSpec, overwrite: boolean): void {
  requireOwn(out);
  if (overwrite) for (const name of OUTPUTS) rmSync(join(out, name), { recursive: true, force: true });
  const path = join(out, "spec.json");
  const wanted = specJson(spec);
  if (existsSync(path)) {
    const differs = differences(parseJson(readText(path, SPEC), path, SPEC), wanted, "");
    if (differs.length === 0) return;
    if (hasCheckpoint(out)) {
      throw new IcrlError(
        "OUTPUT_EXISTS",
        `${out} holds a training whose ${differs.join(", ")}: choose another --out, or begin anew with --overwrite`,
        { folder: out },
      );
    }
  }
  makeFolders(out);
  replaceDurably(path, Buffer.from(`${JSON.stringify(wanted, undefined, 2)}\n`));
}

/** A checkpoint that is written is in the folder, and so are those that are removed. @throws OUTPUT_EXISTS */
function requireOwn(out: string): void {
  try {
    requireNoLinks(out, ...OUTPUTS);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new IcrlError("OUTPUT_EXISTS", `${error.message}: choose another --out`, { folder: out });
  }
}

/** Whether something was learned in a folder. */
export function hasCheckpoint(out: string): boolean {
  return checkpointNames(out).length > 0;
}

/** Removes all but the latest checkpoints, and what a crash left of others. */
export function keepLatestCheckpoints(out: string, keep: number): void {
  const kept = checkpointNames(out).slice(-keep);
  for (const name of readdirSync(join(out, "checkpoints"))) {
    if (!kept.includes(name) && LEFT.test(name)) rmSync(join(out, "checkpoints", name), { recursive: true });
  }
}

/** Names of whole checkpoints, the latest last. */
function checkpointNames(out: string): string[] {
  const all = join(out, "checkpoints");
  if (!existsSync(all)) return [];
  return readdirSync(all)
    .filter((name) => CHECKPOINT.test(name))
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
