/** A training on several datasets, from its file to its checkpoints. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCheckpoint } from "#icrl/agents/transformer/checkpoint.js";
import { silent } from "#icrl/jobs/listener.js";
import { runTraining, type TrainingListener } from "#icrl/jobs/train/run-training.js";
import { readTrainingFile } from "#icrl/jobs/train/training-file.js";
import { makeDataset } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";
import { trainingFile } from "../../support/training-file.js";

const temporary = tempDir();
afterAll(() => temporary.remove());
const at = (name: string) => join(temporary.path, name);

const set = (name: string, arms: number, seed: bigint) => ({
  name,
  seed,
  tasks: [{ id: `arms-${arms}`, task: "bernoulli-bandit", options: { arms, horizon: 4 }, trials: 30 }],
  behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
});

beforeAll(async () => {
  await makeDataset(at("two"), set("two", 2, 1n));
  await makeDataset(at("three"), set("three", 3, 1n));
});

const MIX = [{ path: "two", weight: 2 }, { path: "three" }];
const MODEL = { layers: 1, width: 8, heads: 1 };
const TRAINING = { steps: 8, batch: 4, validation_share: 0.3, validation_every: 4, checkpoint_every: 2 };

/** Trains, and stops after so many updates where that is said. */
async function trained(out: string, file: string, stopAfter = Number.POSITIVE_INFINITY) {
  const ended = new AbortController();
  const listener: TrainingListener = {
    ...silent,
    interlude: () => undefined,
    metrics: ({ type, step }) => {
      if (type === "update" && step === stopAfter) ended.abort(new Error("stopped"));
    },
  };
  const plan = { spec: readTrainingFile(file), out, overwrite: false, backend: "engine", threads: 1 } as const;
  return runTraining(plan, listener, ended.signal);
}

/** Lines of metrics.jsonl, without what a clock says. */
const metrics = (out: string): unknown[] =>
  readFileSync(join(out, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => ({ ...JSON.parse(line), seconds: 0 }));

test("one that was broken off has the losses and the model of one that never was", async () => {
  const file = trainingFile(temporary.path, { dataset: MIX, model: MODEL, training: TRAINING });
  await trained(at("whole"), file);
  await expect(trained(at("broken"), file, 3)).rejects.toThrow("stopped");
  await trained(at("broken"), file);
  expect(metrics(at("broken"))).toEqual(metrics(at("whole")));
  expect(readCheckpoint(at("broken")).parameters).toEqual(readCheckpoint(at("whole")).parameters);
  const { training } = readCheckpoint(at("whole"));
  expect(training.data).toMatchObject([
    { name: "two", weight: 2 },
    { name: "three", weight: 1 },
  ]);
  expect(training.tasks.map(({ id }) => id)).toEqual(["arms-2", "arms-3"]);
});

test("its spec.json is a file of the same training; other weights, and another set in a place, are refused", async () => {
  const file = trainingFile(temporary.path, { dataset: MIX, model: MODEL, training: { ...TRAINING, steps: 2 } });
  await trained(at("again"), file);
  const spec = JSON.parse(readFileSync(join(at("again"), "spec.json"), "utf8"));
  expect(spec.dataset).toEqual([
    { path: "../two", weight: 2 },
    { path: "../three", weight: 1 },
  ]);
  await trained(at("again"), join(at("again"), "spec.json"));
  writeFileSync(
    file,
    JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), dataset: [{ path: "two" }, MIX[1]] }),
  );
  await expect(trained(at("again"), file)).rejects.toMatchObject({
    reason: "OUTPUT_EXISTS",
    message: expect.stringContaining("dataset.0.weight is 2, not 1"),
  });
  const moved = join(at("again"), "spec.json");
  const checkpoint = join(at("again"), "checkpoints", "step-00000002", "config.json");
  const config = JSON.parse(readFileSync(checkpoint, "utf8"));
  config.training.data[1].id = "0".repeat(32);
  writeFileSync(checkpoint, JSON.stringify(config));
  await expect(trained(at("again"), moved)).rejects.toMatchObject({
    reason: "DATASET_MISMATCH",
    message: expect.stringContaining('the one there now is "three"'),
  });
});
