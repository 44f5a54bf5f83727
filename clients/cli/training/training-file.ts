/**
 * A training's file: YAML or JSON, {name, seed, dataset, online: {trials}, objective, layout, context, model: {...}, training: {...}}.
 * docs/training.md tells what each means.
 */
import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { MODEL_OPTIONS } from "../../../agents/transformer/model-config.js";
import { TRAINING_OPTIONS, type TrainingOptions } from "../../../agents/transformer/training-options.js";
import { IcrlError } from "../../../common/errors.js";
import { resolveOptions } from "../../../common/options.js";
import { type GivenOptions, readSpecFile } from "../spec-file.js";

/** What a training's file asks for. */
export interface TrainingSpec {
  readonly name: string;
  readonly seed: bigint;
  /** A dataset's folder, or the file that `icrl dataset collect` makes one of. */
  readonly dataset: { readonly given: string; readonly path: string; readonly isFile: boolean };
  /** Trials of each task that are played afresh at a time, instead of one dataset read again and again; undefined: not. */
  readonly onlineTrials: number | undefined;
  readonly objective: "ad" | "dpt" | `expert:${string}`;
  readonly layout: "step" | "lin2023";
  /** Tokens of a sequence; 0: a whole trial's. */
  readonly context: number;
  readonly model: GivenOptions;
  readonly training: TrainingOptions;
}

/**
 * Reads one.
 *
 * @param steps updates, instead of the file's
 * @throws SPEC_INVALID if it is no such file
 * @throws OPTION_UNKNOWN, OPTION_INVALID if an option of the model or the training is wrong
 */
export function readTrainingFile(path: string, steps?: number): TrainingSpec {
  const { content, members, text, options, wholeNumber, seed } = readSpecFile(path);
  const invalid = (what: string) => new IcrlError("SPEC_INVALID", `${path}: ${what}`);
  const names = ["name", "seed", "dataset", "online", "objective", "layout", "context", "model", "training"];
  const file = members(content, "the file", names);

  const given = text(file.dataset, "dataset");
  const dataset = isAbsolute(given) ? given : join(dirname(path), given);
  if (!existsSync(dataset)) {
    throw invalid(`dataset ${dataset} does not exist: give a dataset's folder, or the file to collect one by`);
  }
  const isFile = statSync(dataset).isFile();
  const online = file.online === undefined ? undefined : members(file.online, "online", ["trials"]);
  if (online !== undefined && !isFile) throw invalid("online needs the file of a dataset, not its folder");

  const objective = text(file.objective, "objective");
  if (objective !== "ad" && objective !== "dpt" && !/^expert:./.test(objective)) {
    throw invalid(`objective is "${objective}": give ad, dpt or expert:NAME, NAME a label of the dataset`);
  }
  const layout = file.layout ?? "step";
  if (layout !== "step" && layout !== "lin2023") {
    throw invalid(`layout is ${JSON.stringify(layout)}: give step or lin2023`);
  }
  const training = options(file.training, "training");
  const model = options(file.model, "model");
  resolveOptions(MODEL_OPTIONS, model, "the model");
  return {
    name: text(file.name, "name"),
    seed: seed(file.seed) ?? 0n,
    dataset: { given, path: dataset, isFile },
    onlineTrials: online === undefined ? undefined : wholeNumber(online.trials, "online.trials", 1),
    objective: objective as TrainingSpec["objective"],
    layout,
    context: file.context === undefined ? 0 : wholeNumber(file.context, "context", 1),
    model,
    training: resolveOptions(TRAINING_OPTIONS, steps === undefined ? training : { ...training, steps }, "the training"),
  };
}
