import { expect, test } from "vitest";
import { findAgent } from "#icrl/agents/registry.js";
import { resolveOptions } from "#icrl/common/options.js";
import type { PopulationJob } from "#icrl/jobs/ratio/ratio-worker.js";
import { runPopulations } from "#icrl/jobs/ratio/run-populations.js";

const job = (expert: string, steps: number, task = "bernoulli-bandit", taskOptions = {}): PopulationJob => ({
  taskId: "t",
  task,
  taskOptions,
  players: [expert, "uniform"].map((agent) => ({
    agent,
    options: resolveOptions(findAgent(agent).options, {}, agent),
  })),
  expert: 0,
  behaviours: [1],
  weights: [1],
  particles: 50,
  horizons: [steps],
  seed: 1n,
  population: 0,
});
const never = new AbortController().signal;

test("jobs give their points in their order, whichever is done first, and say how far they are", async () => {
  const told: number[][] = [[], [], []];
  const jobs = [job("ucb", 40), job("ucb", 3), job("uniform", 5)];
  const points = await runPopulations(jobs, (i, steps) => told[i].push(steps), never);
  expect(points.map(([{ horizon }]) => horizon)).toEqual([40, 3, 5]);
  expect(points[2][0].logRatio).toBeCloseTo(0, 12);
  expect(told.map((steps) => steps.at(-1))).toEqual([40, 3, 5]);
});

test("once told to stop it stops, with the reason why, and its threads say nothing more", async () => {
  const stopping = new AbortController();
  let told = 0;
  const onStep = () => {
    told += 1;
    stopping.abort(new Error("enough"));
  };
  const long = Array.from({ length: 4 }, (_, population) => ({ ...job("thompson", 200), population, particles: 500 }));
  await expect(runPopulations(long, onStep, stopping.signal)).rejects.toThrow("enough");
  const then = told;
  await runPopulations([job("uniform", 2)], () => {}, never);
  expect(told).toBe(then);
  await expect(runPopulations(long, onStep, stopping.signal)).rejects.toThrow("enough"); // at once
  expect(told).toBe(then);
});

test("what a job refuses is refused with its reason", async () => {
  const jobs = [job("uniform", 2), job("lin-thompson", 2, "linear-bandit", { dim: 2, actions: 3 })];
  await expect(runPopulations(jobs, () => {}, never)).rejects.toMatchObject({
    reason: "PROBABILITIES_UNKNOWN",
    metadata: { agent: "lin-thompson" },
  });
});
