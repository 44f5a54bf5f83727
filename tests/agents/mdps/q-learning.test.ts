import { describe, expect, it } from "vitest";
import { qLearning } from "#icrl/agents/mdps/q-learning.js";
import type { Trial } from "#icrl/clients/typescript/define-agent.js";
import { categoricalFromUniform, rngFromSeed } from "#icrl/common/rng.js";
import { createPolicy } from "../../support/create-policy.js";
import { came as outcome, rewardsOf, toyTrial } from "./toy-mdp.js";

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
const CHANCE = { explore: "epsilon-greedy" };
const came = { episode: 0, arms: undefined, truncated: false };

/** The greedy choice is the only one when epsilon is 0: shows which of two values is larger. */
function greedy(
  learn: (observe: (step: number, state: number, action: number, reward: number, next: number) => void) => void,
) {
  const policy = createPolicy(qLearning, trial, { ...CHANCE, epsilon: 0 }, 1n);
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
  const policy = createPolicy(qLearning, trial, { ...CHANCE, epsilon: 0 }, 3n);
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
  const policy = createPolicy(qLearning, trial, { ...CHANCE, epsilon: 0.3 }, 2n);
  policy.observe?.({ ...came, step: 1, state: 0, action: 1, reward: 1, nextState: 0, terminated: true });
  const law = new Float64Array(2);
  policy.probabilities?.({ ...came, step: 1, state: 0 }, law);
  expect([law[0], law[1]]).toEqual([expect.closeTo(0.15, 12), expect.closeTo(0.85, 12)]);
  let greedyCount = 0;
  for (let n = 0; n < 10_000; n++) {
    const action = policy.act({ ...came, step: 1, state: 0 });
    expect(policy.propensity).toBeCloseTo(action === 1 ? 0.85 : 0.15, 12); // 0.7 + 0.3 / 2, 0.3 / 2
    greedyCount += action;
  }
  expect(Math.abs(greedyCount - 8500)).toBeLessThan(5 * Math.sqrt(10_000 * 0.85 * 0.15));
});

describe("ucb-h", () => {
  const [S, A, H, K] = [3, 2, 3, 60];
  const bounded = toyTrial({ numStates: S, horizon: H, episodes: K, reward: rewardsOf("bernoulli", 0, 1) });
  const sqrt2 = Math.SQRT2;

  /** A small MDP at random, Bernoulli rewards: chances [S, A, S] and mean rewards [S, A]. */
  function drawMdp(seed: bigint) {
    const rng = rngFromSeed(seed);
    const chances = Array.from({ length: S * A }, () => {
      const weights = Array.from({ length: S }, () => -Math.log(rng.uniform()));
      const sum = weights.reduce((total, w) => total + w, 0);
      return weights.map((w) => w / sum);
    });
    return { chances, means: chances.map(() => rng.uniform()), rng };
  }

  /** Q*_h(s, a), by recursion. */
  function optimal({ chances, means }: ReturnType<typeof drawMdp>) {
    const q = (h: number, s: number, a: number): number =>
      means[s * A + a] +
      chances[s * A + a].reduce(
        (sum, p, next) => sum + (h + 1 === H ? 0 : p * Math.max(q(h + 1, next, 0), q(h + 1, next, 1))),
        0,
      );
    return q;
  }

  /**
   * Q after t visits written out, Jin et al. (2018), equation (4.3): a_t^0 H + sum_i a_t^i (r_i + V_i + b_i) with
   * a_t^i = a_i prod_{j = i+1}^t (1 - a_j), a_j = (H + 1) / (H + j), where V_i is what the next state was worth then.
   */
  function weighted(targets: readonly number[], c: number) {
    const rate = (j: number) => (H + 1) / (H + j);
    const logTerm = Math.log((S * A * K * H) / 0.1);
    let rest = 1;
    let value = 0;
    for (let i = targets.length; i >= 1; i--) {
      value += rest * rate(i) * (targets[i - 1] + c * Math.sqrt((H ** 3 * logTerm) / i));
      rest *= 1 - rate(i);
    }
    return value + rest * H;
  }

  for (const c of [sqrt2, 0.02]) {
    it(`plays a largest Q of the definition, c ${c.toFixed(2)}${c === sqrt2 ? ", and that is never below Q*" : ""}`, () => {
      let unique = 0;
      for (let seed = 1n; seed <= 4n; seed++) {
        const mdp = drawMdp(seed);
        const best = optimal(mdp);
        const policy = createPolicy(qLearning, bounded, { c, delta: 0.1 }, seed);
        const targets = new Map<string, number[]>();
        const q = (h: number, s: number, a: number) => weighted(targets.get(`${h},${s},${a}`) ?? [], c);
        const law = new Float64Array(A);
        for (let episode = 0; episode < K; episode++) {
          let state = mdp.rng.integer(S);
          for (let step = 0; step < H; step++) {
            const values = [q(step, state, 0), q(step, state, 1)];
            policy.probabilities?.({ arms: undefined, episode, step, state }, law);
            const action = policy.act({ arms: undefined, episode, step, state });
            expect(values[action]).toBeCloseTo(Math.max(...values), 9);
            const isTie = Math.abs(values[0] - values[1]) < 1e-9;
            expect(law[action]).toBe(isTie ? 1 / 2 : 1);
            if (!isTie) unique += 1;
            const nextState = categoricalFromUniform(
              mdp.rng.uniform(),
              Float64Array.from(mdp.chances[state * A + action]),
              0,
              S,
            );
            const reward = mdp.rng.uniform() < mdp.means[state * A + action] ? 1 : 0;
            const next =
              step + 1 === H ? 0 : Math.min(H, Math.max(q(step + 1, nextState, 0), q(step + 1, nextState, 1)));
            const key = `${step},${state},${action}`;
            targets.set(key, [...(targets.get(key) ?? []), reward + next]);
            policy.observe?.({ ...outcome(step, state, action, reward, nextState, step === H - 1), episode });
            if (c === sqrt2) expect(q(step, state, action)).toBeGreaterThanOrEqual(best(step, state, action));
            state = nextState;
          }
        }
      }
      expect(unique).toBeGreaterThan(100); // the comparison is not one of ties
    });
  }

  it("plays alike whatever the bounds that rewards are rescaled from", () => {
    const choices = (min: number, max: number) => {
      const trial = toyTrial({ ...bounded, reward: rewardsOf("deterministic", min, max) });
      const policy = createPolicy(qLearning, trial, {}, 2n);
      const rng = rngFromSeed(32n);
      return Array.from({ length: K * H }, (_, t) => {
        const [episode, step, state] = [Math.floor(t / H), t % H, rng.integer(S)];
        const action = policy.act({ state, episode, step, arms: undefined });
        const reward = min + (max - min) * (rng.integer(9) / 8); // multiples of 1/8 rescale without rounding
        policy.observe?.({ ...outcome(step, state, action, reward, rng.integer(S), step === H - 1), episode });
        return action;
      });
    };
    expect(choices(-4, 4)).toEqual(choices(0, 1));
  });

  it("expects nothing, rescaled, after a state that ended the episode early", () => {
    // Rewards in [-1, 1]: nothing is worth 1/2 a step. by hand, H = 3, c = 0: action 0 ends with 0.2 -> 0.6 and 2 steps of 1/2 = 1.6;
    // action 1 gets -1 -> 0 and goes on to state 1, whose best is 1.5 at first, then 1.7.
    const trial = toyTrial({ ...bounded, reward: rewardsOf("deterministic", -1, 1) });
    for (const [second, preferred] of [
      [0.0, 0], // 0 -> 0.5, and the last step's 1 -> 1: 1.5
      [0.4, 1], // 0.4 -> 0.7, and 1: 1.7
    ]) {
      const policy = createPolicy(qLearning, trial, { c: 0 }, 3n);
      for (const a of [0, 1]) policy.observe?.(outcome(2, 2, a, 1, 0, true));
      for (const a of [0, 1]) policy.observe?.(outcome(1, 1, a, second, 2));
      policy.observe?.(outcome(0, 0, 1, -1, 1));
      policy.observe?.(outcome(0, 0, 0, 0.2, 1, true));
      expect(policy.act({ arms: undefined, episode: 1, step: 0, state: 0 })).toBe(preferred);
      expect(policy.propensity).toBe(1);
    }
  });

  it("refuses rewards without bounds, which epsilon-greedy plays", () => {
    expect(() => createPolicy(qLearning, trial, {}, 1n)).toThrow(/bounded rewards/);
    expect(createPolicy(qLearning, trial, CHANCE, 1n)).toBeDefined();
  });
});
