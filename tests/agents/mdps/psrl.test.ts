import { afterEach, describe, expect, it, vi } from "vitest";
import { psrl } from "#icrl/agents/mdps/psrl.js";
import type { Outcome, RewardSpec } from "#icrl/clients/typescript/define-agent.js";
import type { IcrlError } from "#icrl/common/errors.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { createPolicy } from "../../support/create-policy.js";
import { came, firstChoices, rewardsOf, toyTrial } from "./toy-mdp.js";

const DRAWS = 20_000;

/** The share of action 0 among first choices is `p`, within five standard errors. */
function expectShare(
  p: number,
  seen: readonly Outcome[],
  { reward, horizon = 1, options = {} }: { reward: RewardSpec; horizon?: number; options?: Record<string, unknown> },
) {
  const policy = createPolicy(psrl, toyTrial({ reward, horizon }), options, 5n);
  for (const outcome of seen) policy.observe?.(outcome);
  const share = firstChoices(policy, DRAWS)[0] / DRAWS;
  expect(Math.abs(share - p), `${share} against ${p}`).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / DRAWS));
}

const pays = (action: number, ...rewards: number[]) => rewards.map((reward) => came(0, 0, action, reward, 0, true));

describe("psrl draws mean rewards", () => {
  it("from Beta(1 + sum, 1 + N - sum) where rewards are 0 or 1", () => {
    // by hand: P(Beta(3, 1) > Beta(1, 1)) = E[Beta(3, 1)] = 3/4
    expectShare(3 / 4, pays(0, 1, 1), { reward: rewardsOf("bernoulli", 0, 1) });
    // by hand: P(Beta(2, 1) > Beta(1, 2)) = int 2x (1 - (1 - x)^2) dx = 5/6
    expectShare(5 / 6, [...pays(0, 1), ...pays(1, 0)], { reward: rewardsOf("bernoulli", 0, 1) });
  });

  it("from the same where rewards are rescaled from other bounds", () => {
    const reward = rewardsOf("deterministic", -4, 4);
    expectShare(3 / 4, pays(0, 4, 4), { reward, options: { rewards: "beta" } });
  });

  it("from N((prior_mean + sum) / (1 + N), 1 / (1 + N)) where they are normal", () => {
    const reward = rewardsOf("gaussian");
    // by hand: N((0 + 4) / 4, 1/4) against N(0, 1): Phi(1 / sqrt(5/4)) = Phi(0.894427) = 0.814453
    expectShare(0.814453, pays(0, 1, 2, 1), { reward });
    // by hand: N((2 + 4) / 4, 1/4) against N(2, 1): Phi(-0.5 / sqrt(5/4)) = Phi(-0.447214) = 0.327360
    expectShare(0.32736, pays(0, 1, 2, 1), { reward, options: { prior_mean: 2 } });
  });

  it("as their average where they are certain, uniform over the bounds before", () => {
    expectShare(0.3, pays(0, 0.3, 0.3), { reward: rewardsOf("deterministic", 0, 1) });
    // by hand: 1 of [-1, 3] is above half of the draws
    expectShare(0.5, pays(0, 1), { reward: rewardsOf("deterministic", -1, 3) });
  });

  it("by the option, whatever the task's kind", () => {
    expectShare(0.3, pays(0, 0, 0.6), { reward: rewardsOf("bernoulli", 0, 1), options: { rewards: "empirical" } });
  });
});

describe("psrl", () => {
  it("draws transitions from Dirichlet(1 + counts)", () => {
    // State 1 pays 1 at the last step and state 0 nothing, both known. Action 0 of state 0 led to state 1 twice, action 1 never was seen
    // at step 0; the visits at step 1 count too, as all stages share them: action 0: 2 to state 1, 1 to state 0; action 1: 1 to 0.
    const seen = [
      came(1, 1, 0, 1, 0, true),
      came(1, 1, 1, 1, 0, true),
      came(1, 0, 0, 0, 0, true),
      came(1, 0, 1, 0, 0, true),
      came(0, 0, 0, 0, 1),
      came(0, 0, 0, 0, 1),
    ];
    // by hand: P(Beta(3, 2) > Beta(1, 2)) = int 12 x^2 (1 - x) (1 - (1 - x)^2) dx = 12 (2/4 - 3/5 + 1/6) = 0.8
    expectShare(0.8, seen, { reward: rewardsOf("deterministic", 0, 1), horizon: 2 });
  });

  it("plays one draw to the end of the episode", () => {
    const policy = createPolicy(psrl, toyTrial({ horizon: 3, reward: rewardsOf("gaussian") }), {}, 6n);
    let changes = 0;
    for (let episode = 0; episode < 50; episode++) {
      const turn = { arms: undefined, episode, step: 1, state: 1 };
      const choice = policy.act(turn);
      for (let n = 0; n < 5; n++) {
        policy.observe?.(came(1, 1, choice, -100, 0)); // however bad it turns out
        expect(policy.act(turn)).toBe(choice);
      }
      if (policy.act({ ...turn, episode: 1000 + episode }) !== choice) changes += 1;
    }
    expect(changes).toBeGreaterThan(0);
  });

  it("states no propensity: it has no closed form", () => {
    const policy = createPolicy(psrl, toyTrial(), {}, 7n);
    expect([policy.propensity, policy.probabilities]).toEqual([undefined, undefined]);
  });

  it("expects nothing after a state that ended an episode early", () => {
    // Action 1 pays 0.1 and ends the episode in state 1, where 0.9 was once seen; action 0 pays 0.2 and goes to state 0, which pays 0.
    const seen = [
      came(2, 1, 0, 0.9, 1, true),
      came(2, 1, 1, 0.9, 1, true),
      ...Array.from({ length: 2000 }, () => came(0, 0, 1, 0.1, 1, true)),
      ...Array.from({ length: 2000 }, () => came(0, 0, 0, 0.2, 0)),
    ];
    const policy = createPolicy(psrl, toyTrial({ horizon: 3 }), {}, 8n);
    for (const outcome of seen) policy.observe?.(outcome);
    expect(firstChoices(policy, 200)).toEqual([200, 0]);
  });

  it("refuses rewards without bounds where its posterior needs them, and plays them where it does not", () => {
    const trial = toyTrial({ reward: rewardsOf("deterministic", 0) });
    for (const rewards of ["auto", "empirical", "beta"]) {
      let failure: unknown;
      try {
        createPolicy(psrl, trial, { rewards }, 1n);
      } catch (error) {
        failure = error;
      }
      expect((failure as IcrlError).reason).toBe("TASK_UNSUPPORTED");
    }
    expect(createPolicy(psrl, trial, { rewards: "gaussian" }, 1n)).toBeDefined();
  });
});

describe("an episode", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("makes no arrays, also beside policies of other shapes", () => {
    const small = createPolicy(psrl, toyTrial({ horizon: 4 }), {}, 1n);
    const large = createPolicy(psrl, toyTrial({ horizon: 4, numStates: 9, numActions: 3 }), {}, 2n);
    const rng = rngFromSeed(9n);
    const play = (episode: number) => {
      for (let step = 0; step < 4; step++) {
        for (const [policy, states] of [[small, 2] as const, [large, 9] as const]) {
          const state = rng.integer(states);
          const action = policy.act({ arms: undefined, episode, step, state });
          policy.observe?.({ ...came(step, state, action, 0.5, state, step === 3), episode });
        }
      }
    };
    for (let episode = 0; episode < 50; episode++) play(episode);
    let made = 0;
    for (const name of ["Float64Array", "Int32Array", "Array"] as const) {
      const Made = new Proxy(globalThis[name], {
        construct(target, args) {
          made += 1;
          return Reflect.construct(target, args) as object;
        },
      });
      vi.stubGlobal(name, Made);
    }
    expect(new Float64Array(1)).toHaveLength(1);
    expect(made).toBe(1); // the count works
    for (let episode = 50; episode < 60; episode++) play(episode);
    expect(made).toBe(1);
  });
});
