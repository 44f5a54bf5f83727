/**
 * The Python package's PyTorch side, held against this side: every kind of model is written here with the logits that the engine gives, and
 * loaded there; what is saved there is read and played here. Trainings see the same batches, make the same losses, and go on with one another's.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { scoreArms } from "#icrl/agents/transformer/arm-scores.js";
import { readCheckpoint, writeCheckpoint } from "#icrl/agents/transformer/checkpoint.js";
import { createDecoder } from "#icrl/agents/transformer/infer.js";
import { headOutputs, type ModelConfig, modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import { initParameters } from "#icrl/agents/transformer/parameters.js";
import { POSITIONS } from "#icrl/agents/transformer/positions.js";
import { encodeSafetensors, type NamedTensor } from "#icrl/agents/transformer/safetensors.js";
import { LAYOUTS, type TokenConfig } from "#icrl/agents/transformer/token-layout.js";
import { trainingBatches } from "#icrl/agents/transformer/training-data.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { finishDataset } from "#icrl/datasets/rewrite/finish-dataset.js";
import { dataOptions } from "#icrl/jobs/train/data-source.js";
import { cropOf } from "#icrl/jobs/train/long-trials.js";
import { readTrainingFile } from "#icrl/jobs/train/training-file.js";
import { PROGRAM } from "../e2e/run-icrl.js";
import { pythonWith } from "../requirements.js";
import { headOf, playCollection, SPEC, writeLabel } from "../support/dataset.js";
import { wildParameters } from "../support/naive-transformer.js";
import { tempDir } from "../support/temp-dir.js";

const run = promisify(execFile);
const icrl = (...args: readonly string[]) => run(process.execPath, [PROGRAM, ...args], { maxBuffer: 1 << 26 });
const python = pythonWith(["numpy", "pyarrow", "safetensors", "torch", "yaml"]);
const root = join(import.meta.dirname, "../..");
const temp = tempDir();
afterAll(() => temp.remove());

const CONTEXT = 40;
/** Sequences of a case. */
const BATCH = 2;
const TOKENS: TokenConfig = {
  layout: "step",
  maxActions: 6,
  numStates: 4,
  dim: 3,
  horizon: 25,
  rewardMean: 0.25,
  rewardStd: 2,
};

interface Case {
  readonly name: string;
  readonly model: ModelConfig;
  readonly tokens: TokenConfig;
  /** Tokens of its sequences. */
  readonly length: number;
}

/** Everything that a configuration names in all combinations; then sizes that are awkward, and numbers beside the logits. */
function cases(): Case[] {
  const product = LAYOUTS.flatMap((layout) =>
    ["softmax", "relu"].flatMap((attention) =>
      ["pre", "post"].flatMap((norm) =>
        POSITIONS.flatMap((positions) => [0, 9].map((window) => ({ layout, attention, norm, positions, window }))),
      ),
    ),
  );
  const made = product.map(({ layout, ...options }): Case => {
    const tokens = { ...TOKENS, layout };
    const model = modelConfig(modelOptions({ layers: 2, width: 16, heads: 4, ...options }), tokens, CONTEXT);
    // What forgets what is too far away may go on beyond its context.
    const length = options.positions !== "learned" && options.window > 0 ? CONTEXT + 15 : CONTEXT - 3;
    return { name: [layout, ...Object.values(options)].join("-"), model, tokens, length };
  });
  const odd = modelOptions({
    layers: 1,
    width: 12,
    heads: 3,
    ff_ratio: 3,
    positions: "alibi",
    window: 5,
    dropout: 0.3,
  });
  const bare = { ...TOKENS, dim: 0, numStates: 1, maxActions: 2 };
  return [
    ...made,
    { name: "three-heads", model: modelConfig(odd, TOKENS, CONTEXT), tokens: TOKENS, length: 31 },
    { name: "one-token", model: modelConfig(modelOptions({ width: 8, heads: 1 }), bare, 1), tokens: bare, length: 1 },
    ...LAYOUTS.map((layout): Case => {
      const tokens = { ...TOKENS, layout };
      const model = modelConfig(modelOptions({ layers: 1, width: 8, heads: 2 }), tokens, CONTEXT, 3);
      return { name: `numbers-${layout}`, model, tokens, length: 20 };
    }),
  ];
}

/** Writes a case's folder: `checkpoint`, and `case.safetensors` with tokens, arms, logits and numbers. */
function writeCase(folder: string, { model, tokens, length }: Case, seed: bigint): void {
  mkdirSync(folder, { recursive: true });
  const rng = rngFromSeed(seed);
  const parameters = wildParameters(model, rng.split("parameters"));
  const training = {
    objective: "dpt",
    step: 7,
    tokens: 700,
    data: null,
    tasks: [{ id: "t", task: "linear-bandit", options: { dim: 3 } }],
    icrlVersion: "0",
    backend: "engine",
  };
  writeCheckpoint(join(folder, "checkpoint"), { model, tokens, parameters, training });

  const { tokenSize: size, maxActions: actions, armDim: d, stride, numbers = 0 } = model;
  const decisions = Math.ceil(length / stride);
  const input = Float32Array.from({ length: BATCH * length * size }, () => (rng.uniform() < 0.5 ? 0 : rng.normal()));
  const arms = Float32Array.from({ length: BATCH * decisions * actions * d }, () => rng.normal());
  const logits = new Float32Array(BATCH * decisions * actions);
  const beside = new Float32Array(BATCH * decisions * numbers);
  const outputs = new Float32Array(headOutputs(model));
  const decoder = createDecoder(model, parameters);
  for (let b = 0; b < BATCH; b += 1) {
    const sequence = decoder.sequence();
    for (let i = 0; i < length; i += 1) {
      const token = (b * length + i) * size;
      sequence.push(input.subarray(token, token + size));
      if (i % stride > 0) continue;
      sequence.outputs(outputs);
      const decision = b * decisions + i / stride;
      if (d === 0) logits.set(outputs.subarray(0, actions), decision * actions);
      else scoreArms(logits, decision * actions, actions, outputs, 0, arms, decision * actions * d, d);
      beside.set(outputs.subarray(outputs.length - numbers), decision * numbers);
    }
  }
  const tensors = new Map<string, NamedTensor>([
    ["tokens", { shape: [BATCH, length, size], data: input }],
    ["logits", { shape: [BATCH, decisions, actions], data: logits }],
  ]);
  if (d > 0) tensors.set("arms", { shape: [BATCH, decisions, actions, d], data: arms });
  if (numbers > 0) tensors.set("numbers", { shape: [BATCH, decisions, numbers], data: beside });
  writeFileSync(join(folder, "case.safetensors"), encodeSafetensors(tensors));
}

/** Updates of the trainings. */
const STEPS = 24;
/** Batches that are compared number by number: three epochs of the smallest dataset. */
const BATCHES = 14;
const MODEL = { layers: 2, width: 16, heads: 2 };
const TRAINING = {
  steps: STEPS,
  batch: 6,
  learning_rate: 0.003,
  warmup: 5,
  validation_every: 8,
  validation_share: 0.25,
  checkpoint_every: STEPS / 2,
};

/** What differs from one training to the next: together, everything that makes a batch or a loss. */
const TRAININGS: Readonly<Record<string, Record<string, unknown>>> = {
  expert: {
    seed: "18446744073709551615",
    objective: "expert:made-up",
    model: { ...MODEL, dropout: 0.2 },
    training: { ...TRAINING, label_smoothing: 0.05, token_mask: 0.1, accumulate: 2, clip: 0.5, weight_decay: 5 },
  },
  pieces: {
    objective: "ad",
    layout: "lin2023",
    context: 10,
    model: { ...MODEL, heads: 1, attention: "relu", norm: "post", positions: "alibi", window: 9, dropout: 0.1 },
    training: { ...TRAINING, token_mask: 0.2, clip: 0, validation_sequences: 9 },
  },
  arms: {
    dataset: "bandits",
    objective: "dpt",
    layout: "chosen-arm",
    model: { ...MODEL, ff_ratio: 2 },
    training: { ...TRAINING, soft_targets: false },
  },
  transitions: {
    objective: "dpt",
    layout: "transition",
    context: 10,
    model: { ...MODEL, positions: "alibi", window: 12 },
    training: { ...TRAINING, token_mask: 0.2 },
  },
  warm: {
    from: "transitions/engine",
    objective: "expert:made-up",
    layout: "transition",
    context: 16, // relative positions take any
    model: { ...MODEL, positions: "alibi", window: 12 },
    training: { ...TRAINING, schedule: "constant", clip: 0.1 },
  },
  turned: {
    objective: "ad",
    context: 10,
    model: { ...MODEL, positions: "rotary", window: 7 },
    training: { ...TRAINING, crop: "random" },
  },
  flat: {
    objective: "ad",
    layout: "lin2023",
    context: 10,
    model: { ...MODEL, positions: "alibi-flat", window: 7 },
    training: TRAINING,
  },
  anywhere: {
    objective: "ad",
    context: 5,
    model: MODEL,
    training: { ...TRAINING, crop: "random" },
  },
};

/** What an expert says: nothing at every fifth step, and of every third trial no probabilities. */
function madeUp({ task_options, trial_index, actions: played }: TrajectoryRow) {
  const count: number = JSON.parse(task_options).actions;
  const others = Array.from(played, (action) => (action === 0 ? 1 : 0));
  const law = (likely: number) =>
    Array.from({ length: count }, (_, action) => (action === likely ? 0.5 : 0.5 / (count - 1)));
  return {
    actions: others.map((action, t) => (t % 5 === 4 ? -1 : action)),
    probabilities: trial_index % 3n === 0n ? null : others.flatMap(law),
  };
}

/** Two bandits and an MDP in six shards, more than a window; and the bandits alone. */
async function makeSets(folder: string): Promise<void> {
  const options = { arm_set: "fresh", dim: 2, actions: 3, horizon: 7 };
  const tasks = [...SPEC.tasks, { id: "fresh", task: "linear-bandit", options, trials: 20 }];
  const bandits = tasks.filter(({ task }) => task === "linear-bandit");
  await makeSet(join(folder, "set"), { ...SPEC, tasks });
  await makeSet(join(folder, "bandits"), { ...SPEC, tasks: bandits });
}

async function makeSet(dir: string, spec: typeof SPEC): Promise<void> {
  const id = await playCollection(dir, spec, 6);
  await writeLabel(join(dir, "collecting"), "made-up", madeUp);
  await finishDataset(dir, headOf(spec, id), { subsample: undefined });
}

/** Lets the engine train what a file asks for; then writes what it began with, and its first batches. */
async function trainHere(folder: string, name: string): Promise<void> {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, JSON.stringify({ name, seed: 1, dataset: "set", ...TRAININGS[name] })); // JSON is YAML
  const out = join(folder, name, "engine");
  await icrl("train", file, "--out", out, "--backend", "engine");
  const spec = readTrainingFile(file);
  const trained = readCheckpoint(out);
  const { model, tokens } = trained;
  const parameters = initParameters(model, rngFromSeed(spec.seed).split("parameters"));
  writeCheckpoint(join(folder, name, "begun"), { ...trained, parameters });

  const shape = { tokens, context: model.context, crop: cropOf(spec.training, model) };
  const share = spec.training.validationShare;
  const split = { parts: { train: 1 - share, validation: share }, seed: spec.seed, part: "train" };
  let number = 0;
  for await (const batch of trainingBatches({ ...dataOptions(spec, spec.dataset?.path as string, shape), split })) {
    const { sequences: B, length: L, decisions, numActions, position } = batch;
    const [T, A] = [Math.ceil(L / model.stride), model.maxActions];
    const tensors = new Map<string, NamedTensor>([
      ["tokens", { shape: [B, L, model.tokenSize], data: batch.tokens }],
      ["targets", { shape: [B, T, A], data: batch.targets }],
      ["weights", { shape: [B, T], data: batch.weights }],
      ["num_actions", { shape: [B], data: Float32Array.from(numActions) }],
      ["place", { shape: [3], data: Float32Array.of(decisions, position.epoch, position.batch) }],
    ]);
    if (batch.arms !== undefined) tensors.set("arms", { shape: [B, T, A, model.armDim], data: batch.arms });
    writeFileSync(
      join(folder, name, `batch-${String(number).padStart(3, "0")}.safetensors`),
      encodeSafetensors(tensors),
    );
    number += 1;
    if (number === BATCHES) break;
  }
}

/** Tasks that the trained models play, by the name of the log. */
const PLAYS: Readonly<Record<string, readonly string[]>> = {
  "expert/log-linear": ["linear-bandit", "dim=2", "actions=4", "horizon=12"],
  "expert/log-mdp": ["random-mdp", "states=4", "actions=2", "horizon=6", "episodes=4", "rewards=bernoulli"],
  "pieces/log-mdp": ["random-mdp", "states=4", "actions=2", "horizon=6", "episodes=4", "rewards=bernoulli"],
  "turned/log-mdp": ["random-mdp", "states=4", "actions=2", "horizon=6", "episodes=4", "rewards=bernoulli"],
  "flat/log-mdp": ["random-mdp", "states=4", "actions=2", "horizon=6", "episodes=4", "rewards=bernoulli"],
  "transitions/log-mdp": ["random-mdp", "states=4", "actions=2", "horizon=6", "episodes=4", "rewards=bernoulli"],
  "transitions/log-linear": ["linear-bandit", "dim=2", "actions=4", "horizon=12"],
  "arms/log-fresh": ["linear-bandit", "dim=2", "arm_set=fresh", "actions=7", "horizon=9"],
};

/** Losses of the updates of a training, by the update. */
function losses(out: string): number[] {
  const lines = readFileSync(join(out, "metrics.jsonl"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line)).flatMap(({ type, loss }) => (type === "update" ? [loss] : []));
}

/** Runs the unit tests of a Python file; its standard output. None may be skipped. */
async function pythonTests(file: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { stdout, stderr } = await run(
    python as string,
    ["-W", "error", "-m", "unittest", join("clients/python/tests", file)],
    {
      cwd: root,
      env: {
        ...process.env,
        PYTHONPATH: ["src", "tests"].map((folder) => join(root, "clients/python", folder)).join(delimiter),
        PYTHONDONTWRITEBYTECODE: "1",
        OMP_NUM_THREADS: "1",
        ...env,
      },
    },
  );
  expect(stderr).toMatch(/^Ran [1-9]\d* tests? in .*\n\nOK$/m);
  return stdout;
}

describe.skipIf(python === undefined)("icrl.torch", () => {
  test("loads every kind of model with the engine's logits, and saves what this side reads and plays", async () => {
    const models = join(temp.path, "models");
    const all = cases();
    for (const [i, one] of all.entries()) writeCase(join(models, one.name), one, BigInt(i));
    const stdout = await pythonTests("test_torch_checkpoint.py", {
      ICRL_TEST_MODELS: models,
      ICRL_TEST_HOSTILE: join(root, "tests/fixtures/hostile"),
    });
    console.log(stdout.trim());
    expect(stdout).toContain(`${all.length} models`);

    // Python has saved each once more, and one with weights of its own.
    for (const { name } of all) {
      const [before, after] = ["checkpoint", "saved"].map((folder) => join(models, name, folder));
      const bytes = (folder: string) => readFileSync(join(folder, "model.safetensors"));
      expect(bytes(after).equals(bytes(before)), name).toBe(true);
      expect(readCheckpoint(after)).toEqual(readCheckpoint(before));
    }
    const own = join(models, "own");
    expect(readCheckpoint(own).parameters.get("head.bias")).toEqual(Float32Array.of(-30, 30, -30));
    const flags = ["--task", "bernoulli-bandit", "--set", "arms=3", "--set", "horizon=4", "--trials", "5", "--json"];
    const options = ["--option", `checkpoint=${own}`, "--data", join(temp.path, "log")];
    await icrl("play", "transformer", ...flags, ...options);
    const sql = "SELECT list_distinct(flatten(list(actions))) AS actions, count(*) AS episodes FROM trajectories";
    const { stdout: said } = await icrl("log", "query", sql, "--json", "--data", join(temp.path, "log"));
    expect(JSON.parse(said).rows).toEqual([[[1], 5]]); // the arm that its weights prefer by e^60
  });

  test("trains as the engine does, and either goes on with what the other began", async () => {
    const folder = join(temp.path, "trainings");
    mkdirSync(folder);
    await makeSets(folder);
    for (const name of Object.keys(TRAININGS)) await trainHere(folder, name);
    for (const [log, [task, ...settings]] of Object.entries(PLAYS)) {
      const set = settings.flatMap((setting) => ["--set", setting]);
      const option = ["--option", `checkpoint=${join(folder, log, "../engine")}`];
      const flags = ["--task", task, ...set, ...option, "--trials", "6", "--data", join(folder, log)];
      await icrl("play", "transformer", ...flags);
    }
    console.log((await pythonTests("test_torch_player.py", { ICRL_TEST_TRAININGS: folder })).trim());
    const command = `${process.execPath} ${PROGRAM}`;
    const stdout = await pythonTests("test_torch_train.py", { ICRL_TEST_TRAININGS: folder, ICRL_COMMAND: command });
    console.log(stdout.trim());
    for (const name of Object.keys(TRAININGS)) {
      // Python has trained `torch` to the end, and `half` of another.
      const [whole, half, engine] = ["torch", "half", "engine"].map((out) => join(folder, name, out));
      expect(readCheckpoint(whole).training, name).toMatchObject({ step: STEPS, backend: "pytorch" });
      expect(losses(half).length, name).toBe(STEPS / 2);
      cpSync(half, `${half}-more`, { recursive: true });
      await icrl("train", join(folder, `${name}.yaml`), "--out", `${half}-more`, "--backend", "engine");
      const [wanted, made] = [losses(engine), losses(`${half}-more`)];
      expect(made.length).toBe(STEPS);
      for (const [i, loss] of made.entries())
        expect(Math.abs(loss / wanted[i] - 1), `update ${i + 1}`).toBeLessThan(1e-4);
    }
  });

  test("trains on rounds that are played meanwhile as the engine does", async () => {
    await pythonTests("test_torch_online.py", { ICRL_COMMAND: `${process.execPath} ${PROGRAM}` });
  });

  test("does what its README and its example show", async () => {
    await pythonTests("test_torch_readme.py", { ICRL_COMMAND: `${process.execPath} ${PROGRAM}` });
  });
});
