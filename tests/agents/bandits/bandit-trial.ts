/** Hand-made trials of bandits, for tests that tell a policy what to learn from. */

import type { Agent, Outcome, Policy, RewardSpec, Trial } from "#icrl/clients/typescript/define-agent.js";
import { createPolicy } from "../../support/create-policy.js";

const BERNOULLI: RewardSpec = { kind: "bernoulli", min: 0, max: 1, noiseStd: undefined };

/** A trial of a bandit whose arms have no features. */
export const banditTrial = (numActions: number, reward: RewardSpec = BERNOULLI): Trial => ({
  task: reward.kind === "bernoulli" ? "bernoulli-bandit" : "gaussian-bandit",
  taskOptions: {},
  kinds: reward.kind === "bernoulli" ? ["bandit", "bernoulli"] : ["bandit"],
  numActions,
  numStates: 1,
  dim: 0,
  arms: undefined,
  horizon: 200,
  episodes: 1,
  reward,
});

/** Normal rewards whose noise is known, or not. */
export const gaussian = (noiseStd?: number): RewardSpec => ({
  kind: "gaussian",
  min: undefined,
  max: undefined,
  noiseStd,
});

const turn = { state: 0, arms: undefined, episode: 0, step: 0 };

/** What came of an arm. */
export const came = (action: number, reward: number): Outcome => ({
  ...turn,
  action,
  reward,
  nextState: 0,
  terminated: false,
  truncated: false,
});

/** A policy of two arms or more, with what tests do to it. */
export function play(agent: Agent, trial: Trial, options: Readonly<Record<string, unknown>> = {}, seed = 1n) {
  const policy: Policy = createPolicy(agent, trial, options, seed);
  return {
    policy,
    act: (): number => policy.act(turn),
    /** Tells it of rewards, [arm, reward] each. */
    learn(...pulls: readonly (readonly [number, number])[]): void {
      for (const [arm, reward] of pulls) policy.observe?.(came(arm, reward));
    },
    probabilities(): number[] {
      const target = new Float64Array(trial.numActions).fill(Number.NaN);
      policy.probabilities?.(turn, target);
      return Array.from(target);
    },
    /** How often each arm is chosen in 20,000 choices with nothing learnt between. */
    frequencies(): number[] {
      const counts = new Float64Array(trial.numActions);
      for (let n = 0; n < 20_000; n++) counts[policy.act(turn)] += 1 / 20_000;
      return Array.from(counts);
    },
  };
}
