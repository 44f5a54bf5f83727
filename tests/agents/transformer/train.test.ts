import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import type { LearnerState } from "#icrl/agents/transformer/learner.js";
import type { Metrics } from "#icrl/agents/transformer/metrics.js";
import { createTfjsLearner } from "#icrl/agents/transformer/tfjs-learner.js";
import { type Training, type TrainingState, train } from "#icrl/agents/transformer/train.js";
import { learningRateAt, type TrainingOptions, trainingOptions } from "#icrl/agents/transformer/training-options.js";
import type { SnakeCased } from "#icrl/common/snake-case.js";
import { tempDir } from "../../support/temp-dir.js";
import { freshState, randomBatch, smallModel } from "../../support/transformer.js";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

function folder(): string {
  const { path, remove } = tempDir();
  onTestFinished(remove);
  return path;
}

const options = (given: Record<string, unknown> = {}): TrainingOptions =>
  trainingOptions({ steps: 12, warmup: 2, validation_every: 5, checkpoint_every: 4, ...given });

interface Saved {
  readonly learned: LearnerState;
  readonly state: TrainingState;
}

/** A training whose batches are numbered: the position is the number of the next. */
function training(out: string, from?: Saved, given: Record<string, unknown> = {}): Training & { saved: Saved[] } {
  const model = smallModel({ layers: 1, dropout: 0.1 });
  const resolved = options(given);
  const saved: Saved[] = [];
  return {
    options: resolved,
    seed: 3n,
    learner: createTfjsLearner(model, resolved, from?.learned ?? freshState(model)),
    out,
    from: from?.state,
    async *batches(position) {
      for (let at = (position as number | undefined) ?? 0; ; at += 1) {
        yield { ...randomBatch(model, 4, BigInt(at)), position: at + 1 };
      }
    },
    validation: async function* () {
      yield randomBatch(model, 4, 1000n);
      yield randomBatch(model, 2, 1001n);
    },
    save: async (learned, state) => {
      saved.push({ learned, state });
    },
    saved,
  };
}

/** A line as it is in the file. */
type StoredMetrics = SnakeCased<Metrics>;

const linesOf = (out: string): StoredMetrics[] =>
  readFileSync(join(out, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as StoredMetrics);

const withoutTime = (lines: StoredMetrics[]) => lines.map((line) => ({ ...line, seconds: 0 }));

test("a training writes a line an update, and validates and saves when it is time and at the end", async () => {
  const out = folder();
  const run = training(out);
  const end = await train(run);
  const lines = linesOf(out);
  expect(lines.filter(({ type }) => type === "update").map(({ step }) => step)).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
  ]);
  expect(lines.filter(({ type }) => type === "validation").map(({ step }) => step)).toEqual([5, 10, 12]);
  expect(run.saved.map(({ state }) => state.step)).toEqual([4, 8, 12]);
  expect(end).toMatchObject({ step: 12, tokens: 12 * 4 * 8, position: 12 });
});

test("one that was stopped goes on with the same losses, whatever it had written after its checkpoint", async () => {
  const whole = folder();
  await train(training(whole));
  const parts = folder();
  const stop = new AbortController();
  const first = training(parts);
  await train({
    ...first,
    signal: stop.signal,
    onMetrics: ({ step }) => {
      if (step === 7) stop.abort();
    },
  });
  const last = first.saved.at(-1) as Saved;
  expect(last.state.step).toBe(7); // it saved when it was told to stop
  const line = JSON.stringify({
    ...{ type: "update", step: 8, loss: 9, learning_rate: 1, gradient_norm: 1, decisions: 1, tokens: 1, seconds: 1 },
  });
  const killed = `${readFileSync(join(parts, "metrics.jsonl"), "utf8")}${line}\n{"type":"upd`;
  writeFileSync(join(parts, "metrics.jsonl"), killed);
  await train(training(parts, last));
  expect(withoutTime(linesOf(parts))).toEqual(withoutTime(linesOf(whole)));
});

/** Plays nothing: tells its step as the regret. */
const playing = async (step: number) => ({
  trials: 2,
  tasks: { one: { regret: { mean: step, se: 0 }, return: { mean: 0, se: 0 } } },
});
const EVALUATED = { evaluation_trials: 2, evaluation_every: 6 };
const evaluations = (out: string) =>
  linesOf(out).flatMap((line) => (line.type === "evaluation" ? [[line.step, line.tasks.one.regret.mean]] : []));

test("one that is made longer says so once, keeps its schedule so far, and goes on with the longer one, also after a kill", async () => {
  const out = folder();
  const first = training(out);
  await train(first);
  const last = first.saved.at(-1) as Saved;
  expect(last.state.step).toBe(12);
  const longer = { steps: 20 };
  const whole = training(out, last, longer);
  await train({ ...whole, earlierSteps: 12 });
  const lines = linesOf(out);
  expect(lines.filter(({ type }) => type === "continuation")).toEqual([
    { type: "continuation", step: 12, steps: 20, earlier_steps: 12 },
  ]);
  const updates = lines.filter((line) => line.type === "update");
  expect(updates.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, update) => update + 1));
  expect(updates.map(({ learning_rate: rate }) => rate)).toEqual(
    Array.from({ length: 20 }, (_, update) => learningRateAt(update, options(update < 12 ? {} : longer))),
  );
  expect(whole.saved.map(({ state }) => state.step)).toEqual([16, 20]);

  // Killed after update 18: what follows the checkpoint at 16 is learned again, the continuation is not said again.
  const again = training(out, whole.saved[0], longer);
  await train({ ...again, earlierSteps: 12 });
  expect(withoutTime(linesOf(out))).toEqual(withoutTime(lines));
  expect(again.saved.at(-1)?.learned).toEqual(whole.saved.at(-1)?.learned);
});

test("evaluations play the checkpoint that was saved for them, and the end has the last", async () => {
  const out = folder();
  const run = training(out, undefined, EVALUATED);
  const end = await train({ ...run, evaluate: playing });
  expect(run.saved.map(({ state }) => state.step)).toEqual([4, 6, 8, 12]);
  expect(evaluations(out)).toEqual([
    [6, 6],
    [12, 12],
  ]);
  expect(end).toMatchObject({ finished: true, evaluation: { step: 12 }, validation: { step: 12 } });
});

test.each([6, 12])(
  "an evaluation after update %d that was broken off is made up for, and nothing else is",
  async (at) => {
    const out = folder();
    const stop = new AbortController();
    const first = training(out, undefined, EVALUATED);
    const end = await train({
      ...first,
      signal: stop.signal,
      async evaluate(step) {
        if (step < at) return playing(step);
        stop.abort();
        throw new Error("broken off");
      },
    });
    expect(end).toMatchObject({ finished: false, step: at });
    expect(first.saved.at(-1)?.state.step).toBe(at);
    const second = training(out, first.saved.at(-1), EVALUATED);
    expect(await train({ ...second, evaluate: playing })).toMatchObject({ finished: true, step: 12 });
    expect(evaluations(out)).toEqual([
      [6, 6],
      [12, 12],
    ]);
    const third = training(out, second.saved.at(-1) ?? first.saved.at(-1), EVALUATED);
    expect(await train({ ...third, evaluate: () => Promise.reject(new Error("again")) })).toMatchObject({
      finished: true,
      evaluation: { step: 12 },
    });
  },
);

test("an evaluation that fails by itself ends the training", async () => {
  const run = { ...training(folder(), undefined, EVALUATED), evaluate: () => Promise.reject(new Error("no server")) };
  await expect(train(run)).rejects.toThrow("no server");
});

test("validation counts decisions over batches, and the targets' entropies", async () => {
  const out = folder();
  await train(training(out, undefined, { steps: 1 }));
  const line = linesOf(out).find(({ type }) => type === "validation") as Extract<StoredMetrics, { type: "validation" }>;
  const model = smallModel();
  const batches = [randomBatch(model, 4, 1000n), randomBatch(model, 2, 1001n)];
  const counts = [0, 0, 0];
  for (const { targets, weights } of batches) {
    for (const [i, weight] of weights.entries())
      for (let a = 0; a < 3; a += 1) counts[a] += weight * targets[i * 3 + a];
  }
  const decisions = counts[0] + counts[1] + counts[2];
  expect(line.decisions).toBe(decisions);
  expect(line.target_entropy).toBe(0); // its targets are sure
  const entropy = -counts.reduce((sum, count) => sum + (count / decisions) * Math.log(count / decisions), 0);
  expect(line.marginal_entropy).toBeCloseTo(entropy, 10);
});

test("the learning rate rises, is at its highest after the warm-up, and ends where it should", () => {
  const given = options({ steps: 102, warmup: 2, learning_rate: 1, final_learning_rate: 0.5 });
  expect([0, 1, 2].map((update) => learningRateAt(update, given))).toEqual([0.5, 1, 1]);
  // By hand: half-way through the cosine, the mean of both ends; its last update is number 101.
  expect(learningRateAt(2 + 99 / 2, given)).toBeCloseTo(0.75, 12);
  expect(learningRateAt(101, given)).toBeCloseTo(0.5, 12);
});

test("a constant learning rate stays where the warm-up ends", () => {
  const given = options({ steps: 102, warmup: 2, learning_rate: 1, schedule: "constant" });
  expect([0, 1, 2, 50, 101].map((update) => learningRateAt(update, given))).toEqual([0.5, 1, 1, 1, 1]);
});

test("a training ends where validations get no better as often as it has patience, and stays ended; the best is kept when it is found", async () => {
  const out = folder();
  const still = { learning_rate: 0, schedule: "constant" };
  const given = { ...still, steps: 40, validation_every: 2, patience: 3, checkpoint_every: 100, ...EVALUATED };
  const run = training(out, undefined, given); // nothing is learned: the first validation is the best
  const best: number[] = [];
  const keeping = { ...run, saveBest: async (_: LearnerState, { step }: TrainingState) => void best.push(step) };
  const end = await train({ ...keeping, evaluate: playing });
  expect(end).toMatchObject({ step: 8, finished: true, early: true, best: { step: 2 } });
  expect(best).toEqual([2]);
  expect(evaluations(out)).toEqual([
    [6, 6],
    [8, 8], // at its end, as any
  ]);
  const last = run.saved.at(-1) as Saved;
  expect(last.state.step).toBe(8);
  const lines = linesOf(out);
  expect(await train(training(out, last, given))).toMatchObject({ step: 8, finished: true, early: true });
  expect(linesOf(out)).toEqual(lines);
});

test("a training whose validations get better goes on, and keeps each best", async () => {
  const best: number[] = [];
  const run = training(folder(), undefined, { learning_rate: 0.01, validation_every: 4, patience: 1 });
  const saveBest = async (_: LearnerState, { step }: TrainingState) => void best.push(step);
  expect(await train({ ...run, saveBest })).toMatchObject({ step: 12, early: false });
  expect(best).toEqual([4, 8, 12]);
});

test("what takes validations is refused where there are none", () => {
  for (const asks of [{ patience: 2 }, { keep_best: true }]) {
    expect(() => options({ ...asks, validation_share: 0 })).toThrow(
      `option "${Object.keys(asks)[0]}" of the training takes validations`,
    );
  }
});

test("a loss that is no number ends the training with the reason", async () => {
  const run = training(folder());
  const broken: Training = {
    ...run,
    async *batches() {
      const batch = randomBatch(smallModel(), 4, 1n);
      yield { ...batch, tokens: batch.tokens.fill(Number.NaN), position: 1 };
    },
  };
  await expect(train(broken)).rejects.toMatchObject({ reason: "TRAINING_DIVERGED" });
});
