/**
 * Golden traces: each agent's side of one recorded trial. The trace holds all that the policy was told, so it changes
 * only when the agent's choices do, whatever becomes of the tasks.
 *
 * To record an agent's anew (with its `version` raised, when it is a change of an agent that was released), or all of them with NAME `all`,
 * which another processor may round otherwise within what is allowed here:
 *
 *   npm run build && ICRL_RECORD_GOLDEN=NAME npx vitest run --project fast tests/agents/golden.test.ts
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { STANDARD_TASKS } from "#icrl/bench/standard-tasks.js";
import type { Agent, RewardSpec, Trial } from "#icrl/clients/typescript/define-agent.js";
import type { IcrlError } from "#icrl/common/errors.js";
import { playsTask } from "#icrl/common/plays-task.js";
import { simulate } from "#icrl/jobs/simulate/simulate.js";
import { describeTrial, simulateTrial } from "#icrl/jobs/simulate/simulate-trial.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import type { Task } from "#icrl/server/tasks/task.js";
import { createPolicy } from "../support/create-policy.js";
import { meanAndError } from "../support/mean-and-error.js";
import { testedAgents } from "../support/tested-agents.js";

interface Golden {
  readonly agent: string;
  readonly agent_version: string;
  readonly agent_seed: string;
  readonly trial: {
    readonly task: string;
    readonly task_options: Readonly<Record<string, unknown>>;
    readonly kinds: readonly string[];
    readonly num_actions: number;
    readonly num_states: number;
    readonly dim: number;
    /** Row-major [num_actions, dim]. */
    readonly arms: readonly number[] | null;
    readonly horizon: number;
    readonly episodes: number;
    readonly reward: { kind: RewardSpec["kind"]; min: number | null; max: number | null; noise_std: number | null };
  };
  /** Cumulative regret on each standard task that it plays: mean over the trials of seed 1, and its standard error. */
  readonly regrets: readonly { setting: string; trials: number; mean: number; standard_error: number }[];
  /** [episode, step, state, action, propensity (null: unknown), reward, next state, terminated] */
  readonly steps: [number, number, number, number, number | null, number, number, boolean][];
}

const SEED = 20231012n;
const RECORDED = process.env["ICRL_RECORD_GOLDEN"];
/** The first that an agent plays is the one of its trace. */
const TRACED = [
  buildTask("bernoulli-bandit", { arms: 4, horizon: 40 }),
  buildTask("linear-bandit", { dim: 2, actions: 4, horizon: 40 }),
  buildTask("river-swim", { states: 3, horizon: 4, episodes: 10 }),
];
/** Trials behind each golden regret: fewer of many episodes, which some agents plan for at length. */
const trialsOf = (task: Task): number => (task.episodes === 1 ? 50 : 10);
const pathOf = (agent: Agent) => new URL(`../golden/agents/${agent.name}.json`, import.meta.url);

function trialToJson({ task, kinds, dim, arms, horizon, episodes, ...trial }: Trial): Golden["trial"] {
  const { kind, min, max, noiseStd } = trial.reward;
  return {
    task,
    task_options: trial.taskOptions,
    kinds,
    num_actions: trial.numActions,
    num_states: trial.numStates,
    dim,
    arms: arms ? Array.from(arms.data) : null,
    horizon,
    episodes,
    reward: { kind, min: min ?? null, max: max ?? null, noise_std: noiseStd ?? null },
  };
}

function trialFromJson({ task, kinds, dim, arms, horizon, episodes, ...trial }: Golden["trial"]): Trial {
  const { kind, min, max, noise_std } = trial.reward;
  return {
    task,
    taskOptions: trial.task_options,
    kinds,
    numActions: trial.num_actions,
    numStates: trial.num_states,
    dim,
    arms: arms ? { data: Float32Array.from(arms), rows: trial.num_actions, cols: dim } : undefined,
    horizon,
    episodes,
    reward: { kind, min: min ?? undefined, max: max ?? undefined, noiseStd: noise_std ?? undefined },
  };
}

/** What it costs on the standard tasks that it plays, with its default options. */
function regretsOfAgent(agent: Agent): Golden["regrets"] {
  return STANDARD_TASKS.map(({ id, task, options }) => ({ id, task: buildTask(task, options) }))
    .filter(({ task }) => playsTask(agent.tasks, task.name, task.kinds))
    .flatMap(({ id, task }) => {
      try {
        const { mean, error } = meanAndError(simulate({ agent, task, trials: trialsOf(task) }));
        return [{ setting: id, trials: trialsOf(task), mean, standard_error: error }];
      } catch (error) {
        if ((error as IcrlError).reason === "TASK_UNSUPPORTED") return [];
        throw error;
      }
    });
}

function record(agent: Agent): Golden {
  const task = TRACED.find(({ name, kinds }) => playsTask(agent.tasks, name, kinds));
  if (task === undefined) throw new Error(`no task here is one that ${agent.name} plays: add one to TRACED`);
  const seeds = { taskSeed: SEED, noiseSeed: SEED + 1n, agentSeed: SEED + 2n };
  const trial = describeTrial(task, task.instantiate(seeds.taskSeed, seeds.noiseSeed));
  return {
    agent: agent.name,
    agent_version: agent.version,
    agent_seed: String(seeds.agentSeed),
    trial: trialToJson(trial),
    regrets: regretsOfAgent(agent),
    steps: Array.from(simulateTrial({ agent, task, ...seeds }), ({ view, choice, propensity }) => [
      view.episode,
      view.step,
      view.state,
      choice,
      Number.isNaN(propensity) ? null : propensity,
      view.reward,
      view.nextState,
      view.terminated,
    ]),
  };
}

/** JSON with a line for each step. */
function textOf({ steps, ...head }: Golden): string {
  const rows = steps.map((step) => `    ${JSON.stringify(step)}`).join(",\n");
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "steps": [\n${rows}\n  ]\n}\n`;
}

describe.each(testedAgents.map((agent) => [agent.name, agent] as const))("%s", (_name, agent) => {
  if (RECORDED === agent.name || RECORDED === "all") writeFileSync(pathOf(agent), textOf(record(agent)));

  it("has a golden trace of this version", () => {
    expect(existsSync(pathOf(agent)), `record it: the command is in ${import.meta.filename}`).toBe(true);
    const golden = JSON.parse(readFileSync(pathOf(agent), "utf8")) as Golden;
    expect([golden.agent, golden.agent_version]).toEqual([agent.name, agent.version]);
    expect(golden.steps.length).toBe(40);
  });

  it("has the regrets of its golden file on the standard tasks", () => {
    const golden = JSON.parse(readFileSync(pathOf(agent), "utf8")) as Golden;
    const regrets = regretsOfAgent(agent);
    expect(regrets.map(({ setting }) => setting)).toEqual(golden.regrets.map(({ setting }) => setting));
    // One choice that falls otherwise moves a mean by far more than rounding does.
    for (const [i, { setting, mean }] of golden.regrets.entries()) {
      expect(Math.abs(regrets[i].mean - mean), setting).toBeLessThanOrEqual(1e-9 * Math.max(mean, 1));
    }
  }); // PSRL draws and solves thousands of models

  it("chooses as in its golden trace", () => {
    const golden = JSON.parse(readFileSync(pathOf(agent), "utf8")) as Golden;
    const trial = trialFromJson(golden.trial);
    const policy = createPolicy(agent, trial, {}, BigInt(golden.agent_seed));
    for (const [episode, step, state, action, propensity, reward, nextState, terminated] of golden.steps) {
      const turn = { state, arms: trial.arms, episode, step };
      const at = `episode ${episode}, step ${step}`;
      expect(policy.act(turn), at).toBe(action);
      const stated = policy.propensity ?? Number.NaN;
      if (propensity === null) expect(stated, at).toBeNaN();
      else expect(stated, at).toBeCloseTo(propensity, agent.name === "transformer" ? 6 : 12); // it computes in float32
      policy.observe?.({ ...turn, action, reward, nextState, terminated, truncated: false });
    }
  });
});
