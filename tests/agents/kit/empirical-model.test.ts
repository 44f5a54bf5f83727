import { describe, expect, it } from "vitest";
import { EmpiricalModel } from "#icrl/agents/kit/empirical-model.js";
import type { Outcome } from "#icrl/clients/typescript/define-agent.js";
import { rngFromSeed } from "#icrl/common/rng.js";

const S = 7;
const A = 3;
const H = 4;
const SHAPE = { numStates: S, numActions: A, horizon: H };

const outcome = (
  step: number,
  state: number,
  action: number,
  nextState: number,
  terminated = step === H - 1,
): Outcome => ({
  ...{ episode: 0, step, state, action, nextState, terminated },
  ...{ arms: undefined, reward: Number.NaN, truncated: false },
});

describe("EmpiricalModel", () => {
  for (const stageDependent of [false, true]) {
    it(`agrees with dense tables, ${stageDependent ? "one a stage" : "one for all stages"}`, () => {
      const rng = rngFromSeed(41n);
      const model = new EmpiricalModel(SHAPE, stageDependent);
      const pairs = (stageDependent ? H : 1) * S * A;
      const counts = new Float64Array(pairs * S);
      const rewards = new Float64Array(pairs);
      for (let n = 0; n < 400; n++) {
        const [step, state, action, nextState] = [rng.integer(H), rng.integer(S), rng.integer(A), rng.integer(S)];
        model.learn(outcome(step, state, action, nextState), n);
        const pair = (stageDependent ? step * S * A : 0) + state * A + action;
        expect(model.pairAt(step, state, action)).toBe(pair);
        counts[pair * S + nextState] += 1;
        rewards[pair] += n;
      }
      const f = Float64Array.from({ length: S }, () => rng.normal());
      const copied = new Float64Array(pairs * S).fill(1);
      for (let pair = 0; pair < pairs; pair++) {
        const row = counts.subarray(pair * S, (pair + 1) * S);
        // In the order of the states, so equal to the last bit.
        expect(model.sum(pair, f)).toBe(row.reduce((sum, n, s) => sum + n * f[s], 0));
        expect(model.sumOfSquares(pair, f, 0.3)).toBe(
          row.reduce((sum, n, s) => sum + n * ((f[s] - 0.3) * (f[s] - 0.3)), 0),
        );
        expect(model.visits[pair]).toBe(row.reduce((sum, n) => sum + n, 0));
        model.addCounts(pair, copied, pair * S);
      }
      expect(copied).toEqual(counts.map((n) => n + 1));
      expect(model.rewardSums).toEqual(rewards);
      expect(Array.from(model.ends)).toEqual(new Array(S).fill(0));
    });
  }

  it("gives the same sums whatever the order in which successors came", () => {
    const f = Float64Array.of(0.1, 0.7, 1e9, -3.3, 1e-7, 0.2, 0.3);
    const sumAfter = (successors: number[]) => {
      const model = new EmpiricalModel(SHAPE);
      for (const next of successors) model.learn(outcome(0, 2, 1, next), 0);
      return model.sum(model.pairAt(0, 2, 1), f);
    };
    expect(sumAfter([6, 0, 3, 2, 5, 1, 4])).toBe(sumAfter([0, 1, 2, 3, 4, 5, 6]));
  });

  it("knows the states in which an episode ended before its horizon, and only those", () => {
    const model = new EmpiricalModel(SHAPE);
    model.learn(outcome(H - 1, 0, 0, 1), 0);
    model.learn(outcome(1, 0, 0, 2, true), 0);
    model.learn(outcome(1, 0, 0, 3), 0);
    expect(Array.from(model.ends)).toEqual([0, 0, 1, 0, 0, 0, 0]);
  });
});
