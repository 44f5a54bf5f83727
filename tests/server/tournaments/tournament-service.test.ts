import type { Client } from "@grpc/grpc-js";
import { tableFromIPC } from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Connection } from "#icrl/clients/typescript/connect.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import type { Reason } from "#icrl/common/errors.js";
import { meanAndStandardErrorOfTrials } from "#icrl/common/mean-and-standard-error.js";
import { trialSeeds } from "#icrl/common/seeds.js";
import { boolElements } from "#icrl/common/tensor.js";
import type { Opened } from "#icrl/proto/gen/icrl/v1/environment.js";
import {
  type TaskResult,
  type Tournament,
  type TournamentSpec,
  TournamentState,
} from "#icrl/proto/gen/icrl/v1/tournament.js";
import { actions, hello, open, type RawStream, rawClient, rawStream } from "../../support/raw-stream.js";
import { readLog, serverForTest, startTestServer, type TestServer } from "../../support/server.js";
import { agentThat, BANDIT, create, finished, LINEAR, RIVER, randomAgent, spec } from "../../support/tournament.js";

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer();
  client = rawClient(server.address);
});
afterAll(async () => {
  client.close();
  await server.dispose();
});

/** Enters by hand; resolves with what is opened. */
async function entered(
  entrant: string,
  tournamentId: string,
  numEnvs = 1,
): Promise<{ stream: RawStream; opened: Opened }> {
  const stream = rawStream(client);
  stream.send(hello({ agent: entrant, entrant, tournamentId, numEnvs }));
  await stream.expect("welcome");
  return { stream, opened: await stream.expect("opened") };
}

/** Plays an opened match to its end with action 0; resolves with the trials it was given. */
async function playOut(stream: RawStream, numEnvs: number): Promise<bigint[]> {
  const trials: bigint[] = [];
  for (;;) {
    const { message } = await stream.next();
    if (message.$case === "closed") return trials;
    if (message.$case !== "observations") throw new Error(`${message.$case} came in a match`);
    const { value } = message;
    for (const start of value.trialStarts) {
      trials.push(start.trialIndex);
      expect([start.taskSeed, start.noiseSeed]).toEqual([undefined, undefined]);
    }
    for (const end of value.trialEnds) expect([end.optimalValue, end.regret]).toEqual([undefined, undefined]);
    const active = value.active === undefined || boolElements(value.active, "active").includes(1);
    if (active) stream.send(actions(value.stepIndex, new Array<number>(numEnvs).fill(0)));
  }
}

test("the same spec is the same tournament, however its options are ordered; another seed is another one", async () => {
  const options = { arms: 3, horizon: 6, alpha: 2 };
  const reversed = Object.fromEntries(Object.entries(options).reverse());
  const of = (tasks: object, seed: bigint): TournamentSpec =>
    spec(["x"], { name: "same", seed, tasks: [{ ...BANDIT, options: { ...tasks } }] });
  const first = await server.connection.createTournament({ spec: of(options, 1n) });
  const again = await server.connection.createTournament({ spec: of(reversed, 1n) });
  const other = await server.connection.createTournament({ spec: of(options, 2n) });
  expect([first.existed, again.existed, other.existed]).toEqual([false, true, false]);
  expect(again.tournament?.id).toBe(first.tournament?.id);
  expect(other.tournament?.id).not.toBe(first.tournament?.id);
  // Values that are their defaults are the same as none.
  const explicit = await server.connection.createTournament({ spec: of({ ...options, beta: 1 }, 1n) });
  expect(explicit.tournament?.id).toBe(first.tournament?.id);
  const { tournaments } = await server.connection.listTournaments();
  expect(tournaments.slice(0, 2).map((tournament) => tournament.id)).toEqual([
    other.tournament?.id,
    first.tournament?.id,
  ]);
});

test("a tournament without a seed is always a new one, and reveals its seed when it is over", async () => {
  const of = spec(["seedless"], { seed: undefined, trials: 2 });
  const ids = [await create(server.connection, of), await create(server.connection, of)];
  expect(ids[0]).not.toBe(ids[1]);
  expect((await server.connection.getTournament({ id: ids[0] })).tournament?.spec?.seed).toBeUndefined();
  await serveMatches(server.connection, randomAgent("seedless"), { entrant: "seedless", tournamentId: ids[0] });
  const { tournament, results } = await finished(server.connection, ids[0]);
  expect(tournament.spec?.seed).toBe(results.seed);
  const explicit = await server.connection.createTournament({
    spec: spec(["seedless"], { seed: results.seed, trials: 2 }),
  });
  expect(explicit).toMatchObject({ existed: true, tournament: { id: ids[0] } });
});

test("while it runs its seeds, results and trajectories are withheld; then they are there", async () => {
  const own = await serverForTest();
  const ownClient = rawClient(own.address);
  const { connection } = own;
  const of = spec(["slow", "quick"], { tasks: [BANDIT], trials: 3 });
  const id = await create(connection, of);
  expect((await connection.getTournament({ id })).tournament).toMatchObject({ state: TournamentState.PENDING });
  await serveMatches(connection, randomAgent("quick"), { entrant: "quick", tournamentId: id });
  const slow = rawStream(ownClient);
  slow.send(hello({ agent: "slow", entrant: "slow", tournamentId: id, numEnvs: 1 }));
  await slow.expect("welcome");
  const { trials } = await slow.expect("opened");
  expect(trials).toBe(3n);

  const running = await connection.getTournament({ id });
  expect(running.results).toBeUndefined();
  expect(running.tournament?.spec?.seed).toBeUndefined();
  expect(running.tournament?.state).toBe(TournamentState.RUNNING);
  expect(running.tournament?.matches.map((match) => [match.entrant, match.state, match.completeTrials])).toEqual([
    ["slow", TournamentState.RUNNING, 0],
    ["quick", TournamentState.FINISHED, 3],
  ]);
  const streamed = async () => {
    const tables = [];
    for await (const chunk of connection.streamTrajectories({ filter: { tournamentId: id }, limit: 0n })) {
      const table = tableFromIPC(chunk.arrowIpc);
      expect(table.numRows).toBe(chunk.rows);
      tables.push(...table.toArray().map((row) => row.toJSON() as Record<string, unknown>));
    }
    return tables;
  };
  const truth = ["task_seed", "noise_seed", "optimal_value", "regret", "regrets", "optimal_actions"];
  expect(await streamed()).toEqual([]);
  const listed = await connection.listTrajectories({ filter: undefined, pageSize: 0, pageToken: "" });
  expect(listed).toEqual({ trajectories: [], nextPageToken: "" });
  await expect(connection.streamTrials({ id })[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    reason: "TOURNAMENT_RUNNING",
  });

  expect(await playOut(slow, 1)).toEqual([0n, 1n, 2n]);
  expect(await slow.expect("closed")).toMatchObject({ finished: true });
  const over = await finished(connection, id);
  expect(over.tournament.spec?.seed).toBe(5n);
  const shown = await streamed();
  expect(shown.length).toBe(6);
  for (const row of shown) for (const column of truth) expect(row[column], column).not.toBeNull();
  const after = await connection.listTrajectories({ filter: { tournamentId: id }, pageSize: 0, pageToken: "" });
  expect(after.trajectories.every((row) => typeof row.regret === "number")).toBe(true);
  ownClient.close();
});

test("a watch tells every stage in order and ends when the tournament is finished", async () => {
  const of = spec(["watched"], { trials: 40 });
  const id = await create(server.connection, of);
  const stages: Tournament[] = [];
  const watching = (async () => {
    for await (const { tournament } of server.connection.watchTournament({ id })) stages.push(tournament as Tournament);
  })();
  // One who looks once and leaves is no reason to stop.
  for await (const { tournament } of server.connection.watchTournament({ id })) {
    expect(tournament?.state).toBe(TournamentState.PENDING);
    break;
  }
  await serveMatches(server.connection, randomAgent("watched"), { entrant: "watched", tournamentId: id, numEnvs: 4 });
  await watching;
  const last = stages.at(-1) as Tournament;
  expect(last.state).toBe(TournamentState.FINISHED);
  expect(last.matches.map((match) => [match.taskId, match.completeTrials, match.forfeits])).toEqual([
    ["bandit", 40, 0],
    ["river", 40, 0],
  ]);
  // by hand: 40 trials of 6 steps, and of 4 episodes of 3
  expect(last.matches.map((match) => match.steps)).toEqual([240n, 480n]);
  for (let i = 1; i < stages.length; i += 1) {
    expect(stages[i].state).toBeGreaterThanOrEqual(stages[i - 1].state);
    for (const [m, match] of stages[i].matches.entries()) {
      expect(match.completeTrials).toBeGreaterThanOrEqual(stages[i - 1].matches[m].completeTrials);
    }
  }
  // Of a finished one it says so and ends.
  const late = [];
  for await (const { tournament } of server.connection.watchTournament({ id })) late.push(tournament?.state);
  expect(late).toEqual([TournamentState.FINISHED]);
});

test("an entrant that enters for some tasks plays those alone", async () => {
  const of = spec(["all=random", "some=random"], { trials: 2, tasks: [BANDIT, RIVER] });
  of.agents[1].tasks = [RIVER.id];
  const id = await create(server.connection, of);
  await Promise.all(
    of.agents.map(({ name }) => serveMatches(server.connection, randomAgent("random"), { entrant: name, numEnvs: 2 })),
  );
  const { tournament, results } = await finished(server.connection, id);
  expect(tournament.spec?.agents.map(({ tasks }) => tasks)).toEqual([[], [RIVER.id]]);
  expect(results.tasks.map((task) => task.agents.map(({ name, trials }) => [name, trials]))).toEqual([
    [["all", 2]],
    [
      ["all", 2],
      ["some", 2],
    ],
  ]);
});

/** Rows of trials.parquet. */
async function trialRows(connection: Connection, id: string): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const { arrowIpc } of connection.streamTrials({ id })) {
    rows.push(
      ...tableFromIPC(arrowIpc)
        .toArray()
        .map((row) => row.toJSON() as Record<string, unknown>),
    );
  }
  return rows;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const standardError = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1) / values.length);

test("results, trials and the log say the same, and the trials are those of the seed", async () => {
  const own = await serverForTest();
  const { connection } = own;
  const greedy = agentThat("first-arm", () => ({ act: () => 0 }));
  const of = spec(["a=random", "b=first-arm"], { trials: 15, tasks: [BANDIT, RIVER, LINEAR] });
  const id = await create(connection, of);
  await Promise.all([
    serveMatches(connection, randomAgent("random"), { entrant: "a", numEnvs: 3 }),
    serveMatches(connection, greedy, { entrant: "b", numEnvs: 2 }),
  ]);
  const { results } = await finished(connection, id);
  expect(results.seedKey.length).toBe(32); // nobody gave one
  const seedKey = Buffer.from(results.seedKey).toString("hex");
  const rows = await trialRows(connection, id);
  expect(rows.length).toBe(3 * 2 * 15);
  await own.close();
  const log = await readLog(own.dataDir);
  expect(results.tasks.map((task) => [task.id, task.agents.map((agent) => agent.name)])).toEqual(
    ["bandit", "river", "linear"].map((task) => [task, ["a", "b"]]),
  );
  const familyOf = (taskId: string) => of.tasks.find((task) => task.id === taskId)?.task;
  for (const { id: taskId, agents } of results.tasks) {
    for (const result of agents) {
      const trials = rows.filter((row) => row.task === taskId && row.entrant === result.name);
      expect(trials.map((row) => row.trial)).toEqual(Array.from({ length: 15 }, (_, i) => i));
      const regrets = trials.map((row) => row.regret as number);
      const returns = trials.map((row) => row.return as number);
      expect(result).toMatchObject({ trials: 15, forfeits: 0, forfeitReason: "" });
      expect(result.regret?.mean).toBeCloseTo(mean(regrets), 10);
      expect(result.regret?.se).toBeCloseTo(standardError(regrets), 10);
      expect(result.trialReturn?.mean).toBeCloseTo(mean(returns), 10);
      expect(result.trialReturn?.se).toBeCloseTo(standardError(returns), 10);
      expect(result.regret?.ci95Low).toBeLessThanOrEqual(result.regret?.mean as number);
      expect(result.regret?.ci95High).toBeGreaterThanOrEqual(result.regret?.mean as number);
      expect(result.curve?.mean.at(-1)).toBeCloseTo(mean(regrets), 9);
      expect(result.curve?.se.at(-1)).toBeCloseTo(standardError(regrets), 9);
      expect(result.curve?.step).toEqual(
        taskId === "river" ? [3, 6, 9, 12] : Array.from({ length: taskId === "bandit" ? 6 : 5 }, (_, t) => t + 1),
      );
      for (const row of trials) {
        const seeds = trialSeeds(
          { purpose: "tournament", seed: 5n, taskId, entrant: result.name, key: seedKey },
          BigInt(row.trial as number),
        );
        expect([row.task_seed, row.noise_seed, row.agent_seed]).toEqual([
          seeds.taskSeed,
          seeds.noiseSeed,
          seeds.agentSeed,
        ]);
        const episodes = log.filter(
          (one) =>
            one.entrant === result.name &&
            one.task === familyOf(taskId) &&
            one.trial_index === BigInt(row.trial as number),
        );
        expect(episodes.length).toBe(taskId === "river" ? 4 : 1);
        expect(new Set(episodes.map((one) => one.task_seed))).toEqual(new Set([seeds.taskSeed]));
        expect(episodes.reduce((sum, one) => sum + (one.regret as number), 0)).toBeCloseTo(row.regret as number, 10);
        expect(episodes.reduce((sum, one) => sum + one.return, 0)).toBeCloseTo(row.return as number, 10);
      }
    }
    const board = results.leaderboard.filter((row) => row.task === taskId);
    expect(board.map((row) => row.rank)).toEqual([1, 2]);
    expect(board[0].regret).toBeLessThanOrEqual(board[1].regret);
    expect(board.map((row) => row.regret).sort()).toEqual(
      (agents as TaskResult["agents"]).map((agent) => agent.regret?.mean).sort(),
    );
  }
});

test("where trials share instances, errors and intervals are over instances, forfeited trials among them", async () => {
  const tasks = [{ ...BANDIT, instances: 5 }];
  const id = await create(server.connection, spec(["over", "gone"], { tasks, trials: 15 }));
  await serveMatches(server.connection, randomAgent("over"), { entrant: "over", tournamentId: id });
  await server.connection.forfeitMatches({ id, entrant: "gone", message: "it never came", all: true, key: "" });
  const { results } = await finished(server.connection, id);
  const rows = await trialRows(server.connection, id);
  const [{ instances, agents, uniformRegret }] = results.tasks;
  expect(instances).toBe(5);
  for (const { name, regret, trialReturn, curve } of agents) {
    const own = rows.filter(({ entrant }) => entrant === name);
    expect(own.map(({ task_seed }) => task_seed)).toEqual(own.map((_, t) => own[t % 5].task_seed));
    expect(new Set(own.map(({ noise_seed }) => noise_seed)).size).toBe(15);
    const expected = meanAndStandardErrorOfTrials(
      own.map(({ regret }) => regret as number),
      (t) => t % 5,
    );
    expect(regret).toMatchObject(expected);
    expect(curve?.se.at(-1)).toBeCloseTo(expected.se as number, 9);
    expect(regret?.ci95Low).toBeLessThan(regret?.mean as number);
    if (name === "gone") {
      expect(regret?.mean).toBeCloseTo(uniformRegret, 12);
      expect(trialReturn?.mean).toBe(Number.NaN);
    }
  }
});

test("instances that make no sense are refused, and are a part of a tournament's id", async () => {
  const of = (instances: number | undefined) =>
    create(server.connection, spec(["id"], { name: "ids", tasks: [{ ...BANDIT, instances }], trials: 12 }));
  await expect(of(0)).rejects.toMatchObject({ reason: "SPEC_INVALID", message: expect.stringContaining("is 0") });
  await expect(of(5)).rejects.toMatchObject({
    reason: "SPEC_INVALID",
    message: expect.stringContaining('task "bandit" has 5 instances and 12 trials: give a multiple as trials'),
  });
  expect(new Set([await of(undefined), await of(4), await of(6), await of(4)]).size).toBe(3);
});

test("sessions of one entrant share its trials: each is played once, and both play", async () => {
  const id = await create(server.connection, spec(["shared"], { tasks: [BANDIT], trials: 30 }));
  const one = await entered("shared", id, 4);
  const two = await entered("shared", id, 4);
  expect([one.opened.matchId, two.opened.matchId]).toEqual(["bandit/shared", "bandit/shared"]);
  expect(one.opened.agentOptions).toEqual({});
  const [first, second] = await Promise.all([
    playOut(one.stream, one.opened.numEnvs),
    playOut(two.stream, two.opened.numEnvs),
  ]);
  expect(first.length).toBeGreaterThan(0);
  expect(second.length).toBeGreaterThan(0);
  expect([...first, ...second].sort((a, b) => Number(a - b))).toEqual(Array.from({ length: 30 }, (_, i) => BigInt(i)));
  for (const { stream } of [one, two]) {
    expect(await stream.expect("closed")).toMatchObject({ finished: true });
    stream.call.end();
    expect((await stream.ended).code).toBe(0);
  }
});

test("an entrant gets the options that the tournament gives it, and the log says so", async () => {
  const of = spec([], {
    name: "options",
    tasks: [BANDIT],
    trials: 1,
    agents: [{ name: "o", agent: "o", options: { alpha: 2, note: "x" }, tasks: [] }],
  });
  const id = await create(server.connection, of);
  const { stream, opened } = await entered("o", id);
  expect(opened.agentOptions).toEqual({ alpha: 2, note: "x" });
  await playOut(stream, 1);
  stream.call.cancel();
  for await (const { arrowIpc } of server.connection.streamTrajectories({ filter: { tournamentId: id }, limit: 0n })) {
    const [row, ...more] = tableFromIPC(arrowIpc).toArray();
    expect(more).toEqual([]);
    expect(row.toJSON()).toMatchObject({ entrant: "o", agent: "o", agent_options: '{"alpha":2,"note":"x"}' });
  }
});

test("an entrant plays what it declares and nothing else", async () => {
  const id = await create(server.connection, spec(["bandits-only"], { trials: 1 }));
  const agent = { ...randomAgent("bandits-only"), tasks: ["bandit"] };
  expect((await server.connection.getTournament({ id })).tournament?.matches.length).toBe(2);
  await serveMatches(server.connection, agent, { entrant: "bandits-only", tournamentId: id });
  const { tournament, results } = await finished(server.connection, id);
  expect(tournament.matches.map((match) => match.taskId)).toEqual(["bandit"]);
  expect(results.tasks.map((task) => task.agents.length)).toEqual([1, 0]);
});

test("an entrant whose agent is another is refused, and the right one is not", async () => {
  const id = await create(server.connection, spec(["mismatched=good"], { trials: 1 }));
  const stream = rawStream(client);
  stream.send(hello({ agent: "evil", entrant: "mismatched", tournamentId: id }));
  await stream.expect("welcome");
  expect(await stream.ended).toMatchObject({
    reason: "AGENT_MISMATCH",
    text: expect.stringContaining('"good", not "evil"'),
  });
  await serveMatches(server.connection, randomAgent("good"), { entrant: "mismatched", tournamentId: id });
  expect((await finished(server.connection, id)).tournament.matches.every((match) => match.forfeits === 0)).toBe(true);
});

test("an entrant's open is out of order", async () => {
  const id = await create(server.connection, spec(["opener"], { trials: 1 }));
  await serveMatches(server.connection, randomAgent("opener"), { entrant: "opener", tournamentId: id });
  const stream = rawStream(client);
  stream.send(hello({ agent: "opener", entrant: "opener", tournamentId: id }));
  await stream.expect("welcome");
  expect(await stream.expect("closed")).toMatchObject({ finished: true }); // all is played
  stream.send(open());
  expect(await stream.ended).toMatchObject({ reason: "PROTOCOL_ORDER" });
});

test("what does not exist is not found", async () => {
  const { connection } = server;
  const unknown = { reason: "TOURNAMENT_UNKNOWN" };
  await expect(connection.getTournament({ id: "none" })).rejects.toMatchObject(unknown);
  await expect(connection.watchTournament({ id: "none" })[Symbol.asyncIterator]().next()).rejects.toMatchObject(
    unknown,
  );
  await expect(connection.streamTrials({ id: "none" })[Symbol.asyncIterator]().next()).rejects.toMatchObject(unknown);
  const id = await create(connection, spec(["listed"], { name: "listing" }));
  const agent = randomAgent("unlisted");
  await expect(serveMatches(connection, agent, { entrant: "unlisted" })).rejects.toMatchObject({
    reason: "ENTRANT_UNKNOWN",
  });
  await expect(serveMatches(connection, agent, { entrant: "unlisted", tournamentId: id })).rejects.toMatchObject({
    reason: "ENTRANT_UNKNOWN",
  });
});

/** So many entrants on so many tasks. */
const manyMatches = (entrants: number, tasks: number, options = {}): Partial<TournamentSpec> => ({
  agents: Array.from({ length: entrants }, (_, i) => ({ name: `x${i}`, agent: "a", options: {}, tasks: [] })),
  tasks: Array.from({ length: tasks }, (_, i) => ({ id: `t${i}`, task: "bernoulli-bandit", options })),
});

const badSpecs: readonly [what: string, reason: Reason, spec: Partial<TournamentSpec>][] = [
  ["no name", "SPEC_INVALID", { name: "" }],
  ["a long name", "SPEC_INVALID", { name: "n".repeat(101) }],
  ["an escape in its name", "SPEC_INVALID", { name: "n\x1b[2J" }],
  ["a name that is turned round", "SPEC_INVALID", { name: "n\u202e" }],
  ["an agent with a line break", "SPEC_INVALID", { agents: [{ name: "x", agent: "a\n", options: {}, tasks: [] }] }],
  [
    "options of an entrant that no reader could take, nested as they are",
    "OPTION_INVALID",
    {
      agents: [
        { name: "x", agent: "a", options: { a: { a: { a: { a: { a: { a: { a: { a: { a: 1 } } } } } } } } }, tasks: [] },
      ],
    },
  ],
  [
    "options of an entrant that are data",
    "OPTION_INVALID",
    { agents: [{ name: "x", agent: "a", options: { a: "x".repeat(10_000) }, tasks: [] }] },
  ],
  ["no trials", "SPEC_INVALID", { trials: 0 }],
  ["too many trials", "REQUEST_TOO_COSTLY", { trials: 10_000_001 }],
  ["no tasks", "SPEC_INVALID", { tasks: [] }],
  ["no agents", "SPEC_INVALID", { agents: [] }],
  ["two tasks of one id", "SPEC_INVALID", { tasks: [BANDIT, { ...RIVER, id: BANDIT.id }] }],
  [
    "two entrants of one name",
    "SPEC_INVALID",
    {
      agents: [
        { name: "x", agent: "a", options: {}, tasks: [] },
        { name: "x", agent: "b", options: {}, tasks: [] },
      ],
    },
  ],
  [
    "a task that is entered for and is not there",
    "SPEC_INVALID",
    { agents: [{ name: "x", agent: "a", options: {}, tasks: [BANDIT.id, "nothing"] }] },
  ],
  ["an entrant without an agent", "SPEC_INVALID", { agents: [{ name: "x", agent: "", options: {}, tasks: [] }] }],
  ["a name that could be a path", "SPEC_INVALID", { agents: [{ name: "../x", agent: "a", options: {}, tasks: [] }] }],
  ["an unknown task", "TASK_UNKNOWN", { tasks: [{ id: "a", task: "river-swin", options: {} }] }],
  ["an unknown option", "OPTION_UNKNOWN", { tasks: [{ id: "a", task: "river-swim", options: { depth: 1 } }] }],
  ["an option out of range", "OPTION_INVALID", { tasks: [{ id: "a", task: "river-swim", options: { states: 1 } }] }],
  // by hand: 11,000 matches; 1,000 of 10,001 trials; 400 with curves of 1.6 MB
  ["more matches than there may be", "REQUEST_TOO_COSTLY", { trials: 1, ...manyMatches(1000, 11) }],
  ["more trials than there may be", "REQUEST_TOO_COSTLY", { trials: 10_001, ...manyMatches(1000, 1) }],
  [
    "curves that do not fit in memory",
    "REQUEST_TOO_COSTLY",
    { trials: 1, ...manyMatches(400, 1, { horizon: 100_000 }) },
  ],
  [
    "a task of which no env fits in memory",
    "SPEC_INVALID",
    {
      tasks: [
        { id: "a", task: "linear-bandit", options: { dim: 64, actions: 1024, arm_set: "fresh", horizon: 100_000 } },
      ],
    },
  ],
];

test.each(badSpecs)("a spec with %s is refused", async (_, reason, members) => {
  await expect(server.connection.createTournament({ spec: spec(["x"], members) })).rejects.toMatchObject({ reason });
});

test("a request without a spec is refused", async () => {
  await expect(server.connection.createTournament({ spec: undefined })).rejects.toMatchObject({
    reason: "SPEC_INVALID",
  });
});

test("none of this was an error of the server's own", () => {
  expect(server.said.filter((line) => (line.level as number) >= 50)).toEqual([]);
});
