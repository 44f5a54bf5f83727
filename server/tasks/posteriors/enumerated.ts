/**
 * Instances that can be counted, in which nothing but where episodes start is left to chance: each is played along with the trial, and those that show something else are ruled
 * out. What is left is equally likely, and the law of the best action is the mean of theirs.
 */
import { createOracle, type Oracle } from "../oracle.js";
import type { Env, Prior, Task } from "../task.js";
import type { Posterior, Shown } from "./posterior.js";

/** An instance, and how it judges. */
interface Candidate {
  readonly env: Env;
  readonly oracle: Oracle;
}

/** The posterior: exact. */
export function enumeratedPosterior(task: Task, prior: Extract<Prior, { type: "enumerated" }>): Posterior {
  const all = Array.from({ length: prior.count }, (_, index): Candidate => {
    const env = prior.instantiate(index);
    return { env, oracle: createOracle(task, env) };
  });
  const best = new Uint8Array(task.numActions);
  let possible: Candidate[] = [];
  const keep = (env: Shown): void => {
    possible = possible.filter(
      ({ env: own }) => own.observation === env.observation && own.terminated === env.terminated,
    );
  };
  return {
    begin(_env, noiseSeed) {
      possible = all.map(({ env, oracle }) => ({ env: env.fork(noiseSeed), oracle }));
    },
    beginEpisode(env, episode) {
      for (const { env: own } of possible) own.reset(episode);
      keep(env);
    },
    write(_env, target) {
      target.fill(0);
      for (const { env, oracle } of possible) {
        const share = 1 / oracle.markBest(env.stepInEpisode, env.state, best) / possible.length;
        for (let a = 0; a < best.length; a++) if (best[a] === 1) target[a] += share;
      }
    },
    observe(action, env) {
      for (const { env: own } of possible) own.step(action);
      possible = possible.filter(({ env: own }) => own.reward === env.reward);
      keep(env);
    },
  };
}
