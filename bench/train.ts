/**
 * How fast a transformer is trained on this machine's CPU: `npm run bench:train [-- --json] [-- --quick]`.
 *
 * Tokens a second of whole updates (forward, backward, clipping, AdamW) of batches of 64 sequences of 200 tokens, the linear bandit's of
 * 10 arms with 5 features, 4 heads: the engine, beside PyTorch 2 with fused attention where a python3 has it (ICRL_PYTHON, .venv, or
 * the path's), and tfjs on WebAssembly for one shape. They take turns, one update each, and medians count, so that what the machine
 * does beside is shared; the fastest update of each is what it does when left alone. Work is counted as three times the forward pass's (`flopsPerToken`); then, how long each kernel takes.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { loadBackend } from "../agents/transformer/backends.js";
import { createEngineLearner } from "../agents/transformer/engine/engine-learner.js";
import type { Learner, LearningBatch } from "../agents/transformer/learner.js";
import { type ModelConfig, modelConfig, modelOptions } from "../agents/transformer/model-config.js";
import { flopsPerToken, initParameters } from "../agents/transformer/parameters.js";
import { createTfjsLearner } from "../agents/transformer/tfjs-learner.js";
import type { TokenConfig } from "../agents/transformer/token-layout.js";
import { rngFromSeed } from "../common/rng.js";
import { benchFlags } from "./bench-flags.js";

const { values: flags } = benchFlags("bench:train", {
  json: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
});
const BATCH = 64;
const LENGTH = 200;
const SHAPES = flags.quick ? ([[4, 32]] as const) : ([[4, 32], [8, 32], [4, 64], [4, 128]] as const); // biome-ignore format: pairs
const THREADS = [1, 2].filter((threads) => threads <= availableParallelism());
/** Updates of each, about so long in all and no fewer than three. */
const MILLISECONDS = flags.quick ? 3_000 : 20_000;

const TOKENS: TokenConfig = {
  layout: "step",
  maxActions: 10,
  numStates: 1,
  dim: 5,
  horizon: LENGTH,
  rewardMean: 0,
  rewardStd: 1,
};
const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-4, clip: 1 };

/** One line of the result. */
interface Speed {
  readonly layers: number;
  readonly width: number;
  readonly threads: number;
  readonly engine: number;
  readonly engine_gflops: number;
  readonly pytorch: number | null;
  /** Of the fastest update of each: what the machine does when left alone. */
  readonly engine_best: number;
  readonly pytorch_best: number | null;
  /** Median over the turns of both's ratio. */
  readonly ratio: number | null;
  /** Share of the time by kernel, one thread. */
  readonly kernels: Readonly<Record<string, number>> | null;
}

function modelOf(layers: number, width: number): ModelConfig {
  return modelConfig(modelOptions({ layers, width, heads: 4 }), TOKENS, LENGTH);
}

function batchOf(model: ModelConfig): LearningBatch {
  const rng = rngFromSeed(1n);
  const decisions = BATCH * LENGTH;
  const targets = new Float32Array(decisions * model.maxActions);
  for (let i = 0; i < decisions; i += 1) targets[i * model.maxActions + rng.integer(model.maxActions)] = 1;
  return {
    sequences: BATCH,
    length: LENGTH,
    tokens: Float32Array.from({ length: decisions * model.tokenSize }, () => rng.normal()),
    targets,
    weights: new Float32Array(decisions).fill(1),
    decisions,
    numActions: new Int32Array(BATCH).fill(model.maxActions),
  };
}

const startOf = (model: ModelConfig) => ({
  parameters: initParameters(model, rngFromSeed(1n)),
  firstMoments: new Map(),
  secondMoments: new Map(),
  updates: 0,
});

/** Seconds of one update. */
async function update(learner: Learner, batch: LearningBatch): Promise<number> {
  const from = performance.now();
  await learner.accumulate(batch, 1);
  await learner.update(1e-3, BATCH * LENGTH);
  return (performance.now() - from) / 1000;
}

/** PyTorch in a process of its own, which answers line by line; undefined where there is none. */
function startPytorch() {
  const root = join(import.meta.dirname, "../..");
  const installed = join(root, ".venv/bin/python");
  const python = process.env["ICRL_PYTHON"] ?? (existsSync(installed) ? installed : "python3");
  if (spawnSync(python, ["-c", "import torch"]).status !== 0) return undefined;
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(python, [join(root, "bench/python/train.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await lines.next()).value as string);
  return {
    version: answer().then(({ torch }) => torch as string),
    async start(model: ModelConfig, threads: number): Promise<void> {
      const { layers, width, heads, tokenSize: features, maxActions: actions, context: length } = model;
      child.stdin.write(
        `${JSON.stringify({ layers, width, heads, features, actions, length, batch: BATCH, threads })}\n`,
      );
      await answer();
    },
    /** Seconds of one update of the model that was last started. */
    async update(): Promise<number> {
      child.stdin.write("{}\n");
      return (await answer()).seconds;
    },
    close: () => child.stdin.end(),
  };
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const speed = (seconds: readonly number[]) => (BATCH * LENGTH) / median(seconds);
const best = (seconds: readonly number[]) => (BATCH * LENGTH) / Math.min(...seconds);

async function measure(layers: number, width: number, threads: number): Promise<Speed> {
  const model = modelOf(layers, width);
  const batch = batchOf(model);
  const learner = await createEngineLearner(model, ADAMW, startOf(model), { threads });
  const ours: number[] = [];
  const theirs: number[] = [];
  await pytorch?.start(model, threads);
  for (let i = 0; i < 2; i += 1) await update(learner, batch); // compiles
  const end = performance.now() + MILLISECONDS;
  while (ours.length < 3 || performance.now() < end) {
    ours.push(await update(learner, batch));
    if (pytorch !== undefined) theirs.push(await pytorch.update());
  }
  learner.close();
  const engine = speed(ours);
  return {
    layers,
    width,
    threads,
    engine,
    engine_gflops: (3 * flopsPerToken(model) * engine) / 1e9,
    pytorch: theirs.length === 0 ? null : speed(theirs),
    engine_best: best(ours),
    pytorch_best: theirs.length === 0 ? null : best(theirs),
    ratio: theirs.length === 0 ? null : median(ours.map((seconds, i) => theirs[i] / seconds)),
    kernels: threads === 1 ? await profile(model, batch) : null,
  };
}

/** Share of each kernel in the time of all, one thread. */
async function profile(model: ModelConfig, batch: LearningBatch): Promise<Record<string, number>> {
  const learner = await createEngineLearner(model, ADAMW, startOf(model), { threads: 1, profile: true });
  await update(learner, batch);
  const before = await learner.times();
  for (let i = 0; i < 3; i += 1) await update(learner, batch);
  const after = await learner.times();
  learner.close();
  const spent = Object.entries(after).map(([name, ms]): [string, number] => [name, ms - before[name]]);
  const sum = spent.reduce((total, [, ms]) => total + ms, 0);
  return Object.fromEntries(spent.sort((a, b) => b[1] - a[1]).map(([name, ms]) => [name, ms / sum]));
}

/** tfjs on WebAssembly, one update of the smallest model after another. */
async function measureTfjs(): Promise<number> {
  await loadBackend("wasm");
  const model = modelOf(4, 32);
  const learner = createTfjsLearner(model, ADAMW, startOf(model));
  const batch = batchOf(model);
  await update(learner, batch);
  const seconds = [await update(learner, batch)];
  if (!flags.quick) seconds.push(await update(learner, batch), await update(learner, batch));
  learner.close();
  return speed(seconds);
}

const pytorch = startPytorch();
const version = await pytorch?.version;
const speeds: Speed[] = [];
for (const [layers, width] of SHAPES) {
  for (const threads of THREADS) speeds.push(await measure(layers, width, threads));
}
pytorch?.close();
const tfjs = flags.quick ? undefined : await measureTfjs();

if (flags.json) {
  console.log(
    JSON.stringify({ batch: BATCH, length: LENGTH, torch: version ?? null, speeds, tfjs_wasm: tfjs }, null, 2),
  );
} else {
  const cells = (...texts: string[]) => console.log(texts.map((text) => text.padStart(14)).join(""));
  console.log(`thousand tokens a second; ${version === undefined ? "no PyTorch here" : `PyTorch ${version}`}\n`);
  cells(
    "layers, width",
    "threads",
    "engine",
    "GFLOP/s",
    "2nd thread",
    "PyTorch",
    "engine / it",
    "best: engine",
    "PyTorch",
  );
  for (const one of speeds) {
    const alone = speeds.find(({ layers, width, threads }) => {
      return layers === one.layers && width === one.width && threads === 1;
    });
    cells(
      `${one.layers}, ${one.width}`,
      String(one.threads),
      (one.engine / 1000).toFixed(1),
      one.engine_gflops.toFixed(1),
      one.threads === 1 || alone === undefined
        ? ""
        : `${((100 * one.engine) / alone.engine / one.threads).toFixed(0)} %`,
      one.pytorch === null ? "" : (one.pytorch / 1000).toFixed(1),
      one.ratio === null ? "" : one.ratio.toFixed(2),
      (one.engine_best / 1000).toFixed(1),
      one.pytorch_best === null ? "" : (one.pytorch_best / 1000).toFixed(1),
    );
  }
  if (tfjs !== undefined) console.log(`\ntfjs, WebAssembly, (4, 32): ${(tfjs / 1000).toFixed(1)}`);
  for (const { layers, width, kernels } of speeds) {
    if (kernels === null) continue;
    const shares = Object.entries(kernels).filter(([, share]) => share >= 0.01);
    console.log(`\n(${layers}, ${width}), per cent of the time in kernels:`);
    console.log(shares.map(([name, share]) => `${name} ${(100 * share).toFixed(1)}`).join(", "));
  }
}
