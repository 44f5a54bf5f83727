import { describe, expect, it } from "vitest";
import { meanAndStandardError, meanAndStandardErrorOfTrials } from "#icrl/common/mean-and-standard-error.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { createCurve } from "#icrl/server/tournaments/curve.js";

describe("a curve", () => {
  it("equals values by hand", () => {
    const curve = createCurve([1, 2]);
    curve.add([1, 10]);
    curve.add([2, 10]);
    curve.add(Float64Array.of(6, 10));
    // By hand: 1, 2, 6 have mean 3, squared deviations 4 + 1 + 9 = 14, se = sqrt(14 / 2 / 3).
    const { step, mean, se } = curve.summary();
    expect(step).toEqual([1, 2]);
    expect(mean).toEqual([3, 10]);
    expect(se[0]).toBeCloseTo(Math.sqrt(14 / 6), 14);
    expect(se[1]).toBe(0);
    expect(curve.trials).toBe(3);
  });

  it("tells some of its points as the summary has them", () => {
    const curve = createCurve([1, 2, 3]);
    expect(curve.pointsAt([2])).toEqual({ step: [3], mean: [Number.NaN], se: [Number.NaN] });
    curve.add([1, 5, 6]);
    curve.add([2, 5, 8]);
    const { step, mean, se } = curve.summary();
    expect(curve.pointsAt([0, 2])).toEqual({ step: [step[0], step[2]], mean: [mean[0], mean[2]], se: [se[0], se[2]] });
    expect(curve.length).toBe(3);
  });

  it("agrees at every step with the mean and standard error of all trials", () => {
    const rng = rngFromSeed(1n);
    const trials = Array.from({ length: 500 }, () => {
      let sum = 1e6;
      return Float64Array.from({ length: 5 }, () => (sum += rng.uniform()));
    });
    const curve = createCurve([1, 2, 3, 4, 5]);
    for (const trial of trials) curve.add(trial);
    const { mean, se } = curve.summary();
    for (let i = 0; i < 5; i++) {
      const direct = meanAndStandardError(trials.map((trial) => trial[i])) as { mean: number; se: number };
      expect(mean[i]).toBeCloseTo(direct.mean, 6);
      expect(se[i] / direct.se).toBeCloseTo(1, 8);
    }
  });

  it("of trials that share instances has the error of a mean over these, after every trial", () => {
    const rng = rngFromSeed(2n);
    const luck = Array.from({ length: 3 }, () => rng.normal()); // of the instance: what its trials have in common
    const curve = createCurve([1, 2], 3);
    const values: number[] = [];
    for (let t = 0; t < 11; t++) {
      values.push(100 + luck[t % 3] + 0.1 * rng.normal());
      curve.add([1, values[t]]);
      const direct = meanAndStandardErrorOfTrials(values, (i) => i % 3);
      const { mean, se } = curve.pointsAt([1]);
      expect(mean[0]).toBeCloseTo(direct.mean as number, 9);
      if (t === 0) expect([direct.se, se[0]]).toEqual([null, Number.NaN]);
      else expect(se[0] / (direct.se as number)).toBeCloseTo(1, 8);
    }
    expect(curve.summary().se[0]).toBe(0); // all alike
    const alone = createCurve([1], 1);
    for (const value of [1, 2, 6]) alone.add([value]);
    expect(alone.summary()).toEqual({ step: [1], mean: [3], se: [Number.NaN] }); // one instance tells of no other
  });

  it("depends only on the trials and their order: a reused array is copied, a summary is not the end", () => {
    const reused = Float64Array.of(1);
    const curve = createCurve([1]);
    curve.add(reused);
    const first = curve.summary();
    reused[0] = 3;
    curve.add(reused);
    expect(first).toEqual({ step: [1], mean: [1], se: [Number.NaN] }); // one trial does not tell its error
    expect(curve.summary()).toEqual({ step: [1], mean: [2], se: [1] }); // by hand: sqrt(2 / 1 / 2)
  });

  it("of no trials is not a number, and refuses a trial of another length", () => {
    const curve = createCurve([1, 2]);
    expect(curve.summary()).toEqual({ step: [1, 2], mean: [Number.NaN, Number.NaN], se: [Number.NaN, Number.NaN] });
    expect(() => curve.add([1])).toThrow("a trial of 1 values on a curve of 2 steps");
    expect(curve.trials).toBe(0);
  });
});
