/** Where a training's batches are from: one dataset, read again and again, or datasets that are played afresh while it learns. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { rewardStatistics, sequenceLength, tokenConfigOf } from "../../../agents/transformer/token-config.js";
import type { TokenConfig } from "../../../agents/transformer/token-layout.js";
import type { TrainingBatch } from "../../../agents/transformer/train.js";
import {
  type TrainingDataOptions,
  type TrainingPosition,
  trainingBatches,
} from "../../../agents/transformer/training-data.js";
import { hash64 } from "../../../common/seeds.js";
import { type DatasetManifest, readDatasetManifest } from "../../../datasets/dataset-manifest.js";
import { runCommand } from "../child-command.js";
import type { TrainingSpec } from "./training-file.js";

/** Batches to train on and to validate with. */
export interface DataSource {
  /** Of a dataset of its kind. */
  readonly manifest: DatasetManifest;
  /** Its folder; undefined where the data are played in training. */
  readonly dir: string | undefined;
  /** Tokens that hold its tasks, with its rewards' mean and deviation. */
  tokenConfig(): Promise<TokenConfig>;
  /** Tokens of its longest trial. */
  trialTokens(tokens: TokenConfig): number;
  /** Endless, from a batch's `position` on. */
  batches(
    tokens: TokenConfig,
    context: number,
    crop: "prefix" | "random",
    position: unknown,
  ): AsyncIterable<TrainingBatch>;
  /** The same each time; undefined without validation. */
  validation(tokens: TokenConfig, context: number): (() => AsyncIterable<TrainingBatch>) | undefined;
}

/**
 * Opens it: collects what is not there yet.
 *
 * @param out the training's folder, where what is collected lies
 * @throws what `icrl dataset collect` throws
 */
export async function openDataSource(spec: TrainingSpec, out: string, signal: AbortSignal): Promise<DataSource> {
  const { dataset, onlineTrials } = spec;
  if (onlineTrials !== undefined) return openOnline(spec, onlineTrials, out, signal);
  const dir = dataset.isFile ? join(out, "dataset") : dataset.path;
  if (dataset.isFile) await runCommand(["dataset", "collect", dataset.path, "--out", dir], { signal });
  const { validation_share: share } = spec.training;
  const part = (name: "train" | "validation") =>
    share === 0 ? undefined : { parts: { train: 1 - share, validation: share }, seed: spec.seed, part: name };
  return {
    manifest: readDatasetManifest(dir),
    dir,
    tokenConfig: () => tokensOf(dir, spec, part("train")),
    trialTokens: (tokens) => trialTokens(readDatasetManifest(dir), tokens),
    batches: (tokens, context, crop, position) =>
      trainingBatches({
        ...dataOptions(spec, dir, tokens, context),
        crop,
        split: part("train"),
        from: position as TrainingPosition | undefined,
      }),
    validation: (tokens, context) =>
      share === 0 ? undefined : () => firstBatches(spec, dataOptions(spec, dir, tokens, context), part("validation")),
  };
}

/** Where an online training's batches go on. */
interface OnlinePosition {
  /** Number of the dataset. */
  readonly round: number;
  readonly inside: TrainingPosition | undefined;
}

/** Datasets that are collected one after the other, each read once and removed; the next is collected while one is read. */
async function openOnline(spec: TrainingSpec, trials: number, out: string, signal: AbortSignal): Promise<DataSource> {
  const folder = join(out, "online");
  /** Collects the dataset of a name, which sets its seed; gives its folder. */
  const collect = async (name: string, count: number, quiet: boolean): Promise<string> => {
    const dir = join(folder, name);
    const seed = hash64(["icrl.v1", "online", String(spec.seed), name]);
    const content = parse(readFileSync(spec.dataset.path, "utf8")) as Record<string, unknown>;
    const file = `${dir}.yaml`;
    writeFileSync(file, stringify({ ...content, name: `${spec.name}-${name}`, seed }));
    await runCommand(["dataset", "collect", file, "--out", dir, "--trials", String(count)], { quiet, signal });
    return dir;
  };
  mkdirSync(folder, { recursive: true });
  const first = await collect("round-0", trials, false);
  const held =
    spec.training.validation_share === 0
      ? undefined
      : await collect("validation", spec.training.validation_sequences, false);
  return {
    manifest: readDatasetManifest(first),
    dir: undefined,
    tokenConfig: () => tokensOf(first, spec, undefined),
    trialTokens: (tokens) => trialTokens(readDatasetManifest(first), tokens),
    async *batches(tokens, context, crop, position) {
      const from = position as OnlinePosition | undefined;
      let inside = from?.inside;
      let next = collect(`round-${from?.round ?? 0}`, trials, true);
      for (let round = from?.round ?? 0; ; round += 1) {
        const dir = await next;
        next = collect(`round-${round + 1}`, trials, true);
        next.catch(() => undefined); // it is told when its turn comes
        const options = { ...dataOptions(spec, dir, tokens, context), crop, epochs: 1, from: inside };
        for await (const batch of trainingBatches(options)) {
          yield { ...batch, position: { round, inside: batch.position } satisfies OnlinePosition };
        }
        inside = undefined;
        rmSync(dir, { recursive: true });
        rmSync(`${dir}.yaml`);
      }
    },
    validation: (tokens, context) =>
      held === undefined ? undefined : () => firstBatches(spec, dataOptions(spec, held, tokens, context), undefined),
  };
}

function dataOptions(spec: TrainingSpec, dir: string, tokens: TokenConfig, context: number): TrainingDataOptions {
  const { batch, label_smoothing, token_mask, soft_targets } = spec.training;
  return {
    dir,
    tokens,
    objective: spec.objective,
    context,
    batch,
    seed: spec.seed,
    softTargets: soft_targets,
    labelSmoothing: label_smoothing,
    tokenMask: token_mask,
  };
}

async function tokensOf(dir: string, spec: TrainingSpec, split: TrainingDataOptions["split"]): Promise<TokenConfig> {
  const { tasks } = readDatasetManifest(dir);
  return tokenConfigOf(tasks, spec.layout, await rewardStatistics(dir, { split }));
}

function trialTokens({ tasks, subsample }: DatasetManifest, tokens: TokenConfig): number {
  return Math.max(...tasks.map((task) => sequenceLength(task, tokens, subsample)));
}

/** Validation batches of the first so many sequences. */
async function* firstBatches(
  spec: TrainingSpec,
  options: TrainingDataOptions,
  split: TrainingDataOptions["split"],
): AsyncGenerator<TrainingBatch> {
  const { batch, validation_sequences: most } = spec.training;
  let left = Math.ceil(most / batch);
  for await (const next of trainingBatches({ ...options, use: "validation", split })) {
    yield next;
    left -= 1;
    if (left === 0) return;
  }
}
