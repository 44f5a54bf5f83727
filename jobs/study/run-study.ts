/** A study from its file to its picture: every training of it, and the datasets that they share. What `icrl study run` does. */
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { LearnerBackendName } from "../../agents/transformer/learner-backends.js";
import { ConnectionError } from "../../clients/typescript/errors.js";
import { IcrlError } from "../../common/errors.js";
import { replaceDurably } from "../../datasets/files/durable-file.js";
import { requireNoLinks, UnreadableFile } from "../../datasets/files/read-file.js";
import { beginFolder } from "../../datasets/output/begin-folder.js";
import { claimOutput } from "../../datasets/output/claim-output.js";
import { STUDY } from "../../datasets/output/output-kinds.js";
import { collectDataset } from "../collect/collect-dataset.js";
import { readDatasetFile } from "../collect/dataset-file.js";
import type { JobListener, ProgressItem } from "../listener.js";
import { runTraining, type TrainingListener, type TrainingResult } from "../train/run-training.js";
import type { TrainingSpec } from "../train/training-file.js";
import { writeCurves } from "./study-curves.js";
import type { Study, StudyRun } from "./study-file.js";
import { type FinishedRun, runFolder, type StudyJson, studyResults } from "./study-results.js";

/** What is trained, where and how. */
export interface StudyPlan {
  readonly study: Study;
  /** Its folder. */
  readonly out: string;
  /** Begin anew: what an earlier run left is removed. */
  readonly overwrite: boolean;
  /** Trainings side by side. */
  readonly parallel: number;
  readonly backend: LearnerBackendName | "auto";
  /** Threads of the engine in each training; by default the processors, shared out among those that are side by side. */
  readonly threads?: number | undefined;
}

/** Told by a study what it is at. */
export interface StudyListener {
  /** What comes before the trainings: datasets that are collected. */
  readonly data: JobListener;
  /** The trainings: `done` of an item are updates, `steps` tokens. */
  readonly trainings: JobListener;
}

/**
 * Trains all of it, or goes on with what is in the folder: study.json, which says whose it is, datasets/, runs/, results.json, curves.csv, and the picture,
 * study.svg and study.png, written anew whenever a training is finished. A training that fails is told, and the others go on.
 *
 * @throws the signal's reason once it is aborted: the same plan goes on
 * @throws OUTPUT_EXISTS; what collecting a dataset throws
 */
export async function runStudy(
  plan: StudyPlan,
  { data, trainings }: StudyListener,
  signal: AbortSignal,
): Promise<StudyJson> {
  const { study, out } = plan;
  claimOutput(out, { own: [STUDY] });
  requireOwn(out);
  beginFolder(out, { own: [STUDY], anew: plan.overwrite });
  const { name, varied } = study;
  replaceDurably(
    join(out, "study.json"),
    Buffer.from(`${JSON.stringify({ schema_version: 1, name, varied }, undefined, 2)}\n`),
  );
  const specs = await withDatasets(study, out, data, signal);
  let result: StudyJson | undefined;
  await trainAll(plan, specs, trainings, signal, async (finished) => {
    result = studyResults(out, study, finished);
    await writeFile(join(out, "results.json"), `${JSON.stringify(result, undefined, 2)}\n`);
    await writeCurves(out, result);
  });
  return result as StudyJson; // of one training at least
}

/** What is written is in the folder, and so is what is removed. @throws OUTPUT_EXISTS */
function requireOwn(out: string): void {
  try {
    requireNoLinks(out, "study.json", "datasets", "runs", "results.json", "curves.csv", "study.svg", "study.png");
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new IcrlError("OUTPUT_EXISTS", `${error.message}: choose another --out`, { folder: out });
  }
}

/** The trainings' specs, by run. Datasets that are to be collected are collected here, each once, but for those of online trainings, who play their own. */
async function withDatasets(
  { runs }: Study,
  out: string,
  listener: JobListener,
  signal: AbortSignal,
): Promise<Map<StudyRun, TrainingSpec>> {
  const folders = new Map<string, string>();
  const specs = new Map<StudyRun, TrainingSpec>();
  for (const run of runs) {
    const { dataset, onlineTrials } = run.spec;
    if (dataset?.isFile !== true || onlineTrials !== undefined) {
      specs.set(run, run.spec);
      continue;
    }
    let folder = folders.get(dataset.path);
    if (folder === undefined) {
      const spec = readDatasetFile(dataset.path);
      folder = freeName(spec.collection.name, [...folders.values()]);
      folders.set(dataset.path, folder);
      await collectDataset({ spec, source: dataset.path, out: join(out, folder) }, listener, signal);
    }
    specs.set(run, { ...run.spec, dataset: { given: folder, path: join(out, folder), isFile: false } });
  }
  return specs;
}

/** `datasets/NAME`, with a number where that is taken. */
function freeName(name: string, taken: readonly string[]): string {
  const base = `datasets/${name.replaceAll(/[^\w.-]+/g, "-")}`;
  for (let n = 1; ; n += 1) {
    const folder = n === 1 ? base : `${base}-${n}`;
    if (!taken.includes(folder)) return folder;
  }
}

/**
 * Trains so many at a time, in their order.
 *
 * @param save told what is finished whenever that is more; never twice at once
 */
async function trainAll(
  { study: { runs }, out, parallel, backend, ...plan }: StudyPlan,
  specs: ReadonlyMap<StudyRun, TrainingSpec>,
  listener: JobListener,
  signal: AbortSignal,
  save: (finished: readonly FinishedRun[]) => Promise<void>,
): Promise<void> {
  const threads =
    plan.threads ?? (parallel > 1 ? Math.max(1, Math.floor(availableParallelism() / parallel)) : undefined);
  const outcomes = new Map<StudyRun, FinishedRun["outcome"]>();
  const items = runs.map((run, i): ProgressItem => {
    const { steps } = run.spec.training;
    return { name: run.name, done: 0, total: steps, steps: 0, by: String(i % parallel) };
  });
  const tell = (i: number, change: Partial<ProgressItem>): void => {
    items[i] = { ...items[i], ...change };
    listener.update([...items]);
  };
  const said = new Set<string>();
  /** What many trainings have to say is said of the first. */
  const sayOnce = (line: string, about: string): void => {
    if (!said.has(about)) listener.say(line);
    said.add(about);
  };
  let saving = Promise.resolve();
  let next = 0;
  async function trainNext(): Promise<void> {
    for (let i = next++; i < runs.length; i = next++) {
      signal.throwIfAborted();
      const run = runs[i];
      const spec = specs.get(run) as TrainingSpec;
      const wanted = { spec, out: join(out, runFolder(run)), overwrite: false, backend, threads };
      const outcome = await outcomeOf(
        runTraining(
          wanted,
          trainingListener(run.name, spec, (change) => tell(i, change), sayOnce),
          signal,
        ),
        signal,
      );
      outcomes.set(run, outcome);
      tell(i, { done: spec.training.steps, note: "reason" in outcome ? outcome.reason : undefined });
      listener.say(`${run.name}: ${outcomeText(outcome)}`);
      saving = saving.then(() => save(finishedOf(runs, outcomes)));
      await saving;
    }
  }
  // All of them: who is stopped saves what it has learned first.
  const ends = await Promise.allSettled(Array.from({ length: parallel }, trainNext));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** Those that have come to an end, in the study's order. */
function finishedOf(runs: readonly StudyRun[], outcomes: ReadonlyMap<StudyRun, FinishedRun["outcome"]>): FinishedRun[] {
  return runs.flatMap((run) => {
    const outcome = outcomes.get(run);
    return outcome === undefined ? [] : [{ run, outcome }];
  });
}

/** What became of a training; a failure is one of its own. @throws the signal's reason once it is aborted, and what is no fault of a training's */
async function outcomeOf(training: Promise<TrainingResult>, signal: AbortSignal): Promise<FinishedRun["outcome"]> {
  try {
    return await training;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ConnectionError) return { reason: error.name, message: error.message }; // to the server of an evaluation
    if (!(error instanceof IcrlError)) throw error;
    return { reason: error.reason, message: error.message };
  }
}

function outcomeText(outcome: FinishedRun["outcome"]): string {
  if ("reason" in outcome) return `${outcome.reason}: ${outcome.message}`;
  const { step, tokens, validation, evaluation } = outcome;
  const regrets = Object.entries(evaluation?.tasks ?? {}).map(([id, { regret }]) => {
    const error = regret.se === null ? "" : ` ± ${regret.se.toFixed(2)}`;
    return `, regret on ${id} ${regret.mean.toFixed(2)}${error}`;
  });
  const loss = validation === null ? "" : `, validation loss ${validation.loss.toFixed(4)}`;
  return `${step} updates, ${tokens.toLocaleString("en")} tokens${loss}${regrets.join("")}`;
}

/** Turns what a training tells into an item of the study's. */
function trainingListener(
  name: string,
  { training: { steps } }: TrainingSpec,
  tell: (change: Partial<ProgressItem>) => void,
  say: (line: string, about: string) => void,
): TrainingListener {
  let loss = "";
  return {
    update() {}, // rounds of an online training
    doing() {},
    say: (line) => say(`${name}: ${line}`, line),
    interlude: (what) => tell({ note: what }),
    metrics(metrics, tokens) {
      if (metrics.type === "validation") loss = `validation ${metrics.loss.toFixed(4)}`;
      if (metrics.type === "update")
        tell({ done: Math.min(metrics.step, steps), steps: tokens, note: loss || undefined });
    },
  };
}
