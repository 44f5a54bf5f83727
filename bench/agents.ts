/**
 * What agents cost: `npm run bench:agents [-- AGENT ...] [-- --json] [-- --quick]`.
 *
 * CPU microseconds of an action (act and observe together, planning included) with many policies alive, in the order in which a
 * lock-step session calls them, for every agent on every standard task that it plays (standard-tasks.ts); then how that grows as one
 * dimension of the task is doubled twice. No server, no messages, no env: each policy plays its own trial once, which is recorded, and
 * is then timed on the same trial from the same seed, so that it decides just as it did. The least of several rounds counts.
 *
 * `bytes` is what an action leaves for the garbage collector, where that can be seen (the heap's growth over a round).
 */
import { agents, findAgent } from "../agents/registry.js";
import type { Agent, Arms, Outcome } from "../clients/typescript/define-agent.js";
import { IcrlError } from "../common/errors.js";
import { type OptionValue, resolveOptions } from "../common/options.js";
import { playsTask } from "../common/plays-task.js";
import { rngFromSeed } from "../common/rng.js";
import { describeTrial, simulateTrial } from "../jobs/simulate/simulate-trial.js";
import { buildTask } from "../server/tasks/registry.js";
import type { Task } from "../server/tasks/task.js";
import { benchFlags } from "./bench-flags.js";
import { STANDARD_TASKS } from "./standard-tasks.js";

const { values: flags, positionals } = benchFlags(
  "bench:agents",
  { json: { type: "boolean", default: false }, quick: { type: "boolean", default: false } },
  "[AGENT ...]",
);
const ROUNDS = flags.quick ? 2 : 5;
/** Actions of a round, and the most policies among which they are shared. */
const ACTIONS = flags.quick ? 20_000 : 100_000;
const POLICIES = 512;

/** Dimensions of the tasks whose growth is looked at, by the letter that the pages of the agents use. */
const GROWTH: readonly { task: string; from: Record<string, OptionValue>; dimensions: Record<string, string> }[] = [
  { task: "linear-bandit", from: { dim: 5, actions: 10, horizon: 100 }, dimensions: { d: "dim", A: "actions" } },
  { task: "bernoulli-bandit", from: { arms: 5, horizon: 100 }, dimensions: { A: "arms", T: "horizon" } },
  {
    task: "random-mdp",
    from: { states: 5, actions: 3, horizon: 5, episodes: 20, rewards: "bernoulli" },
    dimensions: { S: "states", A: "actions", H: "horizon", K: "episodes" },
  },
];

/** One trial as it was played: enough to play it again without its env. */
interface Recording {
  readonly agentSeed: bigint;
  readonly outcomes: readonly Outcome[];
}

/** What an agent costs on a task. */
interface Cost {
  /** CPU microseconds an action. */
  readonly actionUs: number;
  /** CPU microseconds to make a policy. */
  readonly createUs: number;
  /** Bytes an action allocates; undefined where the collector ran in every round. */
  readonly bytes: number | undefined;
}

function record(agent: Agent, task: Task, seed: bigint): Recording {
  const setup = { agent, task, taskSeed: seed, noiseSeed: seed + 1_000_000n, agentSeed: seed + 2_000_000n };
  const outcomes = Array.from(simulateTrial(setup), ({ view }) => ({ ...view, arms: copyOf(view.arms) }));
  return { agentSeed: setup.agentSeed, outcomes };
}

function copyOf(arms: Arms | undefined): Arms | undefined {
  return arms && { ...arms, data: arms.data.slice() };
}

/** Undefined where the agent refuses the task. */
function costOf(agent: Agent, task: Task): Cost | undefined {
  const length = task.horizon * task.episodes;
  const numPolicies = Math.max(1, Math.min(POLICIES, Math.floor(ACTIONS / length)));
  const recordings: Recording[] = [];
  try {
    // A few different trials, each played by many policies: recordings are memory too.
    for (let i = 0; i < Math.min(numPolicies, 16); i++) recordings.push(record(agent, task, BigInt(i)));
  } catch (error) {
    if (error instanceof IcrlError && error.reason === "TASK_UNSUPPORTED") return undefined;
    throw error;
  }
  const rounds = Array.from({ length: ROUNDS }, () => round(agent, task, recordings, numPolicies));
  const seen = rounds.map(({ bytes }) => bytes).filter((bytes) => bytes !== undefined);
  return {
    actionUs: Math.min(...rounds.map(({ actionUs }) => actionUs)),
    createUs: Math.min(...rounds.map(({ createUs }) => createUs)),
    bytes: seen.length === 0 ? undefined : Math.min(...seen),
  };
}

function round(agent: Agent, task: Task, recordings: readonly Recording[], numPolicies: number): Cost {
  const trials = recordings.map((_, i) => describeTrial(task, task.instantiate(BigInt(i), 0n)));
  const steps = Math.min(...recordings.map(({ outcomes }) => outcomes.length));
  const options = resolveOptions(agent.options, {}, agent.name);
  const rngs = Array.from({ length: numPolicies }, (_, n) => rngFromSeed(recordings[n % recordings.length].agentSeed));
  const started = process.cpuUsage().user;
  const policies = Array.from({ length: numPolicies }, (_, n) => {
    return agent.create(trials[n % trials.length], options, rngs[n]);
  });
  const created = process.cpuUsage().user;
  const heapBefore = process.memoryUsage().heapUsed;
  for (let t = 0; t < steps; t++) {
    for (let n = 0; n < numPolicies; n++) {
      const outcome = recordings[n % recordings.length].outcomes[t];
      policies[n].act(outcome);
      policies[n].observe?.(outcome);
    }
  }
  const ended = process.cpuUsage().user;
  const grown = process.memoryUsage().heapUsed - heapBefore;
  return {
    actionUs: (ended - created) / (steps * numPolicies),
    createUs: (created - started) / numPolicies,
    bytes: grown < 0 ? undefined : grown / (steps * numPolicies),
  };
}

const plays = (agent: Agent, task: Task): boolean => playsTask(agent.tasks, task.name, task.kinds);
const us = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(0));
/** The transformer plays only with a checkpoint; `npm run bench:decide` times it. */
const TIMED = agents.filter(({ name }) => name !== "transformer");
const chosen = positionals.length === 0 ? TIMED : positionals.map(findAgent);
const costs: ({ agent: string; setting: string } & Cost)[] = [];
const growth: { agent: string; task: string; dimension: string; sizes: number[]; actionUs: number[] }[] = [];
const print = (line: string): void => {
  if (!flags.json) console.log(line);
};

print(
  `${"agent".padEnd(16)}${"setting".padEnd(14)}${"us an action".padStart(13)}${"us to create".padStart(14)}  bytes`,
);
for (const agent of chosen) {
  for (const { id, task: name, options } of STANDARD_TASKS) {
    const task = buildTask(name, options);
    const cost = plays(agent, task) ? costOf(agent, task) : undefined;
    if (cost === undefined) continue;
    costs.push({ agent: agent.name, setting: id, ...cost });
    const bytes = cost.bytes === undefined ? "?" : cost.bytes.toFixed(0);
    print(
      `${agent.name.padEnd(16)}${id.padEnd(14)}${us(cost.actionUs).padStart(13)}${us(cost.createUs).padStart(14)}${bytes.padStart(7)}`,
    );
  }
}

print(`\n${"agent".padEnd(16)}${"task".padEnd(18)}us an action as one dimension doubles, the others as at first`);
for (const agent of chosen) {
  for (const { task: name, from, dimensions } of GROWTH) {
    if (!plays(agent, buildTask(name, from))) continue;
    for (const [dimension, option] of Object.entries(dimensions)) {
      const sizes = [1, 2, 4].map((factor) => Number(from[option]) * factor);
      const grown = sizes.map((size) => costOf(agent, buildTask(name, { ...from, [option]: size }))?.actionUs);
      const actionUs = grown.filter((value) => value !== undefined);
      if (actionUs.length < grown.length) continue;
      growth.push({ agent: agent.name, task: name, dimension, sizes, actionUs });
      const cells = sizes.map((size, i) => `${dimension}=${size} ${us(actionUs[i])}`).join("   ");
      const exponent = Math.log2(actionUs[2] / actionUs[0]) / 2;
      print(`${agent.name.padEnd(16)}${name.padEnd(18)}${cells}   ~ ${dimension}^${exponent.toFixed(1)}`);
    }
  }
}
if (flags.json) console.log(JSON.stringify({ costs, growth }, undefined, 2));
