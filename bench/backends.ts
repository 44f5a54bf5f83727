/**
 * `npm run bench:backends [-- BACKEND...]`: tokens a second in training on each back end that can be used, beside PyTorch where Python
 * has it: 4 layers, width 32, 4 heads, sequences of 200 tokens like those of a linear bandit with ten arms of five features.
 *
 * Each computes in a process of its own, one after the other, so that they do not disturb each other; the median of the rounds.
 * An update is forward, backward, clipping and AdamW. Slow back ends get smaller batches: the table says so.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { BACKENDS, type BackendName, loadBackend } from "../agents/transformer/backends.js";
import { modelConfig, modelOptions } from "../agents/transformer/model-config.js";
import { flopsPerToken, initParameters } from "../agents/transformer/parameters.js";
import { createTfjsLearner } from "../agents/transformer/tfjs-learner.js";
import type { TokenConfig } from "../agents/transformer/token-layout.js";
import { rngFromSeed } from "../common/rng.js";

const TOKENS: TokenConfig = {
  layout: "step",
  maxActions: 10,
  numStates: 1,
  dim: 5,
  horizon: 200,
  rewardMean: 0,
  rewardStd: 1,
};
const LENGTH = 200;
const MODEL = modelConfig(modelOptions({ layers: 4, width: 32, heads: 4 }), TOKENS, LENGTH);
const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-4, clip: 1 };
const ROUNDS = 7;

/** Sequences of a batch: as in training, but on what takes seconds for each. */
const BATCH: Readonly<Record<BackendName, number>> = {
  "tensorflow-gpu": 64,
  tensorflow: 64,
  webgpu: 2,
  wasm: 64,
  cpu: 2,
};

interface Measured {
  readonly description: string;
  /** Of an update. */
  readonly seconds: readonly number[];
}

const PYTHON = existsSync(".venv/bin/python") ? ".venv/bin/python" : "python3";

const [first, ...rest] = process.argv.slice(2);
if (first === "--here") {
  console.log(JSON.stringify(await measure(rest[0] as BackendName)));
} else {
  console.log(
    `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}; ` +
      `${Math.round((3 * flopsPerToken(MODEL)) / 1000)} k floating-point operations a token`,
  );
  for (const name of first === undefined ? BACKENDS : ([first, ...rest] as BackendName[])) {
    const args = [fileURLToPath(import.meta.url), "--here", name];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    const why = stderr.split("\n").find((line) => line.includes("Error: ")) ?? `exit status ${status}`;
    if (status === 0) show(name, BATCH[name], JSON.parse(stdout) as Measured);
    else console.log(`${name.padEnd(16)} not measured: ${why.trim()}`);
  }
  for (const threads of [1, cpus().length]) showPyTorch(threads);
}

/** Some updates on a back end, the first two not counted: compilation, first allocations. */
async function measure(name: BackendName): Promise<Measured> {
  const { description } = await loadBackend(name);
  const rng = rngFromSeed(1n);
  const start = {
    parameters: initParameters(MODEL, rng),
    firstMoments: new Map(),
    secondMoments: new Map(),
    updates: 0,
  };
  const learner = createTfjsLearner(MODEL, ADAMW, start);
  const sequences = BATCH[name];
  const targets = new Float32Array(sequences * LENGTH * MODEL.maxActions);
  for (let i = 0; i < sequences * LENGTH; i += 1) targets[i * MODEL.maxActions + rng.integer(MODEL.maxActions)] = 1;
  const batch = {
    sequences,
    length: LENGTH,
    tokens: Float32Array.from({ length: sequences * LENGTH * MODEL.tokenSize }, () => rng.normal()),
    targets,
    weights: new Float32Array(sequences * LENGTH).fill(1),
    decisions: sequences * LENGTH,
    numActions: new Int32Array(sequences).fill(MODEL.maxActions),
  };
  const seconds: number[] = [];
  for (let round = -2; round < ROUNDS; round += 1) {
    const started = performance.now();
    await learner.accumulate(batch, round);
    await learner.update(1e-3, sequences * LENGTH);
    if (round >= 0) seconds.push((performance.now() - started) / 1000);
  }
  learner.close();
  return { description, seconds };
}

/** The same on PyTorch, its attention fused. */
function showPyTorch(threads: number): void {
  const { layers, width, heads, tokenSize, maxActions } = MODEL;
  const asked = {
    layers,
    width,
    heads,
    features: tokenSize,
    actions: maxActions,
    length: LENGTH,
    batch: 64,
    threads,
  };
  const lines = [asked, ...new Array<object>(ROUNDS).fill({})].map((line) => `${JSON.stringify(line)}\n`);
  const script = fileURLToPath(new URL("../../bench/python/train.py", import.meta.url));
  const { status, stdout } = spawnSync(PYTHON, [script], { encoding: "utf8", input: lines.join("") });
  const name = `PyTorch, ${threads} thread${threads === 1 ? "" : "s"}`;
  if (status !== 0) return console.log(`${name.padEnd(16)} not measured: ${PYTHON} has no torch`);
  const [version, , ...updates] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { torch: string; seconds: number });
  show(name, 64, { description: version.torch, seconds: updates.map(({ seconds }) => seconds) });
}

function show(name: string, batch: number, { description, seconds }: Measured): void {
  const median = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)];
  const rate = (batch * LENGTH) / median;
  console.log(
    `${name.padEnd(18)} ${Math.round(rate).toLocaleString("en").padStart(8)} tokens/s  batch ${String(batch).padStart(2)}  (${description})`,
  );
}
