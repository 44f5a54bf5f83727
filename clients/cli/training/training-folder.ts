/** The output folder of a training: OUT/spec.json says what it is for; metrics.jsonl and checkpoints/ are what came of it. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../../common/errors.js";
import { replaceDurably } from "../../../datasets/durable-file.js";
import { makeFolders } from "../../../datasets/make-folders.js";
import { type Continuation, specChange } from "./spec-changes.js";
import type { TrainingSpec } from "./training-file.js";

/** What a training leaves in its folder, a dataset that it collected included. */
const OUTPUTS = ["spec.json", "metrics.jsonl", "checkpoints", "dataset", "online", "evaluation"];

/** Checkpoints; one that was not written whole, or was replaced, has another ending. */
const CHECKPOINT = /^step-\d+$/;

/**
 * Makes the folder, or goes on in one that was made for the same spec or a shorter training, or in one where nothing has been learned yet.
 *
 * @param overwrite remove what an earlier training left
 * @returns how it was made longer, oldest first
 * @throws OUTPUT_EXISTS if something else was learned in it
 */
export function openTrainingFolder(out: string, spec: TrainingSpec, overwrite: boolean): readonly Continuation[] {
  if (overwrite) for (const name of OUTPUTS) rmSync(join(out, name), { recursive: true, force: true });
  const path = join(out, "spec.json");
  const wanted = specJson(spec);
  const continued: Continuation[] = [];
  if (existsSync(path)) {
    const { continued: before = [], ...known } = JSON.parse(readFileSync(path, "utf8")) as {
      continued?: Continuation[];
    };
    const change = specChange(known, wanted);
    if (change.kind === "same") return before;
    const last = lastCheckpoint(out);
    if (last !== undefined && change.kind !== "longer") {
      const what =
        change.kind === "other"
          ? `whose ${change.differs.join(", ")}`
          : `of ${change.steps} updates, and ${spec.training.steps} are asked for: it can be made longer, not shorter`;
      throw new IcrlError(
        "OUTPUT_EXISTS",
        `${out} holds a training ${what}: choose another --out, or begin anew with --overwrite`,
        { folder: out },
      );
    }
    if (last !== undefined && change.kind === "longer") continued.push(...before, { steps: change.steps, after: last });
  }
  makeFolders(out);
  const document = continued.length === 0 ? wanted : { ...wanted, continued };
  replaceDurably(path, Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`));
  return continued;
}

/** Whether something was learned in a folder. */
export function hasCheckpoint(out: string): boolean {
  return lastCheckpoint(out) !== undefined;
}

/** Updates that the last checkpoint is after; undefined where there is none. */
function lastCheckpoint(out: string): number | undefined {
  const name = checkpointNames(out).at(-1);
  return name === undefined ? undefined : Number(name.slice("step-".length));
}

/** Removes all but the latest checkpoints, and what a crash left of others. */
export function keepLatestCheckpoints(out: string, keep: number): void {
  const kept = checkpointNames(out).slice(-keep);
  for (const name of readdirSync(join(out, "checkpoints"))) {
    if (!kept.includes(name)) rmSync(join(out, "checkpoints", name), { recursive: true });
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
function specJson({ dataset, seed, onlineTrials, ...rest }: TrainingSpec): Record<string, unknown> {
  const online = onlineTrials === undefined ? undefined : { trials: onlineTrials };
  return JSON.parse(JSON.stringify({ ...rest, dataset: dataset.given, seed: String(seed), online }));
}
