import { Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { createHistogram } from "#icrl/server/metrics/histogram.js";

test("a fast histogram says, byte for byte, what prom-client's own says of the same observations", async () => {
  const bounds = [0.001, 0.01, 0.1, 1];
  const [ours, theirs] = [new Registry(), new Registry()];
  const fast = createHistogram(ours, "icrl_some_seconds", "Some time", bounds);
  const own = new Histogram({ name: "icrl_some_seconds", help: "Some time", buckets: bounds, registers: [theirs] });
  expect(await ours.metrics()).toBe(await theirs.metrics()); // of nothing
  const rng = rngFromSeed(1n);
  // Bounds themselves, what lies beyond them, and a thousand between 10^-5 and 10^2.
  const values = [...bounds, 0, 1e9, ...Array.from({ length: 1000 }, () => 10 ** (7 * rng.uniform() - 5))];
  for (const value of values) {
    fast.observe(value);
    own.observe(value);
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
});
