/**
 * What is known of a trial's instance from what an agent was shown and did, by the prior that the task's options are: the law of the best action given the history.
 * A model that learns the best action of instances drawn anew, from histories, can learn this law and no more; its entropy is the least loss that there is.
 *
 * It is for labels. In play nobody is told: that would be an expert who knows the prior.
 *
 * Source: Lee et al. (2023), arXiv 2306.14892 (the population target of DPT); Lin, Bai & Mei (2023), arXiv 2310.08566.
 */
import type { Rng } from "../../../common/rng.js";
import type { Env } from "../task.js";

/** Of an env what an agent is shown. */
export type Shown = Pick<Env, "trialFeatures" | "features" | "observation" | "reward" | "terminated" | "stepInEpisode">;

/** Follows trials, one after the other. */
export interface Posterior {
  /**
   * A trial begins.
   *
   * @param noiseSeed of the trial: what does not depend on the instance, as where episodes start, is as it was
   * @param rng for what is sampled
   */
  begin(env: Shown, noiseSeed: bigint, rng: Rng): void;
  /** Episode number `episode` has begun. */
  beginEpisode(env: Shown, episode: number): void;
  /** Writes the chance of each action to be the best now, [A], ties shared evenly. Call before each step. */
  write(env: Shown, target: Float64Array): void;
  /** A step was taken; `env` is as it left it. */
  observe(action: number, env: Shown): void;
}
