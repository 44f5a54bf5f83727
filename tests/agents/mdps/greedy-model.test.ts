import { describe, expect, it } from "vitest";
import { greedyModel } from "#icrl/agents/mdps/greedy-model.js";
import type { Outcome } from "#icrl/clients/typescript/define-agent.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { createPolicy } from "../../support/create-policy.js";
import { came, rewardsOf, toyTrial } from "./toy-mdp.js";

const S = 3;
const A = 2;
const H = 4;
const K = 40;

/** Q_h(s, a) straight from the definitions, by recursion over what was seen. */
function definedQ(seen: readonly Outcome[], priorMean: number, priorCount: number) {
  const states = Array.from({ length: S }, (_, s) => s);
  const known = new Map<string, number>();
  const value = (h: number, s: number): number => {
    if (h === H) return 0;
    const found = known.get(`${h},${s}`) ?? Math.max(q(h, s, 0), q(h, s, 1));
    known.set(`${h},${s}`, found);
    return found;
  };
  const q = (h: number, s: number, a: number): number => {
    const visits = seen.filter(({ state, action }) => state === s && action === a);
    const n = visits.length;
    const reward = visits.reduce((sum, x) => sum + x.reward, priorMean) / (1 + n);
    return states.reduce((sum, next) => {
      const count = visits.filter(({ nextState }) => nextState === next).length;
      const p = n + priorCount === 0 ? 1 / S : (priorCount + count) / (S * priorCount + n);
      return sum + p * value(h + 1, next);
    }, reward);
  };
  return q;
}

describe("greedy-model", () => {
  for (const [prior_mean, prior_count] of [
    [0, 1],
    [0.7, 2.5],
    [0.2, 0],
  ]) {
    it(`plays a largest Q on posterior means: prior_mean ${prior_mean}, prior_count ${prior_count}`, () => {
      const trial = toyTrial({ numStates: S, horizon: H, episodes: K, reward: rewardsOf("gaussian") });
      const policy = createPolicy(greedyModel, trial, { prior_mean, prior_count }, 1n);
      const rng = rngFromSeed(33n);
      const seen: Outcome[] = [];
      const law = new Float64Array(A);
      let unique = 0;
      for (let episode = 0; episode < K; episode++) {
        const q = definedQ([...seen], prior_mean, prior_count); // planned once, before the episode
        for (let step = 0; step < H; step++) {
          const turn = { state: rng.integer(S), episode, step, arms: undefined };
          policy.probabilities?.(turn, law);
          const choice = policy.act(turn);
          const values = [q(step, turn.state, 0), q(step, turn.state, 1)];
          const best = Math.max(...values);
          expect(values[choice], `episode ${episode}, step ${step}`).toBeCloseTo(best, 10);
          const ties = values.filter((v) => Math.abs(v - best) < 1e-10).length;
          expect(policy.propensity).toBe(1 / ties);
          expect(law[choice]).toBe(1 / ties);
          if (ties === 1) unique += 1;
          const x = came(step, turn.state, rng.integer(A), rng.normal(), rng.integer(S), step === H - 1);
          seen.push(x);
          policy.observe?.(x);
        }
      }
      expect(unique).toBeGreaterThan(50); // the comparison is not one of ties
    });
  }

  it("expects nothing after a state that ended an episode early", () => {
    const policy = createPolicy(greedyModel, toyTrial({ horizon: 3 }), { prior_count: 0 }, 3n);
    policy.observe?.(came(2, 1, 0, 0.9, 1, true));
    policy.observe?.(came(0, 0, 1, 0.1, 1, true));
    policy.observe?.(came(0, 0, 0, 0.2, 0));
    expect(policy.act({ state: 0, episode: 2, step: 0, arms: undefined })).toBe(0);
    expect(policy.propensity).toBe(1);
  });
});
