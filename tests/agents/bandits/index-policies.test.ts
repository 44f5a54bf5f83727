import { describe, expect, it } from "vitest";
import { epsilonGreedy } from "#icrl/agents/bandits/epsilon-greedy.js";
import { gittins } from "#icrl/agents/bandits/gittins.js";
import { ucb } from "#icrl/agents/bandits/ucb.js";
import { banditTrial, gaussian, play } from "./bandit-trial.js";

describe("epsilon-greedy", () => {
  it("tries each arm once first, in any order, then plays the best mean", () => {
    const { act, learn, probabilities } = play(epsilonGreedy, banditTrial(3), { epsilon: 0 });
    expect(probabilities()).toEqual([1 / 3, 1 / 3, 1 / 3]);
    learn([1, 0]);
    expect(probabilities()).toEqual([1 / 2, 0, 1 / 2]);
    learn([0, 1], [2, 1]);
    expect(probabilities()).toEqual([1 / 2, 0, 1 / 2]);
    learn([2, 0]);
    expect([probabilities(), act()]).toEqual([[1, 0, 0], 0]);
  });

  it("has exact probabilities and propensities, ties and exploration together", () => {
    // epsilon 0.3 on 4 arms, two of them best: 0.3 / 4 + 0.7 / 2 and 0.3 / 4
    const { policy, act, learn, probabilities, frequencies } = play(epsilonGreedy, banditTrial(4), { epsilon: 0.3 });
    learn([0, 1], [1, 0], [2, 1], [3, 0]);
    const wanted = [0.425, 0.075, 0.425, 0.075];
    probabilities().forEach((p, a) => expect(p).toBeCloseTo(wanted[a], 14));
    frequencies().forEach((p, a) => expect(Math.abs(p - wanted[a])).toBeLessThan(5 * 0.0035)); // sd < 0.0035
    for (let n = 0; n < 20; n++) expect(wanted[act()]).toBeCloseTo(policy.propensity ?? 0, 14);
  });

  it("begins from made-up pulls, and gives ties to the lowest index where it is asked to", () => {
    // (1 + S) / (2 + N): 2/4, 1/2, 1/3
    const options = { epsilon: 0, prior_count: 2 };
    const drawn = play(epsilonGreedy, banditTrial(3), options);
    drawn.learn([0, 1], [0, 0], [2, 0]);
    expect(drawn.probabilities()).toEqual([1 / 2, 1 / 2, 0]);
    const lowest = play(epsilonGreedy, banditTrial(3), { ...options, ties: "lowest" });
    lowest.learn([0, 1], [0, 0], [2, 0]);
    expect(lowest.probabilities()).toEqual([1, 0, 0]);
    expect([lowest.act(), lowest.policy.propensity]).toEqual([0, 1]);
  });
});

describe("ucb", () => {
  it("plays each arm once, then mean + c sqrt(2 ln t / N)", () => {
    const { act, learn, probabilities } = play(ucb, banditTrial(2), { c: 1 });
    learn([0, 1]);
    expect(probabilities()).toEqual([0, 1]);
    learn([1, 0], [0, 1], [0, 0], [0, 1]);
    // t = 5: 3/4 + sqrt(2 ln 5 / 4) = 1.647, 0 + sqrt(2 ln 5) = 1.794
    expect(act()).toBe(1);
    learn([1, 0]);
    // t = 6: 3/4 + sqrt(2 ln 6 / 4) = 1.697, sqrt(2 ln 6 / 2) = 1.339
    expect(act()).toBe(0);
  });

  it("takes t to be the number of pulls so far", () => {
    // N = 2 and 1, t = 3: arm 1, of mean 0, is ahead by (1 - 1 / sqrt 2) sqrt(2 ln 3) = 0.434; it would be 0.345 with t = 2
    // and 0.488 with t = 4.
    for (const [mean, choice] of [
      [0.4, 1],
      [0.46, 0],
    ]) {
      const { act, learn } = play(ucb, banditTrial(2));
      learn([0, mean], [0, mean], [1, 0]);
      expect(act()).toBe(choice);
    }
  });

  it("adds made-up pulls to both count and sum", () => {
    // t = 3, c = 0.2: (1 + 1) / (2 + 2) + 0.2 sqrt(2 ln 3 / 4) = 0.648 against (1 + 1) / (2 + 1) + 0.2 sqrt(2 ln 3 / 3) = 0.838
    const { learn, probabilities } = play(ucb, banditTrial(2), { c: 0.2, prior_count: 2 });
    learn([0, 1], [0, 0], [1, 1]);
    expect(probabilities()).toEqual([0, 1]);
    // one failure more, t = 4: (1 + 1) / (2 + 2) on both: a tie
    learn([1, 0]);
    expect(probabilities()).toEqual([1 / 2, 1 / 2]);
  });

  it("lin2023 is S / (1 + N) + 1 / sqrt(1 + N), ties drawn", () => {
    const { policy, act, learn, probabilities, frequencies } = play(ucb, banditTrial(3), { bonus: "lin2023" });
    expect(probabilities()).toEqual([1 / 3, 1 / 3, 1 / 3]);
    learn([0, 0]);
    expect(probabilities()).toEqual([0, 1 / 2, 1 / 2]); // 0.707, 1, 1
    frequencies().forEach((p, a) => expect(Math.abs(p - [0, 0.5, 0.5][a])).toBeLessThan(5 * 0.0036));
    expect(policy.propensity).toBe(1 / 2);
    learn([1, 1]);
    expect([act(), policy.propensity]).toEqual([1, 1]); // 1 / 2 + 1 / sqrt(2) = 1.207
  });

  it("scales with c as with the rewards' unit", () => {
    const small = play(ucb, banditTrial(3, gaussian(0.3)), { c: 0.3 });
    const large = play(ucb, banditTrial(3, gaussian(30)), { c: 30 });
    const rewards = [0.2, -0.5, 0.9, 0.1, -0.3, 0.6, 0.4, 0.8];
    for (let t = 0; t < 60; t++) {
      const arm = small.act();
      expect(large.act()).toBe(arm);
      const reward = rewards[t % 8] * (arm + 1);
      small.learn([arm, reward]);
      large.learn([arm, 100 * reward]);
    }
  });
});

describe("gittins", () => {
  it("plays the largest index, ties drawn", () => {
    const { policy, act, learn, probabilities } = play(gittins, banditTrial(3), { discount: 0.9 });
    expect(probabilities()).toEqual([1 / 3, 1 / 3, 1 / 3]);
    // Gittins (1979), discount 0.9: 0.6346 after a success and a failure, 0.7029 after nothing, 0.8001 after a success
    learn([0, 1], [0, 0]);
    expect(probabilities()).toEqual([0, 1 / 2, 1 / 2]);
    learn([2, 1]);
    expect([act(), policy.propensity]).toEqual([2, 1]);
  });

  it("weighs what is not known by its discount", () => {
    // Arm 0 has 7 successes in 10, arm 1 nothing: means 0.667 and 0.5; what is learnt of arm 1 counts for the future
    const choice = (discount: number) => {
      const { act, learn } = play(gittins, banditTrial(2), { discount });
      for (let n = 0; n < 10; n++) learn([0, n < 7 ? 1 : 0]);
      return act();
    };
    expect([choice(0), choice(0.99)]).toEqual([0, 1]);
  });
});
