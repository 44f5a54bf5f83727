/**
 * An objective of a test's own: it predicts numbers instead of imitating, reads a column that no objective of ours does, and weighs every
 * decision by itself. It is a value and nothing else knows of it.
 */
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { readCheckpoint, writeCheckpoint } from "#icrl/agents/transformer/checkpoint.js";
import { createEngineLearner } from "#icrl/agents/transformer/engine/engine-learner.js";
import { createDecoder } from "#icrl/agents/transformer/infer.js";
import type { Learner, LearnerState, LearningBatch } from "#icrl/agents/transformer/learner.js";
import type { Metrics } from "#icrl/agents/transformer/metrics.js";
import { forward } from "#icrl/agents/transformer/model.js";
import { type ModelConfig, modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import type { Objective } from "#icrl/agents/transformer/objective.js";
import { OBJECTIVES, objectiveNamed } from "#icrl/agents/transformer/objectives.js";
import { parameterSpecs } from "#icrl/agents/transformer/parameters.js";
import { createTfjsLearner } from "#icrl/agents/transformer/tfjs-learner.js";
import { tokenConfigOf } from "#icrl/agents/transformer/token-config.js";
import type { TokenConfig } from "#icrl/agents/transformer/token-layout.js";
import { train } from "#icrl/agents/transformer/train.js";
import { type TrainingDataOptions, trainingBatches } from "#icrl/agents/transformer/training-data.js";
import { trainingOptions } from "#icrl/agents/transformer/training-options.js";
import { makeDataset } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";
import { freshState } from "../../support/transformer.js";

const DISCOUNT = 0.9;
const HORIZON = 6;

/** The discounted return from each decision on, weighed by DISCOUNT^t; and the regret of the action that is taken there. Nothing to imitate. */
const returns: Objective = {
  name: "returns",
  labels: [],
  columns: ["regrets"],
  numbers: 2,
  write({ numberTargets, numberWeights }, { trial: { columns, from, to }, first, count, at }) {
    const { rewards, regrets } = columns;
    let begun = 0;
    for (let row = from; row < to; row += 1) {
      const [start, end] = [rewards.offsets[row], rewards.offsets[row + 1]];
      let ahead = 0;
      for (let t = end - start - 1; t >= 0; t -= 1) {
        ahead = rewards.values[start + t] + DISCOUNT * ahead;
        const place = begun + t - first;
        if (place < 0 || place >= count) continue;
        numberTargets[2 * (at + place)] = ahead;
        numberWeights[2 * (at + place)] = DISCOUNT ** t;
        numberTargets[2 * (at + place) + 1] = regrets.values[regrets.offsets[row] + t];
        numberWeights[2 * (at + place) + 1] = 0.5;
      }
      begun += end - start;
    }
    return count;
  },
};

const temporary = tempDir();
afterAll(() => temporary.remove());
const dir = join(temporary.path, "set");
let tokens: TokenConfig;
let model: ModelConfig;
beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
  const { tasks } = await makeDataset(dir, {
    name: "returns",
    seed: 4n,
    tasks: [{ id: "bandit", task: "bernoulli-bandit", options: { arms: 3, horizon: HORIZON }, trials: 48 }],
    behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
  });
  tokens = tokenConfigOf(tasks, "step", { mean: 0, std: 1 });
  model = modelConfig(modelOptions({ layers: 1, width: 8, heads: 2 }), tokens, HORIZON, returns.numbers);
});

const batches = (chosen: Partial<TrainingDataOptions> = {}) =>
  trainingBatches({ dir, tokens, objective: returns, context: HORIZON, batch: 16, seed: 1n, ...chosen });

async function firstBatch(): Promise<LearningBatch> {
  for await (const batch of batches()) return batch;
  throw new Error("there is none");
}

const OPTIMIZER = trainingOptions({ steps: 60, warmup: 5, learning_rate: 0.02, clip: 0 });

/** Of a training with each: tfjs has fewer updates, as they are dear, and longer ones. */
const PACE: Record<string, { readonly steps: number; readonly learningRate: number }> = {
  engine: { steps: OPTIMIZER.steps, learningRate: OPTIMIZER.learningRate },
  tfjs: { steps: 30, learningRate: 0.04 },
};

const LEARNERS: Record<string, (start: LearnerState) => Promise<Learner>> = {
  engine: (start) => createEngineLearner(model, OPTIMIZER, start, { threads: 1 }),
  tfjs: async (start) => createTfjsLearner(model, OPTIMIZER, start),
};

async function learnerOf(name: string, start = freshState(model)): Promise<Learner> {
  const learner = await LEARNERS[name](start);
  onTestFinished(() => learner.close());
  return learner;
}

const trainings = new Map<string, ReturnType<typeof trainingOf>>();
/** A training with it, from the data to a checkpoint; gives what it wrote. One of each name. */
function trained(name: string) {
  const training = trainings.get(name) ?? trainingOf(name);
  trainings.set(name, training);
  return training;
}

async function trainingOf(name: string) {
  const lines: Metrics[] = [];
  const out = join(temporary.path, name);
  const { steps } = PACE[name];
  const every = { validationEvery: steps / 2, checkpointEvery: steps };
  await train({
    options: { ...OPTIMIZER, ...PACE[name], ...every, evaluationTrials: 0 },
    seed: 1n,
    learner: await learnerOf(name),
    out: temporary.path,
    from: undefined,
    batches: () => batches(),
    validation: () => batches({ use: "validation" }),
    async save({ parameters }, { step, tokens: seen }) {
      const training = {
        ...{ objective: returns.name, step, tokens: seen, data: null, tasks: [] },
        ...{ icrlVersion: "0", backend: name },
      };
      writeCheckpoint(out, { model, tokens, parameters, training });
    },
    onMetrics: (line) => lines.push(line),
  });
  return { lines, out };
}

test.each(["engine", "tfjs"])(
  "it trains on %s: the loss falls, and is told apart from that of actions",
  async (name) => {
    const { lines } = await trained(name);
    const [before, after] = lines.filter((line) => line.type === "validation");
    const first = lines.find((line) => line.type === "update");
    expect(first?.decisions).toBe(16 * HORIZON);
    expect(after.loss).toBeGreaterThan(0);
    expect(after.loss).toBeLessThan((first?.loss ?? 0) / 2);
    expect(after).toMatchObject({
      squaredError: after.loss,
      agreement: 0,
      targetEntropy: 0,
      decisions: 48 * HORIZON,
    });
    expect(before.step).toBe(PACE[name].steps / 2);
  },
);

test.each(["engine", "tfjs"])("the gradients of %s are the slopes of its loss", async (name) => {
  const batch = await firstBatch();
  const start = freshState(model);
  const learner = await learnerOf(name, start);
  const loss = await learner.accumulate(batch, 0);
  await learner.update(0, batch.decisions);
  const { firstMoments } = await learner.state();
  expect(await learner.evaluate(batch)).toMatchObject({ loss: expect.closeTo(loss, 3), agreed: 0 });
  const lossAt = async (parameter: string, i: number, by: number) => {
    const parameters = new Map([...start.parameters].map(([key, values]) => [key, Float32Array.from(values)]));
    (parameters.get(parameter) as Float32Array)[i] += by;
    const shifted = await LEARNERS[name]({ ...start, parameters });
    const { squared } = await shifted.evaluate(batch);
    shifted.close();
    return squared;
  };
  // Rows 3 and 4 of the head are the numbers; those before them, which make the logits, have no gradient.
  const of = (parameter: string) => firstMoments.get(parameter) as Float32Array;
  for (const [parameter, i] of [
    ...(["head.bias", "embed.bias", "layers.0.mlp.up.bias"] as const).map((one) => [one, 3] as const),
    ...(["head.weight", "layers.0.attention.qkv.weight"] as const).map((one) => [one, 4 * 8 + 2] as const),
  ]) {
    const slope = ((await lossAt(parameter, i, 0.01)) - (await lossAt(parameter, i, -0.01))) / 0.02;
    const gradient = (of(parameter)[i] / (1 - OPTIMIZER.beta1)) * batch.decisions;
    expect(Math.abs(gradient - slope), parameter).toBeLessThan(0.01 * Math.abs(slope) + 0.05);
    if (parameter.startsWith("head")) expect(Math.abs(slope)).toBeGreaterThan(1);
  }
  expect([...of("head.bias").subarray(0, 3)]).toEqual([0, 0, 0]);
});

test("a checkpoint keeps the numbers, and what plays reads the ones that were learned", async () => {
  const { out } = await trained("engine");
  const { model: kept, parameters } = readCheckpoint(out);
  expect(kept).toEqual(model);
  const batch = await firstBatch();
  const tensors = parameterSpecs(kept).map(({ name, shape }) => [
    name,
    tf.tensor(parameters.get(name) as Float32Array, [...shape]),
  ]);
  const input = tf.tensor3d(batch.tokens, [batch.sequences, HORIZON, kept.tokenSize]);
  const numbers = forward(kept, Object.fromEntries(tensors), input).numbers?.dataSync() ?? [];
  const sequence = createDecoder(kept, parameters).sequence();
  const outputs = new Float64Array(5);
  for (let t = 0; t < HORIZON; t += 1) {
    sequence.push(batch.tokens.subarray(t * kept.tokenSize, (t + 1) * kept.tokenSize));
    sequence.outputs(outputs);
    for (const n of [0, 1]) expect(outputs[3 + n]).toBeCloseTo(numbers[2 * t + n], 4);
  }
  // Of an arm of unknown mean, (1 - 0.9^6) / (1 - 0.9) / 2 = 2.34 at the first decision.
  expect(numbers[0]).toBeGreaterThan(1.8);
  expect(numbers[0]).toBeLessThan(2.9);
});

test("names are those of one kind each, and what is none is nobody's", () => {
  expect(["ad", "dpt", "expert:ucb"].map((name) => objectiveNamed(name)?.labels)).toEqual([
    ["self"],
    ["optimal"],
    ["ucb"],
  ]);
  expect(["", "expert:", "bc", "AD"].map(objectiveNamed)).toEqual([undefined, undefined, undefined, undefined]);
  for (const { usage } of OBJECTIVES) {
    const name = usage.replace("NAME", "ucb");
    expect(OBJECTIVES.filter((kind) => kind.named(name)?.name === name).map((kind) => kind.usage)).toEqual([usage]);
  }
});
