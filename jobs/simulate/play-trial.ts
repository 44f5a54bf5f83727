/**
 * Plays an agent on a task in this process, with no server between: for tests and timings of algorithms, which want many trials
 * soon. What the policy is told, and when, is as the runner does it.
 */
import type { Agent, Arms, Outcome, Policy, Trial } from "../../clients/typescript/define-agent.js";
import { resolveOptions } from "../../common/options.js";
import { rngFromSeed } from "../../common/rng.js";
import { trialSeeds } from "../../common/seeds.js";
import { createOracle } from "../../server/tasks/oracle.js";
import type { Env, Task } from "../../server/tasks/task.js";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** One step as the policy saw it, and what it was judged to cost. The object is reused. */
export type Step = Writable<Outcome> & {
  choice: number;
  propensity: number;
  regret: number;
  /** Probability of each action, [A], where the setup asks for them; NaN where unknown. */
  probabilities: Float64Array;
};

/** What distinguishes a trial. */
export interface TrialSetup {
  readonly agent: Agent;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly task: Task;
  readonly taskSeed: bigint;
  readonly noiseSeed: bigint;
  readonly agentSeed: bigint;
  /** Stops after so many episodes; all of the task's when absent. */
  readonly episodes?: number;
  /** Executed in place of the policy's choice, by step of the trial. */
  readonly forced?: (t: number) => number;
  /** Whether the policy is asked for its probabilities before each choice. */
  readonly asksProbabilities?: boolean;
}

/** What an agent is told when a trial begins. */
export function describeTrial(task: Task, env: Env): Trial {
  const space = task.observationSpace;
  const shape = space.type === "box" ? space.shape : task.trialFeaturesShape;
  return {
    task: task.name,
    taskOptions: task.options,
    kinds: task.kinds,
    numActions: task.numActions,
    numStates: space.type === "discrete" ? space.n : 1,
    dim: shape[1] ?? 0,
    arms: env.trialFeatures && armsOf(env.trialFeatures, shape[1] ?? 0),
    horizon: task.horizon,
    episodes: task.episodes,
    reward: { kind: task.reward.kind, min: task.reward.min, max: task.reward.max, noiseStd: task.reward.noiseStd },
  };
}

const armsOf = (data: Float32Array, cols: number): Arms => ({ data, rows: data.length / cols, cols });

/** The policy of a trial with its agent's options resolved. */
export function createPolicy(
  agent: Agent,
  trial: Trial,
  given: Readonly<Record<string, unknown>>,
  seed: bigint,
): Policy {
  return agent.create(trial, resolveOptions(agent.options, given, `agent "${agent.name}"`), rngFromSeed(seed));
}

/** Plays a trial step by step. What was shown to the policy is scribbled over before the next step. */
export function* playSteps(setup: TrialSetup): Generator<Step, void, void> {
  const { agent, task, forced } = setup;
  const env = task.instantiate(setup.taskSeed, setup.noiseSeed);
  const oracle = createOracle(task, env);
  const trial = describeTrial(task, env);
  const policy = createPolicy(agent, trial, setup.options ?? {}, setup.agentSeed);
  const shown = env.features && armsOf(new Float32Array(env.features.length), trial.dim);
  const at: Step = {
    state: 0,
    arms: trial.arms ?? shown,
    episode: 0,
    step: 0,
    action: 0,
    reward: 0,
    nextState: 0,
    terminated: false,
    truncated: false,
    choice: 0,
    propensity: 0,
    regret: 0,
    probabilities: new Float64Array(task.numActions).fill(Number.NaN),
  };
  let t = 0;
  for (let episode = 0; episode < (setup.episodes ?? task.episodes); episode++) {
    env.reset(episode);
    oracle.beginEpisode();
    at.episode = episode;
    for (let step = 0; !env.terminated; step++, t++) {
      at.step = step;
      at.state = env.observation;
      if (shown && env.features) shown.data.set(env.features);
      if (setup.asksProbabilities === true) policy.probabilities?.(at, at.probabilities);
      at.choice = policy.act(at);
      at.propensity = policy.propensity ?? Number.NaN;
      at.action = forced === undefined ? at.choice : forced(t);
      oracle.judge(step, env.state, at.action);
      at.regret = oracle.regret;
      env.step(at.action);
      at.reward = env.reward;
      at.nextState = env.observation;
      at.terminated = env.terminated;
      policy.observe?.(at);
      yield at;
      shown?.data.fill(Number.NaN);
    }
  }
}

/** Cumulative regret of each of `trials` trials, seeded as a series of purpose "validate". */
export function regretsOf(
  setup: Omit<TrialSetup, "taskSeed" | "noiseSeed" | "agentSeed">,
  trials: number,
  seed = 1n,
): Float64Array {
  const regrets = new Float64Array(trials);
  const series = { purpose: "validate", seed, taskId: setup.task.name, entrant: setup.agent.name } as const;
  for (let i = 0; i < trials; i++) {
    for (const { regret } of playSteps({ ...setup, ...trialSeeds(series, BigInt(i)) })) regrets[i] += regret;
  }
  return regrets;
}

/** Mean and its standard error. */
export function meanAndError(values: Float64Array): { mean: number; error: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (n - 1) / n) };
}
