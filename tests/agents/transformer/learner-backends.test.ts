import { expect, onTestFinished, test } from "vitest";
import { learnerBackend } from "#icrl/agents/transformer/learner-backends.js";
import { freshState, randomBatch, smallModel } from "../../support/transformer.js";

const ADAMW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clip: 1 };

test("the engine and a back end of TensorFlow.js learn the same", async () => {
  const model = smallModel();
  const losses: number[] = [];
  for (const name of ["engine", "cpu"] as const) {
    const backend = await learnerBackend(name, model);
    expect(backend.name).toBe(name);
    expect(backend.description).not.toBe("");
    const learner = await backend.create(model, ADAMW, freshState(model));
    onTestFinished(() => learner.close());
    await learner.accumulate(randomBatch(model, 4, 1n), 0);
    await learner.update(0.01, 26);
    losses.push(await learner.accumulate(randomBatch(model, 4, 2n), 1));
  }
  expect(losses[0] / losses[1]).toBeCloseTo(1, 3);
});

test("threads are the engine's alone, and change nothing", async () => {
  const model = smallModel({ width: 8 });
  const learned: number[] = [];
  for (const threads of [1, 3]) {
    const backend = await learnerBackend("engine", model, threads);
    expect(backend.description).toContain(`${threads} thread`);
    const learner = await backend.create(model, ADAMW, freshState(model));
    onTestFinished(() => learner.close());
    learned.push(await learner.accumulate(randomBatch(model, 7, 1n), 0));
  }
  expect(learned[0]).toBe(learned[1]);
  await expect(learnerBackend("cpu", model, 2)).rejects.toMatchObject({ reason: "OPTION_INVALID" });
});

test("auto takes the engine where there is no GPU, but for a width that it does not compute", async () => {
  const { name } = await learnerBackend("auto", { width: 32 });
  expect(["engine", "tensorflow-gpu", "webgpu"]).toContain(name);
  expect((await learnerBackend("auto", { width: 12 })).name).not.toBe("engine");
});
