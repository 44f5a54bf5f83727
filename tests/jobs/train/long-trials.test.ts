import { expect, test } from "vitest";
import { cropOf, playContext } from "#icrl/jobs/train/long-trials.js";
import { SMALL_TOKENS, smallModel } from "../../support/transformer.js";

const bounded = smallModel(); // 8 tokens
const unbounded = smallModel({ positions: "alibi", window: 4 });
const turning = smallModel({ positions: "rotary", window: 4 });
const alibiAlone = smallModel({ positions: "alibi" });

test("pieces are learned from where the file says so; unless it says anything, where the model plays trials of any length", () => {
  const crops = [bounded, unbounded, turning, alibiAlone].map((model) => cropOf({ crop: "auto" }, model));
  expect(crops).toEqual(["prefix", "random", "random", "prefix"]);
  for (const crop of ["prefix", "random"] as const) {
    for (const model of [bounded, unbounded]) expect(cropOf({ crop }, model)).toBe(crop);
  }
});

test("a trial that does not fit is played with the last tokens where pieces were learned from, and else cannot be", () => {
  expect(playContext(bounded, "prefix", 8)).toBe(0);
  expect(playContext(bounded, "random", 8)).toBe(0);
  expect(playContext(bounded, "random", 9)).toBe(8);
  expect(playContext(bounded, "prefix", 9)).toBeUndefined();
  expect(playContext(unbounded, "prefix", 1000)).toBe(0);
  // Of two tokens a step the last one, an outcome, is not read.
  const two = smallModel({}, { ...SMALL_TOKENS, layout: "lin2023" });
  expect(playContext(two, "prefix", 9)).toBe(0);
  expect(playContext(two, "prefix", 10)).toBeUndefined();
});
