/** Values of MDP tasks by their oracle: what several tests compare with values worked out in another way. */
import { createOracle } from "#icrl/server/tasks/oracle.js";
import type { Task, Truth } from "#icrl/server/tasks/task.js";

/** The truth of an instance of an MDP task. */
export function mdpTruth(task: Task, taskSeed: bigint): Extract<Truth, { type: "mdp" }> {
  const { truth } = task.instantiate(taskSeed, 0n);
  if (truth.type !== "mdp") throw new Error("not an MDP");
  return truth;
}

/** The oracle's value of the first episode of a trial. */
export function firstValue(task: Task, taskSeed: bigint, noiseSeed = 0n): number {
  const env = task.instantiate(taskSeed, noiseSeed);
  const oracle = createOracle(task, env);
  env.reset(0);
  oracle.beginEpisode();
  return oracle.episodeValue;
}
