/**
 * The Python package's PyTorch side, held against this side: every kind of model is written here with the logits that the engine gives, and
 * loaded there; what is saved there is read and played here.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { scoreArms } from "#icrl/agents/transformer/arm-scores.js";
import { readCheckpoint, writeCheckpoint } from "#icrl/agents/transformer/checkpoint.js";
import { createDecoder } from "#icrl/agents/transformer/infer.js";
import { headOutputs, type ModelConfig, modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import { encodeSafetensors, type NamedTensor } from "#icrl/agents/transformer/safetensors.js";
import { LAYOUTS, type TokenConfig } from "#icrl/agents/transformer/token-layout.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { PROGRAM } from "../e2e/run-icrl.js";
import { pythonWith } from "../requirements.js";
import { wildParameters } from "../support/naive-transformer.js";
import { tempDir } from "../support/temp-dir.js";

const python = pythonWith(["torch", "safetensors"]);
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
        ["learned", "alibi"].flatMap((positions) =>
          [0, 9].map((window) => ({ layout, attention, norm, positions, window })),
        ),
      ),
    ),
  );
  const made = product.map(({ layout, ...options }): Case => {
    const tokens = { ...TOKENS, layout };
    const model = modelConfig(modelOptions({ layers: 2, width: 16, heads: 4, ...options }), tokens, CONTEXT);
    // What forgets what is too far away may go on beyond its context.
    const length = options.positions === "alibi" && options.window > 0 ? CONTEXT + 15 : CONTEXT - 3;
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

/** Runs the unit tests of a Python file; its standard output. None may be skipped. */
async function pythonTests(file: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    python as string,
    ["-W", "error", "-m", "unittest", join("clients/python/tests", file)],
    {
      cwd: root,
      env: { ...process.env, PYTHONPATH: join(root, "clients/python/src"), PYTHONDONTWRITEBYTECODE: "1", ...env },
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
    await promisify(execFile)(process.execPath, [PROGRAM, "play", "transformer", ...flags, ...options]);
    const sql = "SELECT list_distinct(flatten(list(actions))) AS actions, count(*) AS episodes FROM trajectories";
    const query = [PROGRAM, "log", "query", sql, "--json", "--data", join(temp.path, "log")];
    const { stdout: said } = await promisify(execFile)(process.execPath, query);
    expect(JSON.parse(said).rows).toEqual([[[1], 5]]); // the arm that its weights prefer by e^60
  });
});
