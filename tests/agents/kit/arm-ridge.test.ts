import { expect, it } from "vitest";
import { armRidge, loopedArmRidge } from "#icrl/agents/kit/arm-ridge.js";
import { rngFromSeed } from "#icrl/common/rng.js";

for (const [dim, numArms] of [
  [1, 2],
  [2, 3],
  [3, 1],
  [5, 10],
  [8, 20],
]) {
  it(`the written-out kernel equals the looped one to the last bit for d = ${dim}, A = ${numArms}`, () => {
    const rng = rngFromSeed(3n);
    const arms = Float32Array.from({ length: numArms * dim }, () => 2 * rng.uniform() - 1);
    const written = armRidge(dim, numArms);
    const looped = loopedArmRidge(dim, numArms);
    expect(String(written.learn)).not.toBe(String(looped.learn)); // it was generated
    const a = written.start(arms, 0.7);
    const b = looped.start(arms, 0.7);
    for (let n = 0; n < 300; n++) {
      const arm = rng.integer(numArms);
      const reward = rng.normal();
      const choice = written.learn(a, arm, reward, 1.3);
      expect(looped.learn(b, arm, reward, 1.3)).toBe(choice);
      expect(written.optimistic(a, 1.3)).toBe(choice);
    }
    expect(a).toEqual(b);
  });
}

it("estimates and widths are those of the normal equations by hand", () => {
  const kernel = armRidge(2, 2);
  const state = kernel.start(Float32Array.of(1, 0, 1, 2), 1);
  kernel.learn(state, 1, 3, 0);
  // by hand: V = [[2, 2], [2, 5]], V^-1 = [[5, -2], [-2, 2]] / 6, b = (3, 6), theta = (1/2, 1)
  // records of x, q, m: arm 0 = (1, 0), 5/6, 1/2; arm 1 = (1, 2), 5/6, 5/2
  const expected = [5 / 6, -1 / 3, 1 / 3, 1, 0, 5 / 6, 1 / 2, 1, 2, 5 / 6, 5 / 2];
  expect(state.length).toBe(expected.length);
  expected.forEach((value, i) => expect(state[i]).toBeCloseTo(value, 12));
});

it("states of one shape do not overlap and begin without memory", () => {
  const kernel = armRidge(2, 2);
  const arms = Float32Array.of(1, 0, 0, 1);
  const states = Array.from({ length: 1000 }, () => kernel.start(arms, 2));
  const fresh = Float64Array.from(states[0]);
  for (const state of states) {
    expect(state).toEqual(fresh);
    kernel.learn(state, 0, 1, 1);
  }
});

it("shapes too large to be written out are looped", () => {
  expect(String(armRidge(64, 1024).learn)).toBe(String(loopedArmRidge(64, 1024).learn));
});
