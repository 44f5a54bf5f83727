import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeCheckpoint } from "#icrl/agents/transformer/checkpoint.js";
import { modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import { initParameters } from "#icrl/agents/transformer/parameters.js";
import type { TokenConfig } from "#icrl/agents/transformer/token-layout.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { silent } from "#icrl/jobs/listener.js";
import { beginModel } from "#icrl/jobs/train/begin-model.js";
import { openOfflineData } from "#icrl/jobs/train/offline-data.js";
import { makeDataset } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";
import { trainingSpec } from "../../support/training-file.js";

const temporary = tempDir();
const path = (name: string) => join(temporary.path, name);
afterAll(() => temporary.remove());

const options = { dim: 2, actions: 3, horizon: 8 };
beforeAll(async () => {
  const tasks = [{ id: "linear", task: "linear-bandit", options, trials: 6 }];
  const behaviours = [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }];
  await makeDataset(path("set"), { name: "set", seed: 2n, tasks, behaviours }, { labels: [] });
});

const MODEL = { layers: 1, width: 8, heads: 2 };
const TOKENS: TokenConfig = {
  ...{ layout: "step", maxActions: 4, numStates: 1, dim: 2, horizon: 8 },
  ...{ rewardMean: 7, rewardStd: 3 },
};

/** A checkpoint of 12 tokens on disk; what its parameters are. */
function stored(name: string, { model = {}, tokens = TOKENS }: { model?: object; tokens?: TokenConfig } = {}) {
  const config = modelConfig(modelOptions({ ...MODEL, ...model }), tokens, 12);
  const parameters = initParameters(config, rngFromSeed(9n));
  const training = {
    objective: "dpt",
    step: 40,
    tokens: 500,
    data: null,
    tasks: [],
    icrlVersion: "0",
    backend: "engine",
  };
  writeCheckpoint(path(name), { model: config, tokens, parameters, training });
  return parameters;
}

/** What a training with such members of its file begins with. */
async function begun(changes: Record<string, unknown>) {
  const file = { dataset: path("set"), objective: "ad", model: MODEL, ...changes };
  const spec = trainingSpec(temporary.path, {
    ...file,
    training: { validation_share: 0, ...(changes.training as object) },
  });
  const source = await openOfflineData(spec, path("out"), silent, new AbortController().signal);
  return beginModel(spec, source);
}

test("a model that would know beginnings alone, and so could not play, is refused with all that would do; unless these are what is wanted", async () => {
  await expect(begun({ context: 5 })).rejects.toMatchObject({
    reason: "OPTION_INVALID",
    message:
      "the model could not play what it is trained on: a trial has 8 tokens, its context 5, and it would know beginnings alone; give context 0 for whole trials, " +
      "crop random, to play with its last 5 tokens, or a window and any positions but learned; or crop prefix, if beginnings are all that it is for",
  });
  for (const remedy of [
    { context: 0 },
    { context: 5, training: { crop: "random" } },
    { context: 5, training: { crop: "prefix" } },
    { context: 5, model: { ...MODEL, positions: "alibi", window: 4 } },
    { context: 5, model: { ...MODEL, positions: "rotary", window: 4 } },
  ]) {
    const { model, from } = await begun(remedy);
    expect([model.context, from]).toEqual([remedy.context === 0 ? 8 : 5, undefined]);
  }
});

test("a training begins with a checkpoint's parameters, under its tokens, and says whose they are", async () => {
  const parameters = stored("warm");
  const { model, tokens, learned, from } = await begun({ from: path("warm") });
  expect(tokens).toEqual(TOKENS); // its rewards are normalised as those that the weights know
  expect(model.context).toBe(12); // learned positions stay, those that no sequence reaches, too
  expect(learned).toEqual({ parameters, firstMoments: new Map(), secondMoments: new Map(), updates: 0 });
  const sha256 = createHash("sha256")
    .update(readFileSync(path("warm/model.safetensors")))
    .digest("hex");
  expect(from).toEqual({ sha256, objective: "dpt", step: 40, tokens: 500 });
});

test("relative positions take any context, and layout chosen-arm more arms than before", async () => {
  const tokens: TokenConfig = { ...TOKENS, layout: "chosen-arm", maxActions: 2 };
  const relative = { positions: "alibi", window: 4 };
  const parameters = stored("arms", { model: relative, tokens });
  const changes = { from: path("arms"), layout: "chosen-arm", context: 6, model: { ...MODEL, ...relative, window: 3 } };
  const { model, ...begins } = await begun(changes);
  expect(model).toMatchObject({ context: 6, window: 3, maxActions: 3 });
  expect(begins.tokens.maxActions).toBe(3);
  expect(begins.learned.parameters).toEqual(parameters);
});

test("another model, and tasks that it cannot hold, are refused with what differs", async () => {
  stored("plain");
  stored("small", { tokens: { ...TOKENS, maxActions: 2 } });
  const refused = async (name: string, changes: object) => {
    const from = path(name);
    return (await begun({ from, ...changes }).catch((error) => `${error.reason}: ${error.message}`)) as string;
  };
  expect(await refused("plain", { layout: "lin2023" })).toBe(
    `OPTION_INVALID: from: the model of ${path("plain")} has layout step, the file asks for lin2023: give layout step, or another checkpoint`,
  );
  expect(await refused("plain", { model: { ...MODEL, layers: 3 } })).toMatch(
    /has layers 1, the file asks for 3: give layers 1/,
  );
  expect(await refused("plain", { model: { ...MODEL, attention: "relu" } })).toMatch(/has attention softmax/);
  stored("turned", { model: { positions: "rotary" } });
  expect(await refused("turned", { model: { ...MODEL, positions: "none" } })).toMatch(
    /has positions rotary, the file asks for none: give positions rotary/,
  );
  expect(await refused("small", {})).toMatch(/^TASK_UNSUPPORTED: task "linear-bandit" has 3 actions, .* at most 2/);
  expect(await refused("nowhere", {})).toMatch(/^SPEC_INVALID: .*: from .*nowhere does not exist/);
});

test("learned positions are not made up for longer sequences", async () => {
  const config = modelConfig(modelOptions(MODEL), TOKENS, 6);
  const training = { objective: "ad", step: 1, tokens: 1, data: null, tasks: [], icrlVersion: "0", backend: "engine" };
  writeCheckpoint(path("six"), {
    model: config,
    tokens: TOKENS,
    parameters: initParameters(config, rngFromSeed(1n)),
    training,
  });
  await expect(begun({ from: path("six") })).rejects.toThrow(
    /has learned 6 positions, and sequences are to have 8 tokens: give context 6, or a checkpoint of longer ones/,
  );
  const { model } = await begun({ from: path("six"), context: 6, training: { crop: "random" } });
  expect(model.context).toBe(6);
});
