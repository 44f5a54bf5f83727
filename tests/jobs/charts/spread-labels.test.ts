import { describe, expect, it } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { spreadLabels } from "#icrl/jobs/charts/spread-labels.js";

describe("labels in a column", () => {
  it("stay where they want to be when there is room", () => {
    expect(spreadLabels([50, 10, 90], 15, 0, 100)).toEqual([50, 10, 90]);
    expect(spreadLabels([], 15, 0, 100)).toEqual([]);
  });

  it("move apart around their mean, in their order", () => {
    // By hand: three that want 50 get 40, 50, 60; two more that want 62 join, and all five centre on 54.8.
    expect(spreadLabels([50, 50, 50], 10, 0, 100)).toEqual([40, 50, 60]);
    expect(spreadLabels([62, 50, 50, 50, 62], 10, 0, 100).map((y) => Math.round(10 * y) / 10)).toEqual([
      64.8, 34.8, 44.8, 54.8, 74.8,
    ]);
  });

  it("stay inside, also when they want to be far outside, as long as they fit", () => {
    expect(spreadLabels([-2000, -1, 3], 10, 5, 100)).toEqual([5, 15, 25]);
    expect(spreadLabels([200, 95], 10, 5, 100)).toEqual([100, 90]);
    expect(spreadLabels([1, 1, 1], 10, 0, 15)).toEqual([0, 10, 20]); // too many: they go on below
  });

  it("keep order and gap for any input", () => {
    const rng = rngFromSeed(1n);
    for (let k = 0; k < 200; k++) {
      const wanted = Array.from({ length: 1 + rng.integer(12) }, () => 260 * rng.uniform() - 30);
      const positions = spreadLabels(wanted, 15, 7, 223);
      const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
      for (let i = 1; i < order.length; i++) {
        expect(positions[order[i]] - positions[order[i - 1]]).toBeGreaterThan(15 - 1e-9);
      }
      expect(Math.min(...positions)).toBeGreaterThanOrEqual(7);
      expect(Math.max(...positions)).toBeLessThanOrEqual(223 + 1e-9);
    }
  });
});
