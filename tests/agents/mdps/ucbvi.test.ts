import { describe, expect, it, vi } from "vitest";
import { EmpiricalModel } from "#icrl/agents/kit/empirical-model.js";
import { ucbvi } from "#icrl/agents/mdps/ucbvi.js";
import type { Outcome, RewardSpec, Trial } from "#icrl/clients/typescript/define-agent.js";
import { IcrlError } from "#icrl/common/errors.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { createPolicy } from "../../support/create-policy.js";

const S = 3;
const A = 2;
const H = 4;
const K = 50;

const trialOf = (min: number | undefined, max: number | undefined): Trial => {
  const reward: RewardSpec = { kind: "deterministic", min, max, noiseStd: undefined };
  return {
    task: "toy-mdp",
    taskOptions: {},
    kinds: ["tabular-mdp"],
    numActions: A,
    numStates: S,
    dim: 0,
    arms: undefined,
    horizon: H,
    episodes: K,
    reward,
  };
};

interface Seen {
  readonly step: number;
  readonly state: number;
  readonly action: number;
  readonly reward: number;
  readonly nextState: number;
}

/** Q [H][S][A] straight from the definitions, by recursion over what was seen. */
function definedQ(seen: readonly Seen[], options: { bonus: string; scale: number; stage_dependent: boolean }) {
  const logTerm = Math.log((S * A * K * H) / 0.1);
  const known = new Map<string, number>();
  const value = (h: number, s: number): number => {
    if (h === H) return 0;
    const at = `${h},${s}`;
    const found = known.get(at) ?? Math.max(q(h, s, 0), q(h, s, 1));
    known.set(at, found);
    return found;
  };
  const q = (h: number, s: number, a: number): number => {
    const g = H - h;
    const visits = seen.filter((x) => x.state === s && x.action === a && (!options.stage_dependent || x.step === h));
    const n = visits.length;
    if (n === 0) return g;
    const mean = (f: (x: Seen) => number) => visits.reduce((sum, x) => sum + f(x), 0) / n;
    const next = mean((x) => value(h + 1, x.nextState));
    const variance = mean((x) => (value(h + 1, x.nextState) - next) ** 2);
    const spread = options.bonus === "bernstein" ? variance : 1;
    const bonus =
      options.bonus === "hoeffding"
        ? options.scale * 2 * H * Math.sqrt(logTerm / n)
        : options.scale * Math.min(g, Math.sqrt(spread / n) + g / n);
    return Math.min(g, mean((x) => x.reward) + bonus + next);
  };
  return q;
}

const outcome = (seen: Seen, episode: number): Outcome => ({
  ...seen,
  episode,
  arms: undefined,
  terminated: seen.step === H - 1,
  truncated: false,
});

describe("ucbvi", () => {
  for (const bonus of ["hoeffding", "bernstein", "simplified-bernstein"]) {
    for (const stage_dependent of [false, true]) {
      it(`plays a largest Q of the definition: ${bonus}, ${stage_dependent ? "a model a stage" : "one model"}`, () => {
        const options = { bonus, scale: bonus === "hoeffding" ? 0.03 : 0.7, stage_dependent };
        const policy = createPolicy(ucbvi, trialOf(0, 1), options, 1n);
        const rng = rngFromSeed(31n);
        const seen: Seen[] = [];
        const law = new Float64Array(A);
        let unique = 0;
        for (let episode = 0; episode < K; episode++) {
          const q = definedQ([...seen], options); // planned once, before the episode
          for (let step = 0; step < H; step++) {
            const state = rng.integer(S);
            policy.probabilities?.({ state, episode, step, arms: undefined }, law);
            const choice = policy.act({ state, episode, step, arms: undefined });
            const values = [q(step, state, 0), q(step, state, 1)];
            const best = Math.max(...values);
            expect(values[choice], `episode ${episode}, step ${step}`).toBeCloseTo(best, 10);
            const ties = values.filter((value) => Math.abs(value - best) < 1e-10).length;
            expect(policy.propensity).toBe(1 / ties);
            expect(Array.from(law)).toEqual(values.map((value) => (Math.abs(value - best) < 1e-10 ? 1 / ties : 0)));
            if (ties === 1) unique += 1;
            const x = { step, state, action: rng.integer(A), reward: rng.uniform(), nextState: rng.integer(S) };
            seen.push(x);
            policy.observe?.(outcome(x, episode));
          }
        }
        expect(unique).toBeGreaterThan(50); // the comparison is not one of ties
      });
    }
  }

  it("plans exactly once an episode", () => {
    const sums = vi.spyOn(EmpiricalModel.prototype, "sum");
    const policy = createPolicy(ucbvi, trialOf(0, 1), {}, 4n);
    const rng = rngFromSeed(34n);
    const law = new Float64Array(A);
    const tried = new Set<number>();
    for (let episode = 0; episode < 10; episode++) {
      sums.mockClear();
      const backups = H * tried.size; // one at each stage for each pair tried before this episode
      for (let step = 0; step < H; step++) {
        const turn = { state: rng.integer(S), episode, step, arms: undefined };
        policy.probabilities?.(turn, law);
        const action = policy.act(turn);
        policy.observe?.(outcome({ step, state: turn.state, action, reward: 0.5, nextState: rng.integer(S) }, episode));
        tried.add(turn.state * A + action);
      }
      expect(sums).toHaveBeenCalledTimes(backups);
    }
    sums.mockRestore();
  });

  it("plays alike whatever the bounds that rewards are rescaled from", () => {
    const choices = (min: number, max: number) => {
      const policy = createPolicy(ucbvi, trialOf(min, max), {}, 2n);
      const rng = rngFromSeed(32n);
      return Array.from({ length: K * H }, (_, t) => {
        const [episode, step, state] = [Math.floor(t / H), t % H, rng.integer(S)];
        const action = policy.act({ state, episode, step, arms: undefined });
        const reward = min + (max - min) * (rng.integer(9) / 8); // multiples of 1/8 rescale without rounding
        policy.observe?.(outcome({ step, state, action, reward, nextState: rng.integer(S) }, episode));
        return action;
      });
    };
    expect(choices(-4, 4)).toEqual(choices(0, 1));
    expect(choices(0, 2)).toEqual(choices(0, 1));
  });

  it("refuses rewards without bounds", () => {
    for (const [min, max] of [
      [undefined, 1],
      [0, undefined],
      [undefined, undefined],
    ]) {
      let failure: unknown;
      try {
        createPolicy(ucbvi, trialOf(min, max), {}, 1n);
      } catch (error) {
        failure = error;
      }
      expect(failure).toBeInstanceOf(IcrlError);
      expect((failure as IcrlError).reason).toBe("TASK_UNSUPPORTED");
      expect((failure as IcrlError).message).toContain("toy-mdp");
    }
  });

  it("expects nothing after a state that ended an episode early", () => {
    // Action 1 of state 0 ends the episode with no reward, action 0 stays and pays 1/4.
    const policy = createPolicy(ucbvi, trialOf(0, 1), { scale: 0 }, 3n);
    const ended = { step: 0, state: 0, action: 1, reward: 0, nextState: 2 };
    policy.observe?.({ ...outcome(ended, 0), terminated: true });
    policy.observe?.(outcome({ step: 0, state: 0, action: 0, reward: 0.25, nextState: 0 }, 1));
    expect(policy.act({ state: 0, episode: 2, step: 0, arms: undefined })).toBe(0);
    expect(policy.propensity).toBe(1);
  });
});
