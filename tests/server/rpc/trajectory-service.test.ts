import { tableFromIPC } from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { introduce, open } from "#icrl/clients/typescript/session.js";
import type { TrajectoryFilter, TrajectorySummary } from "#icrl/proto/gen/icrl/v1/trajectory.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { agentThat, BANDIT, RIVER, randomAgent } from "../../support/tournament.js";

let server: TestServer;
/** What the river agent did and saw, in the order in which it was told, by trial's seed. */
const played: { actions: number[]; rewards: number[]; states: number[] }[] = [];
const regrets: number[] = [];

beforeAll(async () => {
  server = await startTestServer();
  const { connection } = server;
  const watched = agentThat("watched", ({ numActions }, rng) => {
    const trial: (typeof played)[number] = { actions: [], rewards: [], states: [] };
    played.push(trial);
    return {
      propensity: 0.5,
      act: () => rng.integer(numActions),
      observe({ action, reward, state }) {
        trial.actions.push(action);
        trial.rewards.push(reward);
        trial.states.push(state);
      },
    };
  });
  const onTrialEnd = (end: { regret?: number | undefined }) => regrets.push(end.regret as number);
  await playAgent(connection, watched, {
    task: RIVER.task,
    taskOptions: RIVER.options,
    trials: 6,
    onTrialEnd,
    tags: { note: "a" },
  });
  await playAgent(connection, randomAgent("other"), {
    task: BANDIT.task,
    taskOptions: BANDIT.options,
    trials: 25,
    numEnvs: 5,
  });
});
afterAll(() => server.dispose());

const list = (filter: TrajectoryFilter | undefined, pageSize = 0, pageToken = "") =>
  server.connection.listTrajectories({ filter, pageSize, pageToken });

test("pages put together are the whole list, whatever their size", async () => {
  const all = await list(undefined, 10_000);
  expect(all.nextPageToken).toBe("");
  expect(all.trajectories.length).toBe(6 * 4 + 25);
  for (const pageSize of [1, 7, 49, 50]) {
    const rows: TrajectorySummary[] = [];
    let token = "";
    let pages = 0;
    do {
      const page = await list(undefined, pageSize, token);
      expect(page.trajectories.length).toBeLessThanOrEqual(pageSize);
      rows.push(...page.trajectories);
      token = page.nextPageToken;
      pages += 1;
    } while (token !== "" && (pageSize > 1 || pages < 5));
    if (pageSize > 1) expect(pages).toBe(Math.ceil(49 / pageSize));
    expect(rows).toEqual(all.trajectories.slice(0, rows.length));
  }
});

test("a page token holds while others play", async () => {
  const first = await list({ agent: "other" }, 20);
  await playAgent(server.connection, randomAgent("late"), {
    task: BANDIT.task,
    taskOptions: BANDIT.options,
    trials: 3,
  });
  const second = await list({ agent: "other" }, 20, first.nextPageToken);
  expect(second.nextPageToken).toBe("");
  const trials = [...first.trajectories, ...second.trajectories].map((row) => Number(row.trialIndex));
  expect(trials.sort((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, i) => i));
});

test("every member of a filter that is set must match", async () => {
  const count = async (filter: TrajectoryFilter) => (await list(filter, 10_000)).trajectories.length;
  const [one] = (await list({ agent: "watched" }, 1)).trajectories;
  expect(await count({ task: "river-swim" })).toBe(24);
  expect(await count({ task: "river-swim", agent: "other" })).toBe(0);
  expect(await count({ agent: "other", complete: true })).toBe(25);
  expect(await count({ agent: "other", complete: false })).toBe(0);
  expect(await count({ sessionId: one.sessionId })).toBe(24);
  expect(await count({ entrant: "other" })).toBe(0);
  expect(await count({ tournamentId: "none" })).toBe(0);
  expect(await count({ task: "'; DROP TABLE trajectories; --" })).toBe(0);
});

test("a summary says who played what, and how it went", async () => {
  const { trajectories } = await list({ agent: "watched" }, 4);
  expect(trajectories[0]).toMatchObject({
    trialIndex: 0n,
    task: "river-swim",
    taskVersion: 1,
    taskOptions: RIVER.options,
    agent: "watched",
    entrant: undefined,
    tournamentId: undefined,
    length: 3,
    complete: true,
    endReason: "horizon",
  });
  expect(trajectories.map((row) => row.episodeIndex)).toEqual([0, 1, 2, 3]);
  expect(new Set(trajectories.map((row) => row.trialId)).size).toBe(1);
  expect(trajectories.map((row) => row.episodeId)).toEqual(
    trajectories.map((row) => `${row.trialId}-${row.episodeIndex}`),
  );
  expect(trajectories.reduce((sum, row) => sum + (row.regret as number), 0)).toBeCloseTo(regrets[0], 10);
  expect(Math.abs(Date.now() - (trajectories[0].startedAt as Date).getTime())).toBeLessThan(600_000);
});

test("what is streamed as Arrow and read back is what was played", async () => {
  const rows: Record<string, unknown>[] = [];
  for await (const chunk of server.connection.streamTrajectories({ filter: { agent: "watched" }, limit: 0n })) {
    const table = tableFromIPC(chunk.arrowIpc);
    expect(table.numRows).toBe(chunk.rows);
    rows.push(...table.toArray().map((row) => row.toJSON() as Record<string, unknown>));
  }
  expect(rows.length).toBe(24);
  const list = (row: Record<string, unknown>, column: string) => [...(row[column] as Iterable<number>)];
  for (const [index, trial] of played.entries()) {
    const episodes = rows.filter((row) => row.trial_index === BigInt(index));
    expect(episodes.map((row) => row.episode_index)).toEqual([0, 1, 2, 3]);
    expect(episodes.flatMap((row) => list(row, "actions"))).toEqual(trial.actions);
    expect(episodes.flatMap((row) => list(row, "rewards"))).toEqual(trial.rewards);
    expect(episodes.flatMap((row) => list(row, "observations").slice(0, -1))).toEqual(trial.states);
    expect(episodes.flatMap((row) => list(row, "propensities"))).toEqual(trial.actions.map(() => 0.5));
    expect(episodes.reduce((sum, row) => sum + (row.regret as number), 0)).toBeCloseTo(regrets[index], 10);
    for (const row of episodes) {
      expect(JSON.parse(row.task_options as string)).toEqual(RIVER.options);
      expect(JSON.parse(row.tags as string)).toEqual({ note: "a" });
    }
  }
});

test("a limit bounds the episodes of a stream, and a stream that is left is no trouble", async () => {
  let rows = 0;
  for await (const chunk of server.connection.streamTrajectories({ filter: undefined, limit: 10n })) rows += chunk.rows;
  expect(rows).toBe(10);
  for await (const chunk of server.connection.streamTrajectories({ filter: undefined, limit: 0n })) {
    expect(chunk.rows).toBeGreaterThan(0);
    break;
  }
  expect((await list(undefined, 1)).trajectories.length).toBe(1);
});

test.each([
  ["a page size above the limit", { pageSize: 10_001, pageToken: "" }],
  ["a token that is none", { pageSize: 1, pageToken: "next" }],
  ["a token of another filter", { pageSize: 1, pageToken: "other" }],
])("%s is PAGE_INVALID", async (_, { pageSize, pageToken }) => {
  const token = pageToken === "other" ? (await list({ agent: "other" }, 1)).nextPageToken : pageToken;
  await expect(list({ agent: "watched" }, pageSize, token)).rejects.toMatchObject({ reason: "PAGE_INVALID" });
});

test("episodes that are still being played are not in the log", async () => {
  const before = (await list(undefined, 10_000)).trajectories.length;
  const stream = server.connection.play();
  await introduce(stream, { agent: "playing" });
  await open(stream, { task: BANDIT.task, taskOptions: BANDIT.options });
  await stream.next();
  expect((await list(undefined, 10_000)).trajectories.length).toBe(before);
  stream.cancel();
});
