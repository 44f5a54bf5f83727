/** The output folder of a training: OUT/spec.json says what it is for; metrics.jsonl and checkpoints/ are what came of it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { IcrlError } from "../../../common/errors.js";
import { replaceDurably } from "../../../datasets/durable-file.js";
import type { TrainingSpec } from "./training-file.js";

/** What a training leaves in its folder. A dataset that it collected is kept unless the folder is begun anew. */
const OUTPUTS = ["spec.json", "metrics.jsonl", "checkpoints", "dataset", "online"];

/**
 * Makes the folder, or goes on in one that was made for the same spec.
 *
 * @param overwrite remove what an earlier training left
 * @throws OUTPUT_EXISTS if it was made for something else
 */
export function openTrainingFolder(out: string, spec: TrainingSpec, specPath: string, overwrite: boolean): void {
  if (overwrite) for (const name of OUTPUTS) rmSync(join(out, name), { recursive: true, force: true });
  const path = join(out, "spec.json");
  const wanted = specJson(spec);
  if (existsSync(path)) {
    const known = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    const differs = differences(known, wanted, "");
    if (differs.length === 0) return;
    throw new IcrlError(
      "OUTPUT_EXISTS",
      `${out} holds a training with another ${differs.join(", ")} than ${specPath} asks for: choose another --out, or begin anew with --overwrite`,
      { folder: out },
    );
  }
  mkdirSync(out, { recursive: true });
  replaceDurably(path, Buffer.from(`${JSON.stringify(wanted, undefined, 2)}\n`));
}

/** The spec as JSON, every default filled in but the model's. */
function specJson({ dataset, seed, onlineTrials, ...rest }: TrainingSpec): Record<string, unknown> {
  const online = onlineTrials === undefined ? undefined : { trials: onlineTrials };
  return JSON.parse(JSON.stringify({ ...rest, dataset: dataset.given, seed: String(seed), online })) as Record<
    string,
    unknown
  >;
}

/** Places where two JSON documents differ: `training.steps`. */
function differences(a: unknown, b: unknown, at: string): string[] {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
  if (!isObject(a) || !isObject(b)) return isDeepStrictEqual(a, b) ? [] : [at];
  return Object.keys({ ...a, ...b }).flatMap((key) => differences(a[key], b[key], at === "" ? key : `${at}.${key}`));
}

/** Removes all but the latest checkpoints. */
export function keepLatestCheckpoints(out: string, keep: number): void {
  const all = join(out, "checkpoints");
  const names = readdirSync(all)
    .filter((name) => /^step-\d+$/.test(name))
    .sort();
  for (const name of names.slice(0, -keep)) rmSync(join(all, name), { recursive: true });
}
