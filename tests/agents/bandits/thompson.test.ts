import { describe, expect, it } from "vitest";
import { thompson } from "#icrl/agents/bandits/thompson.js";
import type { IcrlError } from "#icrl/common/errors.js";
import { banditTrial, gaussian, play } from "./bandit-trial.js";

/** Within five standard errors of 20,000 draws. */
function expectFrequencies(got: number[], wanted: number[]): void {
  got.forEach((f, a) => {
    expect(Math.abs(f - wanted[a]), `arm ${a}`).toBeLessThan(5 * Math.sqrt((wanted[a] * (1 - wanted[a])) / 20_000));
  });
}

describe("thompson on Bernoulli arms", () => {
  it("chooses as its probabilities say, worked out by hand", () => {
    // P(Beta(1, 1) > Beta(2, 1)) = integral of (1 - x) 2x dx = 1/3
    const { policy, learn, probabilities, frequencies } = play(thompson, banditTrial(2));
    learn([1, 1]);
    const [first, second] = probabilities();
    expect(first).toBeCloseTo(1 / 3, 12);
    expect(second).toBeCloseTo(2 / 3, 12);
    expectFrequencies(frequencies(), [1 / 3, 2 / 3]);
    expect(policy.propensity).toBeUndefined();
  });

  it("chooses as its probabilities say after more", () => {
    const { learn, probabilities, frequencies } = play(thompson, banditTrial(4));
    for (let n = 0; n < 60; n++) learn([n % 3, n % (2 + (n % 3)) === 0 ? 1 : 0]);
    expectFrequencies(frequencies(), probabilities());
  });
});

describe("thompson on normal arms", () => {
  it("draws from the conjugate posterior, worked out by hand", () => {
    // Noise 2, prior N(1, 1). After rewards 3, 3, 3 of arm 0: variance 4 / 7, mean (4 + 9) / 7; arm 1 is at its prior.
    // P(arm 0) = Phi((6 / 7) / sqrt(11 / 7)) = Phi(0.683763) = 0.752938, by the error function
    const options = { prior_mean: 1, prior_std: 1 };
    for (const { trial, given } of [
      { trial: banditTrial(2, gaussian(2)), given: options },
      { trial: banditTrial(2, gaussian(0.1)), given: { ...options, noise_std: 2 } },
    ]) {
      const { policy, learn, probabilities, frequencies } = play(thompson, trial, given);
      learn([0, 3], [0, 3], [0, 3]);
      expect(probabilities()[0]).toBeCloseTo(0.752938, 6);
      expectFrequencies(frequencies(), probabilities());
      expect(policy.propensity).toBeUndefined();
    }
  });

  it("plays rewards without noise, and keeps to what it has seen", () => {
    const { act, learn, probabilities } = play(thompson, banditTrial(3, gaussian(0)));
    learn([0, 3], [1, 9], [2, 5]);
    expect(act()).toBe(1);
    expect(probabilities()[1]).toBeCloseTo(1, 12);
  });

  it("refuses noise of unknown size unless it is told", () => {
    const trial = banditTrial(2, gaussian());
    expect(() => play(thompson, trial)).toThrowError(
      expect.objectContaining({ reason: "TASK_UNSUPPORTED" } satisfies Partial<IcrlError>),
    );
    expect(play(thompson, trial, { noise_std: 1 }).act()).toBeLessThan(2);
  });
});
