import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { icrl } from "../e2e/run-icrl.js";
import { makeDataset } from "../support/dataset.js";
import { BANDITS } from "../support/ratio-bandits.js";
import { tempDir } from "../support/temp-dir.js";

const temporary = tempDir();
const dir = join(temporary.path, "set");

beforeAll(async () => {
  await makeDataset(dir, BANDITS, { labels: [] });
});
afterAll(() => temporary.remove());

const ratio = (folder: string, ...flags: string[]) => icrl("dataset", "ratio", folder, ...flags);

test("--json tells the ratio of every task at every horizon, and what is known of the behaviours; again the same", async () => {
  const flags = ["--expert", "thompson", "--particles", "300", "--seed", "7", "--json"];
  const { code, stdout, stderr } = await ratio(dir, ...flags);
  expect(code).toBe(0);
  expect(stderr).toContain("14,400 of 14,400 steps"); // by hand: 3 populations of 300, 4 and 12 steps
  const { seconds, ...report } = JSON.parse(stdout);
  expect(seconds).toBeGreaterThan(0);
  expect(report).toMatchObject({
    expert: { agent: "thompson", agent_version: "1" },
    seed: "7",
    populations: 3,
    particles: 300,
    notes: [],
  });
  const [short, long] = report.tasks;
  expect(short.horizons.map(({ horizon }: { horizon: number }) => horizon)).toEqual([1, 2, 4]);
  expect(long).toMatchObject({ id: "long", task: "bernoulli-bandit", steps: 12 });
  const [coin, sampler] = long.behaviours;
  expect(coin).toMatchObject({ name: "coin", agent: "uniform", weight: 0.75, episodes_without_propensities: 0 });
  expect(coin.recorded.steps).toBe(12 * coin.trials);
  expect(coin.recorded.max_difference).toBeLessThan(1e-7); // float32
  expect(sampler).toMatchObject({ name: "sampler", weight: 0.25, episodes_without_propensities: sampler.episodes });
  expect(sampler.recorded ?? null).toBe(null);
  // By hand: at the first step both are uniform. Lin, Bai & Mei (2023): R <= 1 / alpha = 4, and it grows with the horizon.
  expect(long.horizons[0].log_ratio).toBeCloseTo(0, 9);
  const ratios = long.horizons.map((point: { ratio: number }) => point.ratio);
  expect(ratios.slice(1).every((r: number, i: number) => r > ratios[i])).toBe(true);
  expect(ratios.at(-1)).toBeLessThan(4);
  for (const { log_ratio, ratio: r, infinite, ess, ancestors, unreliable } of long.horizons) {
    expect(Math.log(r)).toBeCloseTo(log_ratio, 12);
    expect([infinite, unreliable]).toEqual([false, false]);
    expect(ess).toBeLessThanOrEqual(900.001);
    expect(ancestors).toBeLessThanOrEqual(900);
  }
  const again = JSON.parse((await ratio(dir, ...flags)).stdout);
  expect({ ...again, seconds: 0 }).toEqual({ ...report, seconds: 0 });
});
