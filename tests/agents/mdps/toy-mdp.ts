import type { Outcome, RewardSpec, Trial } from "#icrl/clients/typescript/define-agent.js";

/** A trial on a tabular MDP that no task is behind: tests say what comes of actions. */
export function toyTrial(shape: Partial<Trial> & { reward?: RewardSpec } = {}): Trial {
  return {
    task: "toy-mdp",
    taskOptions: {},
    kinds: ["tabular-mdp"],
    numActions: 2,
    numStates: 2,
    dim: 0,
    arms: undefined,
    horizon: 1,
    episodes: 50,
    reward: { kind: "deterministic", min: 0, max: 1, noiseStd: undefined },
    ...shape,
  };
}

/** Rewards of a kind, between bounds or none. */
export const rewardsOf = (kind: RewardSpec["kind"], min?: number, max?: number): RewardSpec => ({
  kind,
  min,
  max,
  noiseStd: undefined,
});

/** One step of episode 0, not the last of its episode unless said. */
export const came = (
  step: number,
  state: number,
  action: number,
  reward: number,
  nextState: number,
  terminated = false,
): Outcome => ({ step, state, action, reward, nextState, terminated, episode: 0, arms: undefined, truncated: false });

/** How often each of two actions is chosen first, in `draws` episodes in which nothing is learnt. */
export function firstChoices(
  policy: { act(turn: { state: number; episode: number; step: number; arms: undefined }): number },
  draws: number,
): [number, number] {
  let ones = 0;
  for (let episode = 1; episode <= draws; episode++)
    ones += policy.act({ state: 0, episode, step: 0, arms: undefined });
  return [draws - ones, ones];
}
