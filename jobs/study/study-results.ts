/** What a study came to: its trainings, and the means of those that differ in their seed alone. */
import { join } from "node:path";
import { readMetrics } from "../../agents/transformer/metrics.js";
import { groups } from "../../common/groups.js";
import { type MeanAndStandardError, meanAndStandardError } from "../../common/mean-and-standard-error.js";
import { toSnakeCase } from "../../common/snake-case.js";
import type { TrainingResult } from "../train/run-training.js";
import { SEED, type Study, type StudyRun, type StudyValue, type Varied } from "./study-file.js";

/** results.json; docs/studies.md describes it. */
export interface StudyJson {
  readonly schema_version: 1;
  readonly name: string;
  readonly varied: readonly Varied[];
  readonly runs: readonly StudyRunJson[];
  readonly settings: readonly SettingJson[];
}

/** One training. */
export interface StudyRunJson {
  readonly name: string;
  /** Its folder, below the study's. */
  readonly folder: string;
  readonly values: Readonly<Record<string, StudyValue>>;
  /** Why it was not trained to its end; null where it was. What follows is null then. */
  readonly error: { readonly reason: string; readonly message: string } | null;
  readonly step: number | null;
  readonly tokens: number | null;
  readonly parameters: number | null;
  /** Of all its updates and the evaluations between them, whichever run of the study made them. */
  readonly seconds: number | null;
  /** The last ones. */
  readonly validation: { readonly loss: number; readonly target_entropy: number; readonly agreement: number } | null;
  readonly evaluation: {
    readonly trials: number;
    readonly tasks: Readonly<
      Record<string, { readonly regret: MeanAndStandardError; readonly return: MeanAndStandardError }>
    >;
  } | null;
}

/** Trainings that differ in their seed alone. */
export interface SettingJson {
  /** What they have in common of what is varied. */
  readonly values: Readonly<Record<string, StudyValue>>;
  /** Trainings that came to their end, over which the means are. */
  readonly trainings: number;
  readonly tokens: number | null;
  /** Means over trainings, and standard errors of these: of how trainings differ, and the trials that they are evaluated on. */
  readonly validation_loss: MeanAndStandardError;
  readonly agreement: MeanAndStandardError;
  readonly tasks: Readonly<
    Record<string, { readonly regret: MeanAndStandardError; readonly return: MeanAndStandardError }>
  >;
}

/** A training of a study, and what it came to. */
export interface FinishedRun {
  readonly run: StudyRun;
  readonly outcome: TrainingResult | { readonly reason: string; readonly message: string };
}

/** Folder of a training, below the study's. */
export const runFolder = ({ name }: Pick<StudyRun, "name">): string => `runs/${name}`;

/** The results of a study in a folder. */
export function studyResults(out: string, { name, varied }: Study, finished: readonly FinishedRun[]): StudyJson {
  const runs = finished.map((one) => runJson(out, one));
  const settings = groups(runs, ({ values }) => JSON.stringify(settingOf(values)));
  return { schema_version: 1, name, varied, runs, settings: settings.map(([, own]) => settingJson(own)) };
}

function runJson(out: string, { run, outcome }: FinishedRun): StudyRunJson {
  const known = { name: run.name, folder: runFolder(run), values: run.values };
  if ("reason" in outcome) {
    const { reason, message } = outcome;
    const nothing = { step: null, tokens: null, parameters: null, seconds: null, validation: null, evaluation: null };
    return { ...known, error: { reason, message }, ...nothing };
  }
  const { step, tokens, parameters, validation, evaluation } = outcome;
  const seconds = secondsOf(join(out, runFolder(run), METRICS_FILE));
  return {
    ...known,
    error: null,
    ...{ step, tokens, parameters, seconds },
    validation: validation && toSnakeCase(pick(validation, "loss", "targetEntropy", "agreement")),
    evaluation: evaluation && pick(evaluation, "trials", "tasks"),
  };
}

/** Name of a training's metrics in its folder. */
export const METRICS_FILE = "metrics.jsonl";

/** Of all runs of a training: each counts its own from 0. */
function secondsOf(path: string): number {
  let [before, last] = [0, 0];
  for (const line of readMetrics(path)) {
    if (line.type !== "update") continue;
    if (line.seconds < last) before += last;
    last = line.seconds;
  }
  return before + last;
}

const pick = <T, K extends keyof T>(from: T, ...keys: readonly K[]): Pick<T, K> =>
  Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;

/** Values without the seed. */
export function settingOf(values: StudyRun["values"]): StudyRun["values"] {
  const { [SEED]: _, ...rest } = values;
  return rest;
}

function settingJson(all: readonly StudyRunJson[]): SettingJson {
  const runs = all.filter(({ error }) => error === null);
  const mean = (values: readonly (number | null | undefined)[]) =>
    meanAndStandardError(values.filter((value) => value != null));
  const tasks = [...new Set(runs.flatMap(({ evaluation }) => Object.keys(evaluation?.tasks ?? {})))];
  return {
    values: settingOf(all[0].values),
    trainings: runs.length,
    tokens: mean(runs.map(({ tokens }) => tokens)).mean,
    validation_loss: mean(runs.map(({ validation }) => validation?.loss)),
    agreement: mean(runs.map(({ validation }) => validation?.agreement)),
    tasks: Object.fromEntries(
      tasks.map((id) => [
        id,
        {
          regret: mean(runs.map(({ evaluation }) => evaluation?.tasks[id]?.regret.mean)),
          return: mean(runs.map(({ evaluation }) => evaluation?.tasks[id]?.return.mean)),
        },
      ]),
    ),
  };
}
