/** Trials of a task played by built-in policies in this process, as an estimator of the distribution ratio wants them. */

import type { Agent, Arms, Outcome, Policy } from "../../clients/typescript/define-agent.js";
import { trialOf } from "../../clients/typescript/trial-of.js";
import { IcrlError } from "../../common/errors.js";
import { rngFromSeed } from "../../common/rng.js";
import { hash64, type TrialSeeds, trialSeeds } from "../../common/seeds.js";
import { describeTask } from "../../server/tasks/describe-task.js";
import type { Env, Task } from "../../server/tasks/task.js";
import type { ParticleTrials } from "./particle-trials.js";

/** An agent with its options resolved. */
export interface Player {
  readonly agent: Agent;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What is played, and by whom the actions are judged. */
export interface PolicyTrialsSetup {
  readonly task: Task;
  /** Part of the seeds' derivation. */
  readonly taskId: string;
  /** Each agent with each set of options once. */
  readonly players: readonly Player[];
  /** Which of the players is the expert. */
  readonly expert: number;
  /** Which of the players is each part of the mixture, [K]. */
  readonly behaviours: readonly number[];
  /** Trials side by side. */
  readonly size: number;
  /** Most steps that will be taken in a trial. */
  readonly mostSteps: number;
  readonly seed: bigint;
  /** Populations of one seed have other instances and other luck. */
  readonly population: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Where a trial is. */
interface Seat {
  env: Env;
  policies: Policy[];
  seeds: TrialSeeds;
  episode: number;
  /** Steps taken. */
  steps: number;
  over: boolean;
  arms: Arms | undefined;
  /** Arm features that each action was chosen from, where they are drawn afresh. */
  features: Float32Array[];
}

/**
 * The trials. Instances and noise are of purpose "validate": no dataset was collected on them. A policy is never copied: the copy's
 * are made anew and told what happened.
 *
 * @throws PROBABILITIES_UNKNOWN here or later, if a player does not tell the law of its choices
 */
export function policyTrials(setup: PolicyTrialsSetup): ParticleTrials {
  const { task, players, size, mostSteps } = setup;
  const { numActions } = task;
  const description = describeTask(task);
  const fresh = task.observationSpace.type === "box";
  const series = { purpose: "validate", seed: setup.seed, taskId: setup.taskId, entrant: "ratio" } as const;
  // What happened in each trial, [N, T].
  const states = new Int32Array(size * mostSteps);
  const nextStates = new Int32Array(size * mostSteps);
  const actions = new Int32Array(size * mostSteps);
  const rewards = new Float32Array(size * mostSteps);
  const ends = new Uint8Array(size * mostSteps);
  const law = new Float64Array(numActions);
  const at: Writable<Outcome> = {
    state: 0,
    arms: undefined,
    episode: 0,
    step: 0,
    action: 0,
    reward: 0,
    nextState: 0,
    terminated: false,
    truncated: false,
  };
  let forks = 0;

  const newPolicies = (seat: Pick<Seat, "env" | "seeds">): Policy[] => {
    const features = seat.env.trialFeatures;
    const cols = task.trialFeaturesShape[1] ?? 0;
    const trial = trialOf(description, features && { data: features, rows: numActions, cols });
    return players.map(({ agent, options }) => agent.create(trial, options, rngFromSeed(seat.seeds.agentSeed)));
  };

  const seats = Array.from({ length: size }, (_, i): Seat => {
    const seeds = trialSeeds(series, BigInt(setup.population * size + i));
    const env = task.instantiate(seeds.taskSeed, seeds.noiseSeed);
    env.reset(0);
    const cols = task.observationSpace.type === "box" ? (task.observationSpace.shape[1] ?? 0) : 0;
    const arms = env.trialFeatures
      ? { data: env.trialFeatures, rows: numActions, cols: task.trialFeaturesShape[1] ?? 0 }
      : fresh
        ? { data: new Float32Array(numActions * cols), rows: numActions, cols }
        : undefined;
    return { env, policies: newPolicies({ env, seeds }), seeds, episode: 0, steps: 0, over: false, arms, features: [] };
  });

  const tell = (seat: Seat): void => {
    for (const policy of seat.policies) {
      policy.act(at);
      policy.observe?.(at);
    }
  };

  return {
    size,
    numActions,
    laws(i, expert, behaviours) {
      const seat = seats[i];
      if (seat.over) return false;
      const { env } = seat;
      if (fresh && env.features !== undefined) seat.arms?.data.set(env.features);
      at.state = env.observation;
      at.arms = seat.arms;
      at.episode = seat.episode;
      at.step = env.stepInEpisode;
      for (const [p, { agent }] of players.entries()) {
        law.fill(Number.NaN);
        seat.policies[p].probabilities?.(at, law);
        if (Number.isNaN(law[0])) throw lawUnknown(agent, seat.steps);
        if (p === setup.expert) expert.set(law);
        for (const [k, player] of setup.behaviours.entries()) if (player === p) behaviours.set(law, k * numActions);
      }
      return true;
    },
    take(i, action) {
      const seat = seats[i];
      const { env } = seat;
      const row = i * mostSteps + seat.steps;
      at.state = env.observation;
      at.arms = seat.arms;
      at.episode = seat.episode;
      at.step = env.stepInEpisode;
      if (fresh && env.features !== undefined) seat.features.push(env.features.slice());
      env.step(action);
      at.action = action;
      at.reward = env.reward;
      at.nextState = env.observation;
      at.terminated = env.terminated;
      states[row] = at.state;
      nextStates[row] = at.nextState;
      actions[row] = action;
      rewards[row] = at.reward;
      ends[row] = at.terminated ? 1 : 0;
      tell(seat);
      seat.steps += 1;
      if (!at.terminated) return;
      seat.episode += 1;
      if (seat.episode === task.episodes) seat.over = true;
      else env.reset(seat.episode);
    },
    copy(from, to) {
      const { env, seeds, episode, steps, over, arms, features } = seats[from];
      for (const column of [states, nextStates, actions, rewards, ends]) {
        column.copyWithin(to * mostSteps, from * mostSteps, from * mostSteps + steps);
      }
      forks += 1;
      const noise = ["icrl.v1", "ratio", String(setup.seed), setup.taskId, String(setup.population), String(forks)];
      const seat: Seat = {
        env: env.fork(hash64(noise)),
        policies: over ? [] : newPolicies({ env, seeds }),
        seeds,
        episode,
        steps,
        over,
        arms: fresh ? arms && { ...arms, data: arms.data.slice() } : arms,
        features: features.slice(),
      };
      seats[to] = seat;
      if (!over) replay(to);
    },
  };

  /** Tells new policies of a trial what happened in it. */
  function replay(i: number): void {
    const seat = seats[i];
    at.episode = 0;
    at.step = 0;
    for (let t = 0, row = i * mostSteps; t < seat.steps; t++, row++) {
      at.arms = fresh ? seat.arms && { ...seat.arms, data: seat.features[t] } : seat.arms;
      at.state = states[row];
      at.nextState = nextStates[row];
      at.action = actions[row];
      at.reward = rewards[row];
      at.terminated = ends[row] === 1;
      tell(seat);
      if (at.terminated) {
        at.episode += 1;
        at.step = 0;
      } else at.step += 1;
    }
  }
}

function lawUnknown({ name }: Agent, steps: number): IcrlError {
  return new IcrlError(
    "PROBABILITIES_UNKNOWN",
    `agent "${name}" does not tell the probabilities of its choices${steps > 0 ? ` at step ${steps + 1}` : ""}: the ratio needs the exact law of the expert and of every behaviour`,
    { agent: name },
  );
}
