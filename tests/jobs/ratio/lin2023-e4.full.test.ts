import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { icrl, ROOT } from "../../e2e/run-icrl.js";
import { tempDir } from "../../support/temp-dir.js";

const temporary = tempDir();
afterAll(() => temporary.remove());

/**
 * Log R of Thompson sampling to the mixtures of experiment E4: Lin, Bai & Mei (2023) have the experiment, and R <= 1 / alpha. The figures are
 * recomputed ones (exact Thompson probabilities, sequential Monte Carlo, 3 x 10,000 particles) with their tolerance; here there
 * are fewer particles: the standard error of the rows with a mixture is 0.015.
 */
const ROWS: readonly (readonly [
  alpha: string,
  particles: number,
  rows: readonly (readonly [number, number, number])[],
])[] = [
  [
    "0",
    3000,
    [
      [10, 4.67, 0.1],
      [30, 32.5, 0.5],
      [200, 304.1, 2],
    ],
  ],
  ["0.1", 1000, [[200, Math.log(10), 0.06]]],
  ["0.5", 1000, [[200, Math.log(2), 0.06]]],
];

test.each(ROWS)("E4 with alpha = %s has its reference rows", async (alpha, particles, rows) => {
  const dir = join(temporary.path, alpha);
  mkdirSync(dir);
  const spec = readFileSync(join(ROOT, `experiments/lin2023/e4/dataset-alpha-${alpha}.yaml`), "utf8");
  writeFileSync(join(dir, "spec.yaml"), spec);
  const out = join(dir, "set");
  expect((await icrl("dataset", "collect", join(dir, "spec.yaml"), "--trials", "100", "--out", out)).code).toBe(0);
  const flags = ["--particles", String(particles), "--horizons", rows.map(([horizon]) => horizon).join()];
  const { stdout } = await icrl("dataset", "ratio", out, "--expert", "thompson", ...flags, "--json");
  const [{ horizons }] = JSON.parse(stdout).tasks;
  for (const [i, [horizon, logRatio, tolerance]] of rows.entries()) {
    expect(horizons[i].horizon).toBe(horizon);
    expect(Math.abs(horizons[i].log_ratio - logRatio), `T = ${horizon}: ${horizons[i].log_ratio}`).toBeLessThan(
      tolerance,
    );
  }
});
