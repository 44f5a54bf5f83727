/** The same model in PyTorch: weights written here are loaded there as they are, and give the same logits. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { scoreArms } from "#icrl/agents/transformer/arm-scores.js";
import { writeCheckpoint } from "#icrl/agents/transformer/checkpoint.js";
import { createDecoder } from "#icrl/agents/transformer/infer.js";
import { headOutputs, modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import { decodeSafetensors, encodeSafetensors } from "#icrl/agents/transformer/safetensors.js";
import type { TokenConfig } from "#icrl/agents/transformer/token-layout.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { pythonWith } from "../../requirements.js";
import { wildParameters } from "../../support/naive-transformer.js";
import { tempDir } from "../../support/temp-dir.js";

const python = pythonWith(["torch", "safetensors"]);
const temp = tempDir();
afterAll(() => temp.remove());

const CONTEXT = 50;
const tokens: TokenConfig = {
  layout: "step",
  maxActions: 6,
  numStates: 4,
  dim: 3,
  horizon: 25,
  rewardMean: 0,
  rewardStd: 1,
};
const SHAPES = ["softmax", "relu"].flatMap((attention) =>
  ["pre", "post"].flatMap((norm) => [
    { attention, norm, positions: "learned", window: 0 },
    { attention, norm, positions: "alibi", window: 9 },
  ]),
);
const OTHERS = ["softmax", "relu"].flatMap((attention) =>
  ["alibi-flat", "rotary", "none"].map((positions) => ({ attention, norm: "pre", positions, window: 0 })),
);

describe.skipIf(python === undefined)("a PyTorch twin of the model", () => {
  test.each([
    ...SHAPES.map((options) => ({ layout: "step" as const, options })),
    ...OTHERS.map((options) => ({ layout: "step" as const, options })),
    { layout: "lin2023" as const, options: SHAPES[0] },
    { layout: "chosen-arm" as const, options: SHAPES[0] },
    { layout: "transition" as const, options: SHAPES[0] },
  ])("gives the same logits to 1e-4: $layout, $options", ({ layout, options }) => {
    const layoutTokens = { ...tokens, layout };
    const model = modelConfig(modelOptions({ layers: 3, width: 16, heads: 4, ...options }), layoutTokens, CONTEXT);
    const parameters = wildParameters(model, rngFromSeed(1n));
    const path = (name: string) => join(temp.path, name);
    const training = {
      objective: "none",
      step: 0,
      tokens: 0,
      data: null,
      tasks: [],
      icrlVersion: "0",
      backend: "none",
    };
    writeCheckpoint(path("model"), { model, tokens: layoutTokens, parameters, training });
    const rng = rngFromSeed(2n);
    const input = Float32Array.from({ length: CONTEXT * model.tokenSize }, () =>
      rng.uniform() < 0.5 ? 0 : rng.normal(),
    );
    const scores = model.armDim > 0;
    const arms = Float32Array.from({ length: CONTEXT * model.maxActions * tokens.dim }, () => rng.normal());
    const given = new Map([["tokens", { shape: [1, CONTEXT, model.tokenSize], data: input }]]);
    if (scores) given.set("arms", { shape: [1, CONTEXT, model.maxActions, tokens.dim], data: arms });
    writeFileSync(path("tokens"), encodeSafetensors(given));

    const script = join(import.meta.dirname, "../../python/transformer_twin.py");
    const { status, stderr } = spawnSync(python as string, [script, path("model"), path("tokens"), path("logits")], {
      encoding: "utf8",
    });
    expect(stderr).not.toContain("Error");
    expect(status).toBe(0);
    const twin = decodeSafetensors(readFileSync(path("logits"))); // written by the Python package
    expect(twin.metadata).toEqual({ from: "torch" });

    const sequence = createDecoder(model, parameters).sequence();
    const ours = new Float32Array(CONTEXT * model.maxActions);
    let decisions = 0;
    for (let i = 0; i < CONTEXT; i += 1) {
      sequence.push(input.subarray(i * model.tokenSize, (i + 1) * model.tokenSize));
      if (i % model.stride > 0) continue;
      const row = ours.subarray(decisions * model.maxActions, (decisions + 1) * model.maxActions);
      if (!scores) sequence.outputs(row);
      else {
        const weights = new Float64Array(headOutputs(model));
        sequence.outputs(weights);
        scoreArms(row, 0, row.length, weights, 0, arms, i * row.length * tokens.dim, tokens.dim);
      }
      decisions += 1;
    }
    expect(twin.tensors.get("logits")?.shape).toEqual([1, decisions, model.maxActions]);
    const theirs = twin.tensors.get("logits")?.data as Float32Array;
    const differences = theirs.map((logit, i) => Math.abs(logit - ours[i]));
    expect(Math.max(...theirs.map(Math.abs))).toBeGreaterThan(0.5);
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });
});
