import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { createKernels, LANES } from "#icrl/statistics/kernels.js";

/** Fills an array with values in [0, 1). */
function fill(array: Float64Array, seed: bigint): Float64Array {
  const rng = rngFromSeed(seed);
  for (let i = 0; i < array.length; i++) array[i] = rng.uniform();
  return array;
}

// From one value to more than a page of memory.
test.each([1, 2, 7, 5000])("the loops over %s values give what plain loops give, to the last bit", (n) => {
  const kernels = createKernels();
  const rng = rngFromSeed(1n);
  const counts = fill(kernels.floats(LANES * n), 2n);
  const values = fill(kernels.floats(n), 3n);
  const cumulated = fill(kernels.floats(LANES * (n + 1)), 4n);
  const places = kernels.integers(n);
  for (let i = 0; i < n; i++) places[i] = LANES * rng.integer(n);
  const into = kernels.floats(LANES);
  const below = kernels.floats(LANES * (n + 1));
  const sums = kernels.floats(LANES * (n + 1));

  const expected = { sums: new Float64Array(LANES), products: new Float64Array(LANES) };
  const expectedBelow = new Float64Array(LANES * (n + 1));
  const expectedSums = new Float64Array(LANES * (n + 1));
  for (let i = 0; i < n; i++) {
    for (let lane = 0; lane < LANES; lane++) {
      const next = LANES * (i + 1) + lane;
      expected.sums[lane] += counts[LANES * i + lane] * values[i];
      expected.products[lane] += counts[LANES * i + lane] * cumulated[places[i] + lane];
      expectedBelow[next] = expectedBelow[next - LANES] + counts[places[i] + lane];
      expectedSums[next] = expectedSums[next - LANES] + counts[places[i] + lane] * values[i];
    }
  }
  kernels.sums(values, counts, into);
  expect([...into]).toEqual([...expected.sums]);
  kernels.products(places, counts, cumulated, into);
  expect([...into]).toEqual([...expected.products]);
  kernels.cumulate(places, values, counts, below, sums);
  expect([...below]).toEqual([...expectedBelow]);
  expect([...sums]).toEqual([...expectedSums]);
});

test("arrays keep their values while memory grows, and are zeros again after release", () => {
  const kernels = createKernels();
  const first = fill(kernels.floats(10), 1n);
  const copy = [...first];
  const large = kernels.floats(1_000_000).fill(7);
  expect([...first]).toEqual(copy);
  kernels.release();
  expect([...kernels.floats(10)]).toEqual(Array(10).fill(0));
  expect(large).toHaveLength(1_000_000);
});
