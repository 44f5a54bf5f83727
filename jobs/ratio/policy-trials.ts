/** Trials of a task played by built-in policies in this process, as an estimator of the distribution ratio wants them. */

import type { Agent, Policy } from "../../clients/typescript/define-agent.js";
import { trialOf } from "../../clients/typescript/trial-of.js";
import { moveOn, show, type TrialView, tell, viewOf } from "../../clients/typescript/trial-view.js";
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

/** A trial, and how far it is. */
interface Particle {
  readonly env: Env;
  /** One for each player. */
  readonly policies: readonly Policy[];
  /** What all of them are shown and told. */
  readonly view: TrialView;
  readonly seeds: TrialSeeds;
  /** Steps taken. */
  steps: number;
  over: boolean;
  /** Arm features that each action was chosen from, where they are drawn afresh. */
  readonly features: Float32Array[];
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
  const series = { purpose: "validate", seed: setup.seed, taskId: setup.taskId, entrant: "ratio" } as const;
  // What happened in each trial, [N, T].
  const states = new Int32Array(size * mostSteps);
  const nextStates = new Int32Array(size * mostSteps);
  const actions = new Int32Array(size * mostSteps);
  const rewards = new Float32Array(size * mostSteps);
  const ends = new Uint8Array(size * mostSteps);
  const law = new Float64Array(numActions);
  let forks = 0;

  const begin = (env: Env, seeds: TrialSeeds): Pick<Particle, "policies" | "view"> => {
    const trial = trialOf(description, env.trialFeatures);
    const policies = players.map(({ agent, options }) => agent.create(trial, options, rngFromSeed(seeds.agentSeed)));
    return { policies, view: viewOf(trial) };
  };

  const particles = Array.from({ length: size }, (_, i): Particle => {
    const seeds = trialSeeds(series, BigInt(setup.population * size + i));
    const env = task.instantiate(seeds.taskSeed, seeds.noiseSeed);
    env.reset(0);
    return { env, ...begin(env, seeds), seeds, steps: 0, over: false, features: [] };
  });

  /** Tells the policies what came of the step in a row. */
  const tellAll = ({ policies, view }: Particle, row: number): void => {
    tell(view, actions[row], rewards[row], nextStates[row], ends[row] === 1, false);
    for (const policy of policies) {
      policy.act(view);
      policy.observe?.(view);
    }
    moveOn(view);
  };

  return {
    size,
    numActions,
    laws(i, expert, behaviours) {
      const { env, policies, view, steps, over } = particles[i];
      if (over) return false;
      show(view, env.observation, env.features);
      for (const [p, { agent }] of players.entries()) {
        law.fill(Number.NaN);
        policies[p].probabilities?.(view, law);
        if (Number.isNaN(law[0])) throw lawUnknown(agent, steps);
        if (p === setup.expert) expert.set(law);
        for (const [k, player] of setup.behaviours.entries()) if (player === p) behaviours.set(law, k * numActions);
      }
      return true;
    },
    take(i, action) {
      const particle = particles[i];
      const { env, features } = particle;
      const row = i * mostSteps + particle.steps;
      states[row] = env.observation;
      if (env.features !== undefined) features.push(env.features.slice());
      env.step(action);
      actions[row] = action;
      rewards[row] = env.reward;
      nextStates[row] = env.observation;
      ends[row] = env.terminated ? 1 : 0;
      tellAll(particle, row);
      particle.steps += 1;
      if (!env.terminated) return;
      const { episode } = particle.view;
      if (episode === task.episodes) particle.over = true;
      else env.reset(episode);
    },
    copy(from, to) {
      const { env, seeds, steps, over, features } = particles[from];
      for (const column of [states, nextStates, actions, rewards, ends]) {
        column.copyWithin(to * mostSteps, from * mostSteps, from * mostSteps + steps);
      }
      forks += 1;
      const noise = ["icrl.v1", "ratio", String(setup.seed), setup.taskId, String(setup.population), String(forks)];
      const fork = env.fork(hash64(noise));
      const particle: Particle = { env: fork, ...begin(env, seeds), seeds, steps, over, features: features.slice() };
      particles[to] = particle;
      if (over) return;
      for (let t = 0, row = to * mostSteps; t < steps; t++, row++) {
        show(particle.view, states[row], features[t]);
        tellAll(particle, row);
      }
      show(particle.view, fork.observation, fork.features);
    },
  };
}

function lawUnknown({ name }: Agent, steps: number): IcrlError {
  return new IcrlError(
    "PROBABILITIES_UNKNOWN",
    `agent "${name}" does not tell the probabilities of its choices${steps > 0 ? ` at step ${steps + 1}` : ""}: the ratio needs the exact law of the expert and of every behaviour`,
    { agent: name },
  );
}
