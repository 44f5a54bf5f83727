import { expect, it } from "vitest";
import { emp } from "#icrl/agents/bandits/emp.js";
import { banditTrial, play } from "./bandit-trial.js";

it("emp plays each arm once in order, then the best mean, the lowest index on ties, and says so", () => {
  const { act, learn, probabilities } = play(emp, banditTrial(3));
  const playFor = (reward: number) => {
    const said = probabilities();
    const action = act();
    expect(said.map((p, a) => (a === action ? p - 1 : p))).toEqual([0, 0, 0]);
    learn([action, reward]);
    return action;
  };
  expect([playFor(0), playFor(1), playFor(1)]).toEqual([0, 1, 2]);
  expect(playFor(0)).toBe(1); // means 0, 1, 1; now 0, 1/2, 1
  expect(playFor(0)).toBe(2); // now 0, 1/2, 1/2
  expect(playFor(0)).toBe(1); // now 0, 1/3, 1/2
  expect(playFor(1)).toBe(2);
});
