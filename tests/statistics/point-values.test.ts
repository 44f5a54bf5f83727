/** Point values against scipy and rliable: tests/fixtures/statistics/small-tournament.json, whose head says which versions. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runAtOnce } from "#icrl/common/slices.js";
import { tournamentStatistics } from "#icrl/statistics/tournament-statistics.js";
import { expectPointValues } from "../support/expect-point-values.js";
import { type StatisticsFixture, trialsOf } from "../support/statistics-fixture.js";

const path = join(import.meta.dirname, "../fixtures/statistics/small-tournament.json");
const fixture = JSON.parse(readFileSync(path, "utf8")) as StatisticsFixture;

test.each([true, false])("point values are those of scipy and rliable, paired %s", (paired) => {
  expectPointValues(runAtOnce(tournamentStatistics(trialsOf(fixture), { resamples: 50, seed: 1n, paired })), fixture);
});

test("a fixture with one number changed is told apart", () => {
  const statistics = runAtOnce(tournamentStatistics(trialsOf(fixture), { resamples: 10, seed: 1n }));
  const agents = fixture.overall.agents.map(({ score, ...rest }) => ({
    ...rest,
    score: { ...score, iqm: score.iqm + 1e-8 },
  }));
  const changed = { ...fixture, overall: { ...fixture.overall, agents } };
  expect(() => expectPointValues(statistics, changed)).toThrow("iqm of the score of ucb");
});
