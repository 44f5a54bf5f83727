/** Live comparison with scipy and rliable: point values of fresh matrices, and intervals of entrants that are resampled apart. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { normalisedScore } from "#icrl/statistics/normalised-score.js";
import { tournamentStatistics } from "#icrl/statistics/tournament-statistics.js";
import { pythonWith } from "../requirements.js";
import { expectPointValues } from "../support/expect-point-values.js";
import { drawTournament, UNIFORM } from "../support/known-strengths.js";
import { type StatisticsFixture, trialsOf } from "../support/statistics-fixture.js";
import { tempDir } from "../support/temp-dir.js";

const python = pythonWith(["rliable", "scipy"]);
const temp = tempDir();
afterAll(() => temp.remove());

function runPython(script: string, ...args: string[]): string {
  const path = join(import.meta.dirname, "../python", script);
  const { status, stdout, stderr } = spawnSync(python as string, [path, ...args], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return stdout;
}

describe.skipIf(python === undefined)("scipy and rliable", () => {
  test("make the committed fixture, whose point values are ours", () => {
    const path = join(temp.path, "fixture.json");
    runPython("make_statistics_fixture.py", path);
    const made = JSON.parse(readFileSync(path, "utf8")) as StatisticsFixture;
    expectPointValues(runAtOnce(tournamentStatistics(trialsOf(made), { resamples: 20, seed: 3n })), made);
    const committed = join(import.meta.dirname, "../fixtures/statistics/small-tournament.json");
    const kept = JSON.parse(readFileSync(committed, "utf8")) as StatisticsFixture;
    expect(made.tasks.map(({ id }) => id)).toEqual(kept.tasks.map(({ id }) => id));
    expectPointValues(runAtOnce(tournamentStatistics(trialsOf(kept), { resamples: 20, seed: 3n })), made);
  });

  test("have the same intervals, within their Monte Carlo error, where entrants are resampled apart", () => {
    // The p-quantile of R resamples has standard error sqrt(p (1 - p) / R) / f, f the density there. Of a normal distribution, at 2.5 %:
    // 2.67 sd / sqrt(R); the interval is 3.92 sd wide, so this is 0.68 / sqrt(R) of the width. With rliable's 4,000 (its Mann-Whitney tests
    // take most of the time) and 20,000 of ours the difference of two ends has 0.68 sqrt(1 / 4,000 + 1 / 20,000) = 0.0118 of the width.
    // Five of these are allowed, as there are some thirty ends. Bands of profiles are not rliable's: they are Wilson intervals.
    const reps = 4000;
    const allowed = 5 * 0.68 * Math.sqrt(1 / reps + 1 / 20_000);
    const tasks = drawTournament([0, 0.4, 1], 3, 24, rngFromSeed(11n));
    const statistics = runAtOnce(tournamentStatistics(tasks, { resamples: 20_000, seed: 5n, paired: false }));
    const names = tasks[0].entrants.map(({ name }) => name);
    const scoresOf = (i: number) =>
      Array.from({ length: 24 }, (_, trial) =>
        tasks.map(({ entrants }) => normalisedScore(entrants[i].regrets[trial], UNIFORM)),
      );
    const scores = Object.fromEntries(names.map((name, i) => [name, scoresOf(i)]));
    const path = join(temp.path, "scores.json");
    writeFileSync(path, JSON.stringify({ scores, reps }));
    const rliable = JSON.parse(runPython("rliable_intervals.py", path)) as Record<string, Record<string, number[][]>>;

    const same = (mine: readonly number[] | null, theirs: readonly number[], what: string) => {
      const width = theirs[1] - theirs[0];
      for (const end of [0, 1]) {
        expect(
          Math.abs((mine?.[end] ?? Number.NaN) - theirs[end]),
          `${what}: ${mine}, rliable ${theirs}`,
        ).toBeLessThanOrEqual(allowed * width + 1e-12);
      }
    };
    for (const { name, score } of statistics.overall.agents) {
      const [mean, median, iqm, gap] = rliable.score[name];
      same(score.mean.ci95, mean, `mean of ${name}`);
      same(score.median.ci95, median, `median of ${name}`);
      same(score.iqm.ci95, iqm, `iqm of ${name}`);
      same(score.optimality_gap.ci95, gap, `optimality gap of ${name}`);
    }
    for (const { a, b, probability_of_improvement } of statistics.overall.pairs) {
      same(probability_of_improvement.ci95, rliable.improvement[`${a},${b}`][0], `${a} against ${b}`);
    }
  });
});
