import { expect, it } from "vitest";
import { unitRewards } from "#icrl/agents/kit/unit-rewards.js";
import { IcrlError } from "#icrl/common/errors.js";

const trial = (min: number | undefined, max: number | undefined) =>
  ({ task: "toy-mdp", reward: { kind: "deterministic", min, max, noiseStd: undefined } }) as const;

it("takes the lower bound to 0 and the upper to 1", () => {
  const { toUnit, min, width } = unitRewards("x", trial(-3, 5));
  expect([toUnit(-3), toUnit(1), toUnit(5), min, width]).toEqual([0, 0.5, 1, -3, 8]);
});

it("takes the only reward there is to 0", () => {
  expect(unitRewards("x", trial(2, 2)).toUnit(2)).toBe(0);
});

it("refuses rewards without bounds, and says whose need they are", () => {
  for (const [min, max] of [
    [undefined, 1],
    [0, undefined],
  ]) {
    expect(() => unitRewards("the-agent", trial(min, max))).toThrow(IcrlError);
    expect(() => unitRewards("the-agent", trial(min, max))).toThrow(/^the-agent does not play "toy-mdp"/);
  }
});
