/** Drives envs of a task: steps them, judges every action by the oracle, and records finished episodes. */
import type { Driver } from "./driver.js";
import type { Answer, LockStep } from "./lock-step.js";
import {
  cutShort,
  endEpisode,
  endTrial,
  executed,
  giveBack,
  newPlayed,
  type Played,
  type PlayedSetup,
  startEpisode,
  startTrial,
} from "./played-trials.js";

/** Envs of a task being played. */
export interface PlayedDriver extends Driver {
  /** The best action of env n now, by the truth: for behaviours that run inside the server. Only where active. */
  bestAction(n: number): number;
}

/** Drives a task. */
export function playedDriver(setup: PlayedSetup): PlayedDriver {
  const { task, numEnvs, source, recorder } = setup;
  const { episodes } = task;
  const played = newPlayed(setup);
  const { slots, envs, oracles } = played;
  return {
    task,
    numEnvs,
    wantsProbabilities: false,
    tellsExecuted: false,
    knowsFinalFeatures: true,
    startTrial(n) {
      const ticket = source.take();
      if (ticket === undefined) return undefined;
      try {
        return startTrial(played, n, ticket);
      } catch (error) {
        giveBack(played, ticket); // it is nobody's else
        throw error;
      }
    },
    step(answer, shown, ended) {
      played.agentMs += answer.agentMs;
      source.stepped(shown.activeCount);
      return stepEnvs(played, executed(played, answer, shown), shown, ended);
    },
    observation: (n) => envs[n].observation,
    features: (n) => envs[n].features as Float32Array,
    endEpisode(n) {
      const slot = slots[n];
      endEpisode(played, slot, undefined);
      if (slot.episode + 1 === episodes) return endTrial(played, slot);
      startEpisode(played, slot, slot.episode + 1);
      return undefined;
    },
    cutShort: (n, reason) => cutShort(played, slots[n], reason),
    durableTrials: () => recorder?.durableTrials() ?? 0,
    whenDurable: async () => recorder?.whenDurable(),
    bestAction: (n) => oracles[n].best(envs[n].stepInEpisode, envs[n].state),
  };
}

/** Every active env takes a step; `ended` takes those whose episode is over. Allocates nothing. */
function stepEnvs(played: Played, answer: Answer, { active, rewards }: LockStep, ended: Int32Array): number {
  const { envs, oracles, steps, steady, numEnvs } = played;
  const { horizon, featureSize, knowsPropensities } = steps;
  const { actions, propensities } = answer;
  const discrete = steps.observations.length > 0;
  let count = 0;
  for (let n = 0; n < numEnvs; n++) {
    if (active[n] === 0) {
      rewards[n] = 0;
      continue;
    }
    const env = envs[n];
    const t = env.stepInEpisode;
    const action = actions[n];
    const at = n * horizon + t;
    if (featureSize > 0) steps.features.set(env.features as Float32Array, at * featureSize);
    if (!steady) {
      const oracle = oracles[n];
      oracle.judge(t, env.state, action);
      steps.regrets[at] = oracle.regret;
      steps.optimalActions[at] = oracle.optimalAction;
    }
    env.step(action);
    const { reward } = env;
    steps.actions[at] = action;
    steps.rewards[at] = reward;
    if (propensities !== undefined) {
      const propensity = propensities[n];
      steps.propensities[at] = propensity;
      if (propensity > 0) knowsPropensities[n] = 1;
    } else steps.propensities[at] = Number.NaN;
    if (discrete) steps.observations[n * (horizon + 1) + t + 1] = env.observation;
    rewards[n] = reward;
    if (env.terminated) ended[count++] = n;
  }
  return count;
}
