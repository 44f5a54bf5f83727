/** A training from its file to its last checkpoint: what `icrl train` puts together. Loaded only by it, since it loads tfjs. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BackendName, loadBackend } from "../../../agents/transformer/backends.js";
import {
  type Checkpoint,
  checkpointFolder,
  readCheckpoint,
  readTrainState,
  writeCheckpoint,
} from "../../../agents/transformer/checkpoint.js";
import type { LearnerState } from "../../../agents/transformer/learner.js";
import { isUnbounded, modelConfig } from "../../../agents/transformer/model-config.js";
import { flopsPerToken, initParameters, parameterCount } from "../../../agents/transformer/parameters.js";
import { createTfjsLearner } from "../../../agents/transformer/tfjs-learner.js";
import { type Metrics, type TrainingState, train } from "../../../agents/transformer/train.js";
import { rngFromSeed } from "../../../common/rng.js";
import { VERSION } from "../../../common/version.js";
import { type DatasetManifest, datasetPath } from "../../../datasets/dataset-manifest.js";
import { runCommand } from "../child-command.js";
import { openDataSource } from "./data-source.js";
import type { TrainingSpec } from "./training-file.js";
import { keepLatestCheckpoints } from "./training-folder.js";

/** What a training came to. */
export interface TrainingResult {
  /** Folder of its last checkpoint. */
  readonly checkpoint: string;
  /** Updates made. */
  readonly step: number;
  readonly tokens: number;
  readonly parameters: number;
  readonly flops_per_token: number;
  readonly backend: string;
  readonly validation: Metrics | null;
  readonly evaluation: Metrics | null;
  /** Of this run. */
  readonly seconds: number;
  /** Of this run. */
  readonly tokens_per_second: number | null;
}

/** What is told while it runs. */
export interface TrainingListener {
  say(line: string): void;
  metrics(metrics: Metrics, tokens: number): void;
}

/**
 * Trains, or goes on with what is in the folder.
 *
 * @param out its folder, opened for the spec
 * @param signal stops it after a checkpoint
 */
export async function runTraining(
  spec: TrainingSpec,
  out: string,
  backendName: BackendName | "auto",
  listener: TrainingListener,
  signal: AbortSignal,
): Promise<TrainingResult> {
  const backend = await loadBackend(backendName);
  listener.say(`back end ${backend.name}: ${backend.description}`);
  const source = await openDataSource(spec, out, signal);
  const begun = existsSync(join(out, "checkpoints")) ? resume(out) : undefined;
  const tokens = begun?.checkpoint.tokens ?? (await source.tokenConfig());
  const whole = source.trialTokens(tokens);
  const context = spec.context === 0 ? whole : Math.min(spec.context, whole);
  const model = begun?.checkpoint.model ?? modelConfig(spec.model, tokens, context);
  const parameters = parameterCount(model);
  const flops = flopsPerToken(model);
  listener.say(
    `model: ${parameters.toLocaleString("en")} parameters, ${Math.round(flops / 1000).toLocaleString("en")} k floating-point operations a token forward, context ${context} tokens of ${model.token_size} features`,
  );
  if (context < whole) {
    listener.say(
      `the longest trial has ${whole} tokens, the context ${context}: ${isUnbounded(model) ? "pieces that begin anywhere" : "only beginnings"} are learned from`,
    );
  }
  if (begun !== undefined) listener.say(`going on after update ${begun.state.step} of ${spec.training.steps}`);

  const start: LearnerState = begun?.learned ?? {
    parameters: initParameters(model, rngFromSeed(spec.seed).split("parameters")),
    firstMoments: new Map(),
    secondMoments: new Map(),
    updates: 0,
  };
  const learner = createTfjsLearner(model, spec.training, start);
  const startedAt = performance.now();
  let evaluation: Metrics | null = null;
  try {
    const end = await train({
      options: spec.training,
      seed: spec.seed,
      learner,
      out,
      from: begun?.state,
      batches: (position) => source.batches(tokens, context, isUnbounded(model) ? "random" : "prefix", position),
      validation: source.validation(tokens, context),
      save: async (learned, state) => {
        const checkpoint: Checkpoint = {
          model,
          tokens,
          parameters: learned.parameters,
          training: {
            objective: spec.objective,
            step: state.step,
            tokens: state.tokens,
            data: source.dir === undefined ? null : datasetRecord(source.dir, source.manifest),
            tasks: source.manifest.tasks.map(({ id, task, options }) => ({ id, task, options })),
            icrl_version: VERSION,
            backend: backend.name,
          },
        };
        writeCheckpoint(checkpointFolder(out, state.step), checkpoint, {
          firstMoments: learned.firstMoments,
          secondMoments: learned.secondMoments,
          state,
        });
        keepLatestCheckpoints(out, spec.training.keep_checkpoints);
      },
      evaluate: (step) => evaluate(spec, source.manifest, checkpointFolder(out, step), out, signal),
      onMetrics: (metrics) => {
        if (metrics.type === "evaluation") evaluation = metrics;
        listener.metrics(metrics, metrics.type === "update" ? metrics.tokens - (begun?.state.tokens ?? 0) : 0);
      },
      signal,
    });
    const seconds = (performance.now() - startedAt) / 1000;
    const learnedTokens = end.tokens - (begun?.state.tokens ?? 0);
    return {
      checkpoint: checkpointFolder(out, end.step),
      step: end.step,
      tokens: end.tokens,
      parameters,
      flops_per_token: flops,
      backend: backend.name,
      validation: end.validation ?? null,
      evaluation,
      seconds,
      tokens_per_second: learnedTokens > 0 ? learnedTokens / seconds : null,
    };
  } finally {
    learner.close();
  }
}

/** What the latest checkpoint holds. */
function resume(out: string) {
  const checkpoint = readCheckpoint(out);
  const kept = readTrainState(out);
  if (kept === undefined) return undefined;
  const state = kept.state as TrainingState;
  const learned: LearnerState = {
    parameters: checkpoint.parameters,
    firstMoments: kept.firstMoments,
    secondMoments: kept.secondMoments,
    updates: state.step,
  };
  return { checkpoint, state, learned };
}

function datasetRecord(dir: string, { name, id }: DatasetManifest) {
  return {
    name,
    id,
    sha256: createHash("sha256")
      .update(readFileSync(datasetPath(dir)))
      .digest("hex"),
  };
}

/** Regret and return of fresh trials of each task: never an instance of a dataset, whose seeds are for another purpose. */
async function evaluate(
  spec: TrainingSpec,
  { tasks }: DatasetManifest,
  checkpoint: string,
  out: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const data = join(out, "evaluation");
  const results: Record<string, unknown> = {};
  for (const { id, task, options } of tasks) {
    const set = Object.entries(options).flatMap(([name, value]) => ["--set", `${name}=${String(value)}`]);
    const played = await runCommand<{ regret: unknown; return: unknown }>(
      [
        ...["play", "transformer", "--option", `checkpoint=${checkpoint}`, "--task", task, ...set],
        ...["--trials", String(spec.training.evaluation_trials), "--purpose", "validate", "--seed", String(spec.seed)],
        ...["--no-record", "--data", data],
      ],
      { quiet: true, signal },
    );
    results[id] = { regret: played.regret, return: played.return };
  }
  rmSync(data, { recursive: true, force: true });
  return { trials: spec.training.evaluation_trials, tasks: results };
}
