/** Laws of an action at the steps of a trial that is played again: even over the actions that are best by its instance, the behaviour's that has the truth, or a posterior's. */
import type { Resolved } from "../../common/options.js";
import { rngFromSeed } from "../../common/rng.js";
import { hash64 } from "../../common/seeds.js";
import type { Oracle } from "../tasks/oracle.js";
import { noiseAt, type ORACLE_NOISE_OPTIONS } from "../tasks/oracle-noise-options.js";
import { createPosterior } from "../tasks/posteriors/create-posterior.js";
import type { Posterior } from "../tasks/posteriors/posterior.js";
import type { Env, Task } from "../tasks/task.js";
import { type ComputedExpert, noiseOf, OPTIMAL, POSTERIOR, samplesOf } from "./computed-experts.js";

/** Follows trials of a task, one after the other. */
export interface TrialLaws {
  /** A trial begins, of an env that is not yet reset. */
  begin(trial: {
    readonly env: Env;
    readonly oracle: Oracle;
    readonly trialId: string;
    readonly noiseSeed: bigint;
  }): void;
  /** Episode number `episode` has begun. */
  beginEpisode(episode: number): void;
  /** Writes the law now, [A], before the step. */
  write(target: Float64Array): void;
  /** The step was taken. */
  observe(action: number): void;
}

/** Laws for trials of a task. @throws TASK_UNSUPPORTED */
export type LawsOf = (task: Task) => TrialLaws;

/** Those of an expert that is no agent. @param options those that differ from their defaults @throws OPTION_UNKNOWN, OPTION_INVALID */
export function lawsOf(expert: ComputedExpert, options: Readonly<Record<string, unknown>>): LawsOf {
  if (expert === OPTIMAL) return evenLaws;
  return expert === POSTERIOR ? posteriorLaws(samplesOf(options)) : noisyLaws(noiseOf(options));
}

/** Of all actions that are best by the truth, the same. */
const evenLaws: LawsOf = ({ numActions }) => {
  const best = new Uint8Array(numActions);
  let now: { readonly env: Env; readonly oracle: Oracle };
  return {
    begin(trial) {
      now = trial;
    },
    beginEpisode() {},
    write(target) {
      const share = 1 / now.oracle.markBest(now.env.stepInEpisode, now.env.state, best);
      for (let a = 0; a < numActions; a += 1) target[a] = best[a] === 1 ? share : 0;
    },
    observe() {},
  };
};

/** Of the behaviour `oracle-noise` with such options: the best action, the lowest index where several are, but with some probability any. */
function noisyLaws(options: Resolved<typeof ORACLE_NOISE_OPTIONS>): LawsOf {
  return (task) => {
    let now: { readonly env: Env; readonly oracle: Oracle };
    let episode = 0;
    return {
      begin(trial) {
        now = trial;
      },
      beginEpisode(begun) {
        episode = begun;
      },
      write(target) {
        const { stepInEpisode, state } = now.env;
        const epsilon = noiseAt(options, task, episode, stepInEpisode);
        target.fill(epsilon / task.numActions);
        target[now.oracle.best(stepInEpisode, state)] += 1 - epsilon;
      },
      observe() {},
    };
  };
}

/** By what an agent was shown, and the task's prior. A task's posterior is made once. */
function posteriorLaws(samples: number): LawsOf {
  const made = new Map<Task, Posterior>();
  return (task) => {
    const posterior = made.get(task) ?? createPosterior(task, samples);
    made.set(task, posterior);
    let env: Env;
    return {
      begin(trial) {
        env = trial.env;
        posterior.begin(env, trial.noiseSeed, rngFromSeed(hash64(["icrl.v1", "posterior", trial.trialId])));
      },
      beginEpisode: (episode) => posterior.beginEpisode(env, episode),
      write: (target) => posterior.write(env, target),
      observe: (action) => posterior.observe(action, env),
    };
  };
}
