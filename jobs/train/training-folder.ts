/** The output folder of a training: OUT/spec.json says what it is for; metrics.jsonl and checkpoints/ are what came of it. */
import { existsSync, readdirSync } from "node:fs";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { modelOptions } from "../../agents/transformer/model-config.js";
import { trainingOptions } from "../../agents/transformer/training-options.js";
import { IcrlError } from "../../common/errors.js";
import { toSnakeCase } from "../../common/snake-case.js";
import { parseJson, readText } from "../../datasets/files/document.js";
import { replaceDurably } from "../../datasets/files/durable-file.js";
import { requireNoLinks, UnreadableFile } from "../../datasets/files/read-file.js";
import { beginFolder } from "../../datasets/output/begin-folder.js";
import { claimOutput } from "../../datasets/output/claim-output.js";
import { checkpointFiles, TRAINING } from "../../datasets/output/output-kinds.js";
import { removeFiles } from "../../datasets/output/remove-files.js";
import { type Continuation, specChange } from "./spec-changes.js";
import type { TrainingSpec } from "./training-file.js";

/** spec.json, which is compared with the spec and never used otherwise. */
const SPEC = { reason: "OUTPUT_EXISTS", remedy: "choose another --out, or begin anew with --overwrite" } as const;

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
  const claim = { own: [TRAINING] };
  claimOutput(out, claim);
  requireOwn(out);
  const goesOn = beginFolder(out, { ...claim, anew: overwrite });
  const path = join(out, "spec.json");
  const wanted = specJson(spec, out);
  const continued: Continuation[] = [];
  if (goesOn) {
    const { continued: before = [], ...known } = parseJson(readText(path, SPEC), path, SPEC) as {
      continued?: Continuation[];
      dataset?: unknown;
      from?: unknown;
    };
    if (isSameData(known.dataset, spec, out)) known.dataset = wanted.dataset;
    if (spec.from !== undefined && isSamePlace(known.from, spec.from, out)) known.from = wanted.from;
    fillIn(known);
    const change = specChange(known, wanted);
    const last = lastCheckpoint(out);
    if (last !== undefined && change.kind !== "longer" && change.kind !== "same") {
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
    if (change.kind === "same") continued.push(...before);
    if (last !== undefined && change.kind === "longer") continued.push(...before, { steps: change.steps, after: last });
  }
  const document = continued.length === 0 ? wanted : { ...wanted, continued };
  replaceDurably(path, Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`));
  return continued;
}

/** A checkpoint that is written is in the folder, and so are those that are removed. @throws OUTPUT_EXISTS */
function requireOwn(out: string): void {
  try {
    requireNoLinks(out, "spec.json", "metrics.jsonl", "checkpoints", "dataset", "online");
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new IcrlError("OUTPUT_EXISTS", `${error.message}: choose another --out`, { folder: out });
  }
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
  const kept = new Set(["best", ...checkpointNames(out).slice(-keep)]);
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
function specJson(
  { dataset, mixture, from, seed, onlineTrials, validation, ...rest }: TrainingSpec,
  out: string,
): Record<string, unknown> {
  const online = onlineTrials === undefined ? undefined : { trials: onlineTrials };
  const found = ({ given, path }: { given: string; path: string }) =>
    isAbsolute(given) ? given : relative(resolve(out), resolve(path));
  const spec = {
    ...rest,
    objective: rest.objective.name,
    model: toSnakeCase(rest.model),
    training: toSnakeCase(rest.training),
    dataset: dataset === undefined ? mixture?.map((set) => ({ path: found(set), weight: set.weight })) : found(dataset),
    from: from && found(from),
    seed: String(seed),
    online,
    validation: validation && found(validation),
  };
  return JSON.parse(JSON.stringify(spec));
}

/** Options that an earlier version did not have are what they are by default. */
function fillIn(known: Record<string, unknown>): void {
  const defaults = { model: toSnakeCase(modelOptions({})), training: toSnakeCase(trainingOptions({})) };
  for (const [name, values] of Object.entries(defaults)) {
    const given = known[name];
    if (typeof given === "object" && given !== null) known[name] = { ...values, ...given };
  }
}

/** Whether what a spec.json has as its dataset is the file's, one or several in the same order. Weights are compared elsewhere. */
function isSameData(known: unknown, { dataset, mixture }: TrainingSpec, out: string): boolean {
  if (dataset !== undefined) return isSamePlace(known, dataset, out);
  if (!Array.isArray(known) || known.length !== mixture?.length) return false;
  return mixture.every((set, k) => known[k]?.weight === set.weight && isSamePlace(known[k]?.path, set, out));
}

/** Whether a dataset or checkpoint that a spec.json names is the file's: there, or, where the folder was moved or its spec is an early one, by its name. */
function isSamePlace(known: unknown, { path }: { readonly path: string }, out: string): boolean {
  if (typeof known !== "string") return false;
  const place = resolve(out, known);
  return place === resolve(path) || (!existsSync(place) && basename(place) === basename(path));
}
