/**
 * What holds for every registered agent on every registered task that it plays: the server's log of a play is what the play was. Each
 * pair plays on one real server, through the SDK; the log is then played again by the verifier, and by the simulator in this process
 * that parity and golden regrets rely on.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { Agent } from "#icrl/clients/typescript/define-agent.js";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { IcrlError } from "#icrl/common/errors.js";
import { playsTask } from "#icrl/common/plays-task.js";
import { trialSeeds } from "#icrl/common/seeds.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { smallTasks } from "#icrl/jobs/conformance/small-tasks.js";
import { describeTrial, simulateTrial } from "#icrl/jobs/simulate/simulate-trial.js";
import type { Task } from "#icrl/server/tasks/task.js";
import type { LogReport } from "#icrl/server/trajectories/verify.js";
import { createPolicy } from "../support/create-policy.js";
import { readLog, startTestServer, verify } from "../support/server.js";
import { testedAgents } from "../support/tested-agents.js";

const SEED = 2n ** 64n - 3n;
const TRIALS = 3;

interface Pair {
  readonly agent: Agent;
  readonly task: Task;
}

/** Whether it refuses the task when a trial begins, though it plays tasks of that kind: rewards without bounds, say. */
function refuses({ agent, task }: Pair): boolean {
  try {
    createPolicy(agent, describeTrial(task, task.instantiate(1n, 2n)), {}, 3n);
    return false;
  } catch (error) {
    if (error instanceof IcrlError && error.reason === "TASK_UNSUPPORTED") return true;
    throw error;
  }
}

const TASKS = smallTasks();
const PAIRS: readonly Pair[] = testedAgents.flatMap((agent) =>
  TASKS.filter((task) => playsTask(agent.tasks, task.name, task.kinds))
    .map((task) => ({ agent, task }))
    .filter((pair) => !refuses(pair)),
);

let report: LogReport;
/** Rows of each pair, in the order of trials and episodes. */
let rowsOf: TrajectoryRow[][];

beforeAll(async () => {
  const server = await startTestServer();
  try {
    for (const [pair, { agent, task }] of PAIRS.entries()) {
      const tags = { pair: String(pair) };
      const what = { task: task.name, taskOptions: task.options, seed: SEED, trials: TRIALS, numEnvs: 2, tags };
      await playAgent(server.connection, agent, what);
    }
    await server.close();
    report = await verify(server.dataDir);
    rowsOf = PAIRS.map(() => []);
    for (const row of await readLog(server.dataDir)) rowsOf[Number(JSON.parse(row.tags).pair)].push(row);
  } finally {
    await server.dispose();
  }
  for (const rows of rowsOf) {
    rows.sort((a, b) => Number(a.trial_index - b.trial_index) || a.episode_index - b.episode_index);
  }
});

/** What differs between the logged trials of a pair and the same trials played without a server. */
function differenceFromPlay({ agent, task }: Pair, rows: readonly TrajectoryRow[]): string | undefined {
  const left = [...rows];
  for (let trial = 0; trial < TRIALS; trial++) {
    const seeds = trialSeeds({ purpose: "play", seed: SEED, taskId: task.name, entrant: agent.name }, BigInt(trial));
    let row: TrajectoryRow | undefined;
    for (const { view: at, propensity, regret } of simulateTrial({ agent, task, ...seeds })) {
      if (at.step === 0) row = left.shift();
      const where = `trial ${trial}, episode ${at.episode}, step ${at.step}`;
      if (row === undefined) return `${where}: is not in the log`;
      const played: [name: string, logged: unknown, played: unknown][] = [
        ["trial", row.trial_index, BigInt(trial)],
        ["episode", row.episode_index, at.episode],
        ["action", row.actions.at(at.step), at.action],
        ["reward", row.rewards.at(at.step), at.reward],
        ["propensity", row.propensities?.at(at.step) ?? Number.NaN, Math.fround(propensity)],
        ["regret", row.regrets?.at(at.step), regret],
        ["terminated", row.terminated && at.step === row.length - 1, at.terminated],
      ];
      if (task.observationSpace.type === "discrete") {
        played.push(["state", row.observations?.at(at.step), at.state]);
        played.push(["next state", row.observations?.at(at.step + 1), at.nextState]);
      }
      const different = played.find(([, logged, now]) => !Object.is(logged, now));
      if (different !== undefined) {
        const [name, logged, now] = different;
        return `${where}: ${name} is ${logged} in the log, and ${now} when it is played here`;
      }
    }
  }
  return left.length === 0 ? undefined : `the log has ${left.length} episodes that are not played here`;
}

test("every agent plays some task, and every task is played", () => {
  expect(testedAgents.filter((agent) => !PAIRS.some((pair) => pair.agent === agent)).map(({ name }) => name)).toEqual(
    [],
  );
  expect(TASKS.filter((task) => !PAIRS.some((pair) => pair.task === task)).map(({ name }) => name)).toEqual([]);
});

test("every episode of the log, played again from its seeds and actions, is the same bit for bit", () => {
  expect(report.problems).toEqual([]);
  const episodes = PAIRS.reduce((sum, { task }) => sum + TRIALS * task.episodes, 0);
  expect(report.episodes).toBe(episodes);
});

describe.each(testedAgents.map((agent) => [agent.name, agent] as const))("of %s", (_, agent) => {
  const own = () => [...PAIRS.entries()].filter(([, pair]) => pair.agent === agent);

  test("the log has the actions, rewards, states and propensities that the same trials have without a server", () => {
    for (const [i, pair] of own()) {
      expect(differenceFromPlay(pair, rowsOf[i]), `${pair.task.name} ${JSON.stringify(pair.task.options)}`).toBe(
        undefined,
      );
    }
  });

  test("the logged propensities are probabilities, and the regrets are none below 0 and add up to the episode's", () => {
    for (const [i, { task }] of own()) {
      for (const row of rowsOf[i]) {
        const where = `${task.name}, ${row.episode_id}`;
        for (const p of row.propensities ?? []) expect(Number.isNaN(p) || (p > 0 && p <= 1), where).toBe(true);
        const regrets = [...(row.regrets ?? [])];
        expect(regrets.length, where).toBe(row.length);
        expect(Math.min(...regrets), where).toBeGreaterThanOrEqual(0);
        expect(row.regret, where).toBe(regrets.reduce((sum, regret) => sum + regret, 0));
        expect(row.return, where).toBe(row.rewards.reduce((sum, reward) => sum + reward, 0));
        expect(row.optimal_value, where).not.toBeNull();
      }
    }
  });
});

test("a log that differs from the play in one action, reward or episode is found", () => {
  const pair = PAIRS.findIndex(({ task }) => task.episodes > 1);
  const [row, ...rest] = rowsOf[pair];
  const differences = [
    [{ ...row, actions: row.actions.map((action) => action + 1) }, ...rest],
    [{ ...row, rewards: row.rewards.map((reward) => Math.fround(reward + 1e-3)) }, ...rest],
    [{ ...row, propensities: null }, ...rest],
    rest,
    [row, ...rest, row],
  ].map((rows) => differenceFromPlay(PAIRS[pair], rows));
  expect(differences).toEqual([
    expect.stringContaining("action"),
    expect.stringContaining("reward"),
    expect.stringContaining("propensity"),
    expect.stringContaining("episode"),
    "the log has 1 episodes that are not played here",
  ]);
});
