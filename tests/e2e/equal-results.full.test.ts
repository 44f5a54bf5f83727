import { createHash } from "node:crypto";
import { tableFromIPC } from "apache-arrow";
import { expect, test } from "vitest";
import { findAgent } from "#icrl/agents/registry.js";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import type { TournamentSpec } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { TournamentResults } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { PROGRAM, readLog, serverForTest, startProcess, type TestServer, verify } from "../support/server.js";
import { create, finished, NO_KEY } from "../support/tournament.js";

/** Columns of "same content": all but who played it where and when. */
const OUTSIDE = ["session_id", "env_index", "started_at", "agent_ms"];

/** Every episode's whole content by its id. */
async function contentOf(server: TestServer): Promise<Map<string, string>> {
  await server.close();
  expect((await verify(server.dataDir)).problems).toEqual([]);
  const rows = await readLog(server.dataDir);
  const contents = rows.map((row: TrajectoryRow): [string, string] => {
    const content = Object.entries(row)
      .filter(([column]) => !OUTSIDE.includes(column))
      .map(([column, value]) => [
        column,
        typeof value === "bigint"
          ? String(value)
          : ArrayBuffer.isView(value)
            ? [...(value as Float32Array)].map(bits)
            : value,
      ]);
    return [row.episode_id, JSON.stringify(content)];
  });
  expect(new Set(contents.map(([id]) => id)).size).toBe(contents.length);
  return new Map(contents.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const view = new DataView(new ArrayBuffer(8));
/** A number by its bits: NaN and -0 are told apart. */
function bits(value: number): string {
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16);
}

const GAMES = [
  { agent: "lin-ucb", task: "linear-bandit", taskOptions: { dim: 3, actions: 4, horizon: 25 } },
  { agent: "lin-thompson", task: "linear-bandit", taskOptions: { dim: 3, actions: 4, horizon: 25, arm_set: "fresh" } },
  { agent: "q-learning", task: "river-swim", taskOptions: { states: 4, horizon: 5, episodes: 6 } },
] as const;

test.each(GAMES)(
  "$agent plays the same trials on $task bit for bit, whatever the number of envs and streams",
  async ({ agent, task, taskOptions }) => {
    const trials = 70;
    const ways = [
      { numEnvs: 1, streams: 1 },
      { numEnvs: 3, streams: 1 },
      { numEnvs: 64, streams: 1 },
      { numEnvs: 64, streams: 4 },
    ];
    let first: Map<string, string> | undefined;
    let firstEnds: string[] | undefined;
    for (const way of ways) {
      const server = await serverForTest();
      const ends: string[] = [];
      await playAgent(server.connection, findAgent(agent), {
        task,
        taskOptions,
        trials,
        seed: 77n,
        ...way,
        onTrialEnd: (end) =>
          ends.push(
            `${String(end.trialIndex).padStart(3)} ${bits(end.trialReturn)} ${bits(end.regret as number)} ${bits(end.optimalValue as number)}`,
          ),
      });
      const content = await contentOf(server);
      expect(content.size).toBe(trials * (task === "river-swim" ? 6 : 1));
      first ??= content;
      firstEnds ??= ends.sort();
      expect(ends.sort()).toEqual(firstEnds);
      expect([...content.keys()]).toEqual([...first.keys()]);
      for (const [id, text] of content) if (text !== first.get(id)) expect(text).toBe(first.get(id));
    }
  },
  60_000,
);

const SPEC: TournamentSpec = {
  name: "equal",
  seed: 9n,
  trials: 40,
  tasks: [
    { id: "linear", task: "linear-bandit", options: { dim: 2, actions: 4, horizon: 20 } },
    { id: "coins", task: "bernoulli-bandit", options: { arms: 3, horizon: 20 } },
    { id: "river", task: "river-swim", options: { states: 4, horizon: 4, episodes: 5 } },
  ],
  agents: [
    { name: "a", agent: "lin-ucb", options: {}, tasks: [] },
    { name: "b", agent: "thompson", options: {}, tasks: [] },
    { name: "c", agent: "uniform", options: {}, tasks: [] },
  ],
};

/** A tournament's outcome: results and trials as bytes, and what the log has of it. */
async function outcomeOf(server: TestServer, id: string) {
  const { results } = await finished(server.connection, id);
  const trials: string[] = [];
  for await (const { arrowIpc } of server.connection.streamTrials({ id })) {
    for (const row of tableFromIPC(arrowIpc).toArray()) trials.push(Object.values(row.toJSON()).map(String).join(" "));
  }
  const digest = createHash("sha256").update(TournamentResults.encode(results).finish()).digest("hex");
  return { digest, results, trials, content: await contentOf(server) };
}

test("a tournament's results are the same bit for bit with one to three processes an entrant, and in this one", async () => {
  const outcomes = [];
  const here = await serverForTest();
  const id = await create(here.connection, SPEC, NO_KEY);
  await Promise.all(
    SPEC.agents.map(({ name, agent }) =>
      serveMatches(here.connection, findAgent(agent), { entrant: name, numEnvs: 1, streams: 1 }),
    ),
  );
  outcomes.push(await outcomeOf(here, id));
  const server = await serverForTest();
  expect(await create(server.connection, SPEC, NO_KEY)).toBe(id);
  const agents = SPEC.agents.flatMap(({ name, agent }, entrant) =>
    Array.from({ length: 3 - entrant }, (_, process) => {
      const ways = ["--envs", String([3, 64, 1][process]), "--streams", String(process + 1)];
      return startProcess([
        PROGRAM,
        "agent",
        agent,
        "--connect",
        server.address,
        "--entrant",
        name,
        "--tournament",
        id,
        ...ways,
      ]);
    }),
  );
  outcomes.push(await outcomeOf(server, id));
  for (const agent of agents) expect(await agent.exited, agent.stderr).toBe(0);
  const [first, ...others] = outcomes;
  // by hand: lin-ucb 40, thompson 40, uniform 40 x (1 + 1 + 5 episodes)
  expect(first.content.size).toBe(40 + 40 + 40 * 7);
  for (const other of others) {
    expect(other.trials).toEqual(first.trials);
    expect(other.results).toEqual(first.results);
    expect(other.digest).toBe(first.digest);
    expect([...other.content.keys()]).toEqual([...first.content.keys()]);
    for (const [episode, text] of other.content)
      if (text !== first.content.get(episode)) expect(text).toBe(first.content.get(episode));
  }
});
