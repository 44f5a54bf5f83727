/**
 * A training's file: YAML or JSON, {name, seed, dataset, from, online: {trials}, validation, objective, layout, context, model: {...}, training: {...}}.
 * docs/training.md tells what each means.
 */
import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { type ModelOptions, modelOptions } from "../../agents/transformer/model-config.js";
import type { Objective } from "../../agents/transformer/objective.js";
import { OBJECTIVES, objectiveNamed } from "../../agents/transformer/objectives.js";
import { LAYOUTS, type Layout } from "../../agents/transformer/token-layout.js";
import { type TrainingOptions, trainingOptions } from "../../agents/transformer/training-options.js";
import { IcrlError } from "../../common/errors.js";
import { isDataset } from "../../datasets/folder/dataset-manifest.js";
import { ORACLE_NOISE } from "../../server/tasks/oracle-noise-options.js";
import { isBuiltIn, nearBuiltIn } from "../agents-from-elsewhere.js";
import { type DatasetSpec, readDatasetFile } from "../collect/dataset-file.js";
import { quoted } from "../quoted.js";
import { readSpecFile, type SpecFile } from "../specs/spec-file.js";

/** Where the file says that something is. */
export interface Place {
  /** As it stands in the file. */
  readonly given: string;
  readonly path: string;
}

/** A dataset's folder, or the file that `icrl dataset collect` makes one of. */
export interface DatasetPlace extends Place {
  readonly isFile: boolean;
}

/** The folder of one of several datasets. */
export interface WeightedDataset extends Place {
  /** Chance that a sequence of a batch is of this one, relative to the others'; positive. */
  readonly weight: number;
}

/** What a training's file asks for. */
export interface TrainingSpec {
  readonly name: string;
  readonly seed: bigint;
  /** The dataset; undefined where there are several. */
  readonly dataset: DatasetPlace | undefined;
  /** Several datasets, mixed by their weights; undefined where there is one. */
  readonly mixture: readonly WeightedDataset[] | undefined;
  /** The checkpoint whose parameters it begins with, or the training's folder whose latest; undefined: random ones. */
  readonly from: Place | undefined;
  /** Trials of each task that are played afresh at a time, instead of one dataset read again and again; undefined: not. */
  readonly onlineTrials: number | undefined;
  /** Folder of a dataset to validate with; undefined: instances of the training's data are held out for that, as `validation_share` says. */
  readonly validation: Place | undefined;
  readonly objective: Objective;
  readonly layout: Layout;
  /** Tokens of a sequence; 0: a whole trial's. */
  readonly context: number;
  readonly model: ModelOptions;
  readonly training: TrainingOptions;
}

/**
 * Reads one, and the dataset's file where it names one: what can be known to be wrong is said before anything is collected.
 *
 * @param steps updates, instead of the file's
 * @throws SPEC_INVALID if it is no such file, or does not go with the dataset's
 * @throws OPTION_UNKNOWN, OPTION_INVALID if an option of the model or the training is wrong
 */
export function readTrainingFile(path: string, steps?: number): TrainingSpec {
  return trainingSpecOf(readSpecFile(path), path, steps);
}

/** The same of a file that is read already. @throws as readTrainingFile does */
export function trainingSpecOf(specFile: SpecFile, path: string, steps?: number): TrainingSpec {
  const { content, members, text, options, wholeNumber, seed } = specFile;
  const invalid = (what: string) => new IcrlError("SPEC_INVALID", `${path}: ${what}`);
  const names = [
    "name",
    "seed",
    "dataset",
    "from",
    "online",
    "validation",
    "objective",
    "layout",
    "context",
    "model",
    "training",
  ];
  const file = members(content, "the file", names);

  const name = text(file.name, "name");
  const placeOf = (given: string) => (isAbsolute(given) ? given : join(dirname(path), given));
  const mixture = Array.isArray(file.dataset) ? mixtureOf(specFile, file.dataset, placeOf) : undefined;
  const dataset = mixture === undefined ? datasetOf(specFile, file.dataset, placeOf) : undefined;
  const isFile = dataset?.isFile === true;
  const begins = file.from === undefined ? undefined : text(file.from, "from");
  const from = begins === undefined ? undefined : { given: begins, path: placeOf(begins) };
  if (from !== undefined && !existsSync(from.path)) {
    throw invalid(`from ${from.path} does not exist: give a checkpoint's folder, or a training's`);
  }
  const online = file.online === undefined ? undefined : members(file.online, "online", ["trials"]);
  if (online !== undefined && !isFile) {
    throw invalid(
      `online needs the file to collect a dataset by, and dataset is a ${mixture === undefined ? "folder" : "list of folders"}`,
    );
  }
  const training = options(file.training, "training");
  const validating = file.validation === undefined ? undefined : text(file.validation, "validation");
  const validation = validating === undefined ? undefined : { given: validating, path: placeOf(validating) };
  if (validation !== undefined && !isDataset(validation.path)) {
    throw invalid(`validation ${validation.path} is no dataset: give the folder of one that is finished`);
  }
  if (validation !== undefined && training.validation_share !== undefined) {
    throw invalid(
      "validation is a dataset of its own, and validation_share holds out instances of the other: give one of them",
    );
  }
  const wanted = text(file.objective, "objective");
  const objective = objectiveNamed(wanted);
  if (objective === undefined) {
    const usages = OBJECTIVES.map(({ usage }) => usage);
    const all = `${usages.slice(0, -1).join(", ")} or ${usages.at(-1)}`;
    throw invalid(`objective is "${wanted}": give ${all}, NAME a label of the dataset`);
  }
  const layout = LAYOUTS.find((one) => one === (file.layout ?? "step"));
  if (layout === undefined) {
    throw invalid(`layout is ${JSON.stringify(file.layout)}: give one of ${LAYOUTS.join(", ")}`);
  }
  const spec: TrainingSpec = {
    name,
    seed: seed(file.seed) ?? 0n,
    dataset,
    mixture,
    from,
    onlineTrials: online === undefined ? undefined : wholeNumber(online.trials, "online.trials", 1),
    validation,
    objective,
    layout,
    context: file.context === undefined ? 0 : wholeNumber(file.context, "context", 0),
    model: modelOptions(options(file.model, "model")),
    training: trainingOptions(steps === undefined ? training : { ...training, steps }),
  };
  const reason = isFile ? misfit(spec, dataset.path, readDatasetFile(dataset.path)) : undefined;
  if (reason !== undefined) throw invalid(reason);
  return spec;
}

/** @throws SPEC_INVALID if there is none */
function datasetOf({ text, invalid }: SpecFile, value: unknown, placeOf: (given: string) => string): DatasetPlace {
  const given = text(value, "dataset");
  const path = placeOf(given);
  if (existsSync(path)) return { given, path, isFile: statSync(path).isFile() };
  throw invalid(`dataset ${path} does not exist: give a dataset's folder, or the file to collect one by`);
}

/** @throws SPEC_INVALID if it is no list of finished datasets with weights */
function mixtureOf(
  { members, list, text, positive, invalid }: SpecFile,
  value: unknown,
  placeOf: (given: string) => string,
): WeightedDataset[] {
  return list(value, "dataset").map((entry, i) => {
    const what = `dataset[${i}]`;
    const set = members(entry, what, ["path", "weight"]);
    const given = text(set.path, `${what}.path`);
    const path = placeOf(given);
    if (!isDataset(path)) {
      throw invalid(
        `${what}.path ${path} is no dataset: give the folder of one that is finished; \`icrl dataset collect\` makes one of a file`,
      );
    }
    return { given, path, weight: set.weight === undefined ? 1 : positive(set.weight, `${what}.weight`) };
  });
}

/** Why a training cannot be done with the dataset of a file, which is at `path`; undefined where it can. */
function misfit({ objective, onlineTrials }: TrainingSpec, path: string, { experts, collection }: DatasetSpec) {
  const labels = ["self", "optimal", ...experts.map(({ name }) => name)];
  const label = objective.labels.find((name) => !labels.includes(name));
  if (label !== undefined) {
    return `objective is "${objective.name}": the labels of ${path} are ${labels.join(", ")}; add {expert: AGENT, name: ${label}} to them`;
  }
  const other = collection.behaviours.find(({ agent }) => agent !== ORACLE_NOISE && !isBuiltIn(agent));
  if (other === undefined) return undefined;
  const hint = nearBuiltIn(other.agent);
  const instead =
    onlineTrials === undefined
      ? `for an agent of your own collect the dataset by itself, with --await ${quoted(other.name)}, and name its folder`
      : "online plays built-in agents alone";
  return `there is no agent "${other.agent}", of behaviour "${other.name}" of ${path}${hint}; ${instead}`;
}
