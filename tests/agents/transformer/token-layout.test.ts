import { expect, test } from "vitest";
import {
  requireFits,
  type TokenConfig,
  tokenSize,
  tokensPerStep,
  writeOutcome,
  writeSituation,
} from "#icrl/agents/transformer/token-layout.js";

const CONFIG: TokenConfig = {
  layout: "step",
  maxActions: 3,
  numStates: 4,
  dim: 2,
  horizon: 8,
  rewardMean: 1,
  rewardStd: 2,
};

test("a token has its features where the table says", () => {
  // by hand: 3 x 2 arms, 4 states, step, start | 3 actions, reward, there, terminated, truncated
  expect(tokenSize(CONFIG)).toBe(6 + 4 + 2 + 3 + 4);
  const token = new Float32Array(21).fill(0, 1);
  writeSituation(token, 1, CONFIG, { arms: Float32Array.of(0.5, 1, 1.5, 2, 2.5, 3), state: 2, step: 6 });
  writeOutcome(token, 1, CONFIG, { action: 1, reward: 5, terminated: true, truncated: false });
  const situation = [0.5, 1, 1.5, 2, 2.5, 3, 0, 0, 1, 0, 0.75, 0];
  // (5 - 1) / 2 = 2
  expect([...token]).toEqual([0, ...situation, 0, 1, 0, 2, 1, 1, 0, 0]);
});

test("the first step of an episode says so, and a cut is no end", () => {
  const token = new Float32Array(19);
  writeSituation(token, 0, CONFIG, { arms: undefined, state: 0, step: 0 });
  writeOutcome(token, 0, CONFIG, { action: 2, reward: 0, terminated: false, truncated: true });
  expect([...token]).toEqual([0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, -0.5, 1, 0, 1]);
});

test("one state is no feature, arms of fewer rows leave zeros, and arms that the tokens lack are left out", () => {
  const bandit = { ...CONFIG, numStates: 1 };
  expect(tokenSize(bandit)).toBe(6 + 2 + 3 + 4);
  const token = new Float32Array(15);
  writeSituation(token, 0, bandit, { arms: Float32Array.of(1, 2), state: 0, step: 4 });
  expect([...token]).toEqual([1, 2, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0, 0, 0, 0]);
  const armless = { ...bandit, dim: 0 };
  const short = new Float32Array(tokenSize(armless));
  writeSituation(short, 0, armless, { arms: Float32Array.of(1, 2), state: 0, step: 4 });
  expect([...short]).toEqual([0.5, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test("layout chosen-arm has the features of the arm that was taken, and those times the reward, whatever the arms' number", () => {
  const config: TokenConfig = { ...CONFIG, layout: "chosen-arm", numStates: 1 };
  // step, start | 2 features, 2 features times the reward, reward, there, terminated, truncated
  expect(tokenSize(config)).toBe(2 + 2 + 2 + 4);
  const token = new Float32Array(10);
  const arms = Float32Array.of(0.5, 1, 1.5, -2, 2.5, 3, 4, 5);
  writeSituation(token, 0, config, { arms, state: 0, step: 4 });
  writeOutcome(token, 0, config, { action: 1, arms, reward: 5, terminated: false, truncated: false });
  expect([...token]).toEqual([0.5, 0, 1.5, -2, 3, -4, 2, 1, 0, 0]);
  const shape = { task: "some-task", numActions: 100, numStates: 1, dim: 2 };
  requireFits(config, shape);
  for (const dim of [0, 3]) expect(() => requireFits(config, { ...shape, dim })).toThrow("features an arm");
});

test("layout transition has where an outcome was decided and where it led, and nothing of states where there is one", () => {
  const config: TokenConfig = { ...CONFIG, layout: "transition", dim: 0 };
  const outcome = { action: 1, reward: 5, terminated: false, truncated: false };
  // 4 states, step, start | 4 states, step, 3 actions, reward, there, terminated, truncated, 4 states
  expect(tokenSize(config)).toBe(6 + 5 + 3 + 4 + 4);
  const token = new Float32Array(22);
  writeOutcome(token, 0, config, { ...outcome, state: 2, step: 6, nextState: 3 });
  const end = [0.75, 0, 1, 0, 2, 1, 0, 0, 0, 0, 0, 1]; // 6 / 8; (5 - 1) / 2
  expect([...token]).toEqual([...new Array(6).fill(0), 0, 0, 1, 0, ...end]);
  const bandit = { ...config, numStates: 1 };
  expect(tokenSize(bandit)).toBe(2 + 1 + 3 + 4);
  const short = new Float32Array(10);
  writeOutcome(short, 0, bandit, { ...outcome, state: 0, step: 4, nextState: 0 });
  expect([...short]).toEqual([0, 0, 0.5, 0, 1, 0, 2, 1, 0, 0]);
});

test("layout step has one token a step, lin2023 two", () => {
  expect(tokensPerStep(CONFIG)).toBe(1);
  expect(tokensPerStep({ ...CONFIG, layout: "lin2023" })).toBe(2);
});

test("a task that is smaller fits, one that is larger is refused with what is too large", () => {
  const shape = { task: "some-task", numActions: 3, numStates: 4, dim: 2 };
  requireFits(CONFIG, shape);
  requireFits(CONFIG, { ...shape, numActions: 2, numStates: 1, dim: 0 });
  const why = (more: object) => () => requireFits(CONFIG, { ...shape, ...more });
  expect(why({ numActions: 4 })).toThrow(/"some-task" has 4 actions, the model was trained for at most 3/);
  expect(why({ numStates: 5 })).toThrow(/5 states, the model was trained for at most 4/);
  expect(why({ dim: 1 })).toThrow(/1 features an arm, the model was trained for 2/);
  expect(why({ dim: 3 })).toThrow(/3 features an arm, the model was trained for 2/);
});
