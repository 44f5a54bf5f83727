/** A trial of an agent on a task in this process, with no server between. What the policy is told, and when, is as the SDK does it. */
import type { Agent, Trial } from "../../clients/typescript/define-agent.js";
import { trialOf } from "../../clients/typescript/trial-of.js";
import { viewOf } from "../../clients/typescript/trial-view.js";
import { resolveOptions } from "../../common/options.js";
import { rngFromSeed } from "../../common/rng.js";
import { describeTask } from "../../server/tasks/describe-task.js";
import { createOracle } from "../../server/tasks/oracle.js";
import type { Env, Task } from "../../server/tasks/task.js";
import { type PlaySetup, playPolicy, type Step } from "./play-policy.js";

/** What distinguishes a trial. */
export interface TrialSetup extends Pick<PlaySetup, "forced" | "asksProbabilities"> {
  readonly agent: Agent;
  /** Those that differ from their defaults. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly task: Task;
  readonly taskSeed: bigint;
  readonly noiseSeed: bigint;
  readonly agentSeed: bigint;
  /** Stops after so many episodes; all of the task's when absent. */
  readonly episodes?: number;
}

/** What an agent is told when a trial begins. */
export const describeTrial = (task: Task, env: Env): Trial => trialOf(describeTask(task), env.trialFeatures);

/**
 * Plays a trial step by step, judged by the oracle.
 *
 * @throws OPTION_UNKNOWN, OPTION_INVALID, and what the agent throws of a task that it does not play
 */
export function simulateTrial(setup: TrialSetup): Generator<Step, void, void> {
  const { agent, task, options = {}, episodes = task.episodes, forced, asksProbabilities } = setup;
  const env = task.instantiate(setup.taskSeed, setup.noiseSeed);
  const oracle = createOracle(task, env);
  const resolved = resolveOptions(agent.options, options, `agent "${agent.name}"`);
  const trial = describeTrial(task, env);
  const policy = agent.create(trial, resolved, rngFromSeed(setup.agentSeed));
  const play = { episodes, numActions: task.numActions, forced, asksProbabilities, oracle };
  return playPolicy(env, policy, viewOf(trial), play);
}
