import { expect, it } from "vitest";
import { greedyByPlan } from "#icrl/agents/kit/greedy-by-plan.js";
import type { Trial } from "#icrl/clients/typescript/define-agent.js";
import { rngFromSeed } from "#icrl/common/rng.js";

const trial: Trial = {
  task: "toy-mdp",
  taskOptions: {},
  kinds: ["tabular-mdp"],
  numActions: 3,
  numStates: 2,
  dim: 0,
  arms: undefined,
  horizon: 2,
  episodes: 10,
  reward: { kind: "deterministic", min: 0, max: 1, noiseStd: undefined },
};
const turn = (episode: number, step: number, state: number) => ({ arms: undefined, episode, step, state });

it("plans once an episode, at its first turn, and begins anew each time", () => {
  const log: string[] = [];
  const policy = greedyByPlan(
    trial,
    (stage, state, action) => {
      log.push(`${stage}${state}${action}`);
      return 0;
    },
    rngFromSeed(1n),
    () => log.push("begin"),
  );
  const target = new Float64Array(3);
  policy.probabilities(turn(0, 0, 0), target);
  policy.act(turn(0, 0, 0));
  policy.probabilities(turn(0, 1, 1), target);
  policy.act(turn(0, 1, 1));
  // by hand: last stage first, then states, then actions
  const plan = ["begin", "100", "101", "102", "110", "111", "112", "000", "001", "002", "010", "011", "012"];
  expect(log).toEqual(plan);
  policy.act(turn(1, 0, 0));
  expect(log).toEqual([...plan, ...plan]);
});

it("plays the largest value of its state and stage, ties at random with exact chances", () => {
  // Q_1(0, .) = 0 1 1, Q_1(1, .) = 2 0 0, and action a of stage 0 goes to state a = 0 or 1, for a reward of 1 less in state 1; 2 loses
  const q = [0, 1, 1, 2, 0, 0];
  const policy = greedyByPlan(
    trial,
    (stage, state, action, next) => (stage === 1 ? q[state * 3 + action] : action === 2 ? -1 : next[action] - action),
    rngFromSeed(2n),
  );
  const law = (step: number, state: number) => {
    const target = new Float64Array(3);
    policy.probabilities(turn(0, step, state), target);
    return Array.from(target);
  };
  expect(law(0, 0)).toEqual([0.5, 0.5, 0]);
  expect(law(1, 0)).toEqual([0, 0.5, 0.5]);
  expect(law(1, 1)).toEqual([1, 0, 0]);
  expect(policy.act(turn(0, 1, 1))).toBe(0);
  expect(policy.propensity).toBe(1);
  const counts = [0, 0, 0];
  for (let n = 0; n < 1000; n++) counts[policy.act(turn(0, 1, 0))] += 1;
  expect(policy.propensity).toBe(1 / 2);
  expect(counts[0]).toBe(0);
  expect(Math.abs(counts[1] - 500)).toBeLessThan(5 * Math.sqrt(250));
});
