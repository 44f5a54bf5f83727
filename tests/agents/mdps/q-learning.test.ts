import { expect, it } from "vitest";
import { qLearning } from "#icrl/agents/mdps/q-learning.js";
import { createPolicy } from "#icrl/bench/play-trial.js";
import type { Trial } from "#icrl/clients/typescript/define-agent.js";

const trial: Trial = {
  task: "toy-mdp",
  taskOptions: {},
  kinds: ["tabular-mdp"],
  numActions: 2,
  numStates: 2,
  dim: 0,
  arms: undefined,
  horizon: 2,
  episodes: 10,
  reward: { kind: "gaussian", min: undefined, max: undefined, noiseStd: 1 },
};
const came = { episode: 0, arms: undefined, truncated: false };

/** The greedy choice is the only one when epsilon is 0: shows which of two values is larger. */
function greedy(
  learn: (observe: (step: number, state: number, action: number, reward: number, next: number) => void) => void,
) {
  const policy = createPolicy(qLearning, trial, { epsilon: 0 }, 1n);
  learn((step, state, action, reward, nextState) =>
    policy.observe?.({ ...came, step, state, action, reward, nextState, terminated: step === 1 }),
  );
  return (step: number, state: number) => [policy.act({ ...came, step, state }), policy.propensity];
}

it("values a step by what the best action after it is worth", () => {
  // by hand: Q_1(1, 0) = 1; then Q_0(0, 0) = 0 + 1 = 1 at its first visit (rate 1), above Q_0(0, 1) = 0.9
  const choice = greedy((observe) => {
    observe(1, 1, 0, 1, 0);
    observe(0, 0, 1, 0.9, 0);
    observe(0, 0, 0, 0, 1);
  });
  expect(choice(0, 0)).toEqual([0, 1]);
  expect(choice(1, 0)[1]).toBe(1 / 2); // never visited: a tie
});

it("expects nothing after a state that ended the episode early", () => {
  const policy = createPolicy(qLearning, trial, { epsilon: 0 }, 3n);
  policy.observe?.({ ...came, step: 1, state: 1, action: 0, reward: 5, nextState: 0, terminated: true });
  policy.observe?.({ ...came, step: 0, state: 0, action: 0, reward: 1, nextState: 1, terminated: true });
  policy.observe?.({ ...came, step: 0, state: 0, action: 1, reward: 2, nextState: 0, terminated: true });
  expect(policy.act({ ...came, step: 0, state: 0 })).toBe(1); // not 1 + 5 for action 0
});

it("averages with rate (H + 1) / (H + n)", () => {
  // by hand, H = 2: rewards 0 then 1 give 3/4 * 1 = 0.75, so 0.74 is less and 0.76 is more
  const against = (rival: number) =>
    greedy((observe) => {
      observe(1, 0, 0, 0, 0);
      observe(1, 0, 0, 1, 0);
      observe(1, 0, 1, rival, 0);
    })(1, 0)[0];
  expect(against(0.74)).toBe(0);
  expect(against(0.76)).toBe(1);
});

it("explores with probability epsilon and gives exact propensities", () => {
  const policy = createPolicy(qLearning, trial, { epsilon: 0.3 }, 2n);
  policy.observe?.({ ...came, step: 1, state: 0, action: 1, reward: 1, nextState: 0, terminated: true });
  let greedyCount = 0;
  for (let n = 0; n < 10_000; n++) {
    const action = policy.act({ ...came, step: 1, state: 0 });
    expect(policy.propensity).toBeCloseTo(action === 1 ? 0.85 : 0.15, 12); // 0.7 + 0.3 / 2, 0.3 / 2
    greedyCount += action;
  }
  expect(Math.abs(greedyCount - 8500)).toBeLessThan(5 * Math.sqrt(10_000 * 0.85 * 0.15));
});
