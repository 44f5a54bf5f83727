/** Drives envs of a task: steps them, judges every action by the oracle, and records finished episodes. */
import type { Driver, EnvRange } from "./driver.js";
import type { EpisodeSteps } from "./episode-steps.js";
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
  reset,
  startEpisode,
  startTrial,
} from "./played-trials.js";

/** Envs of a task being played. */
export interface PlayedDriver extends Driver {
  /** The best action of env n now, by the truth: for behaviours that run inside the server. Only where active. */
  bestAction(n: number): number;
}

/** Operations of beginning a trial beside its instance, most of them for its id, and of an episode's end, most for its row. */
const START_WORK = 8_000;
const END_WORK = 8_000;
const END_STEP_WORK = 20;

/** Drives a task. */
export function playedDriver(setup: PlayedSetup): PlayedDriver {
  const { task, numEnvs, source, recorder } = setup;
  const { episodes } = task;
  const played = newPlayed(setup);
  const { slots, envs, oracles } = played;
  /** What the lock-step under way does. */
  let done: Answer;
  return {
    task,
    numEnvs,
    work: {
      step: task.cost.step,
      start: START_WORK + task.cost.instance,
      end: END_WORK + END_STEP_WORK * task.horizon,
    },
    wantsProbabilities: setup.wantsProbabilities,
    tellsExecuted: false,
    knowsFinalFeatures: true,
    *startTrial(n, seeds) {
      const next = source.take(n);
      if (next === undefined) return undefined;
      const ticket = seeds === undefined ? next : { ...next, seeds, seriesSeed: undefined };
      let begun = false;
      try {
        const start = yield* startTrial(played, n, ticket);
        begun = true;
        return start;
      } finally {
        if (!begun) giveBack(played, ticket);
      }
    },
    step(answer, shown, range, ended) {
      if (range.from === 0) {
        played.agentMs += answer.agentMs;
        done = executed(played, answer, shown);
      }
      source.stepped(range.acting);
      stepEnvs(played, done, shown, range, ended);
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
    resets: setup.mayReset
      ? {
          begin(agentMs) {
            played.agentMs += agentMs;
          },
          end: (n, wholeTrial) => reset(played, slots[n], wholeTrial),
        }
      : undefined,
    cutShort: (n, reason) => cutShort(played, slots[n], reason),
    durableTrials: () => recorder?.durableTrials() ?? 0,
    whenDurable: async () => recorder?.whenDurable(),
    bestAction: (n) => oracles[n].best(envs[n].stepInEpisode, envs[n].state),
  };
}

/** Every env of the range that is to take a step takes it; `ended` takes those whose episode is over. Allocates nothing. */
function stepEnvs(played: Played, answer: Answer, shown: LockStep, { from, to }: EnvRange, ended: Int32Array): void {
  const { rewards } = shown;
  const { envs, oracles, steps, steady } = played;
  const { horizon, featureSize, knowsPropensities } = steps;
  const { actions, propensities, probabilities, acting = shown.active } = answer;
  const wanted = steps.probabilities.length > 0;
  const discrete = steps.observations.length > 0;
  let count = shown.ended;
  for (let n = from; n < to; n++) {
    if (acting[n] === 0) {
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
    if (wanted) rememberLaw(steps, n, t, probabilities);
    if (discrete) steps.observations[n * (horizon + 1) + t + 1] = env.observation;
    rewards[n] = reward;
    if (env.terminated) ended[count++] = n;
  }
  shown.ended = count;
}

/** Keeps the probabilities of env n's step t, unknown where none were sent. */
function rememberLaw(
  { probabilities: kept, knowsProbabilities, horizon, actions }: EpisodeSteps,
  n: number,
  t: number,
  sent: Float32Array | undefined,
): void {
  const numActions = kept.length / actions.length;
  const at = (n * horizon + t) * numActions;
  if (sent === undefined) {
    kept.fill(Number.NaN, at, at + numActions);
    return;
  }
  for (let a = 0; a < numActions; a++) kept[at + a] = sent[n * numActions + a];
  if (sent[n * numActions] >= 0) knowsProbabilities[n] = 1; // a row is known throughout, or not at all
}
