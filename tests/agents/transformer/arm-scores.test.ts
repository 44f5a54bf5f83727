import { expect, test } from "vitest";
import { armTerms, armWeightCount, armWeightGradient, scoreArms } from "#icrl/agents/transformer/arm-scores.js";
import { rngFromSeed } from "#icrl/common/rng.js";

test("a score is linear in the features and in their products", () => {
  const weights = [9, 9, 2, 3, 5, 7, 11]; // the first two are somebody else's
  const arms = [9, 1, 2, -1, 3];
  const scores = new Float64Array(4);
  scoreArms(scores, 1, 2, weights, 2, arms, 1, 2);
  // by hand: 2 x + 3 y + 5 x x + 7 x y + 11 y y at (1, 2) and (-1, 3)
  expect([...scores]).toEqual([0, 2 + 6 + 5 + 14 + 44, -2 + 9 + 5 - 21 + 99, 0]);
});

test.each([1, 2, 5])("scores of arms of %i features are products of their terms with the weights", (d) => {
  const rng = rngFromSeed(1n);
  const count = armWeightCount(d);
  const weights = Float32Array.from({ length: count }, () => rng.normal());
  const arms = Float32Array.from({ length: 4 * d }, () => rng.normal());
  const scores = new Float64Array(4);
  scoreArms(scores, 0, 4, weights, 0, arms, 0, d);
  const terms = armTerms(arms, d);
  expect(terms.length).toBe(4 * count);
  for (let a = 0; a < 4; a += 1) {
    const product = weights.reduce((sum, weight, k) => sum + weight * terms[a * count + k], 0);
    expect(scores[a]).toBeCloseTo(product, 5);
  }
  // Scores are linear in the weights: their gradient is the terms' sum, weighted as the scores are.
  const of = [0.5, -1, 2, 0.25];
  const gradient = new Float32Array(count + 2).fill(7);
  armWeightGradient(gradient, 1, 4, of, 0, arms, 0, d);
  for (let k = 0; k < count; k += 1) {
    expect(gradient[k + 1]).toBeCloseTo(
      of.reduce((sum, g, a) => sum + g * terms[a * count + k], 0),
      5,
    );
  }
  expect([gradient[0], gradient[count + 1]]).toEqual([7, 7]);
});
