import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { expect, onTestFinished, test } from "vitest";
import { type Connection, connect } from "#icrl/clients/typescript/connect.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { type TrialSeeds, trialSeeds } from "#icrl/common/seeds.js";
import { type TournamentResults, type TournamentSpec, TournamentState } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { actions, hello, type RawStream, rawClient, rawStream } from "../../support/raw-stream.js";
import {
  readLog,
  serverAfter,
  serverForTest,
  startServerProcess,
  type TestServer,
  verify,
} from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";
import { agentThat, BANDIT, create, finished, NO_KEY, RIVER, randomAgent, spec } from "../../support/tournament.js";

/** Always plays action 0, as the streams below do. */
const zeros = (name: string) => agentThat(name, () => ({ act: () => 0 }));

const OF = spec(["zero", "other"], { trials: 9 });

/** What the tournament gives when nothing disturbs it. */
async function undisturbed(of: TournamentSpec): Promise<{ results: TournamentResults; trials: unknown[] }> {
  const server = await serverForTest();
  const id = await create(server.connection, of, NO_KEY);
  for (const { name } of of.agents) await serveMatches(server.connection, zeros(name), { entrant: name });
  const { results } = await finished(server.connection, id);
  return { results, trials: await trialsOf(server.connection, id) };
}

async function trialsOf(connection: Connection, id: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const { arrowIpc } of connection.streamTrials({ id })) {
    for (const row of tableFromIPC(arrowIpc)) rows.push({ ...row?.toJSON() });
  }
  return rows;
}

/** Enters by hand with `numEnvs` envs and plays that many lock-steps of action 0. */
async function playSteps(server: { address: string }, id: string, numEnvs: number, steps: number): Promise<RawStream> {
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  stream.send(hello({ agent: "zero", entrant: "zero", tournamentId: id, numEnvs }));
  await stream.expect("welcome");
  await stream.expect("opened");
  await stream.expect("observations");
  for (let step = 0; step < steps; step++) {
    stream.send(actions(step, new Array<number>(numEnvs).fill(0)));
    await stream.expect("observations");
  }
  return stream;
}

test("one whose trials share instances goes on with them, and says so all the while", async () => {
  const of: TournamentSpec = { ...OF, tasks: [{ ...BANDIT, instances: 3 }, RIVER] };
  const first = await serverForTest();
  const id = await create(first.connection, of, NO_KEY);
  await playSteps(first, id, 2, 15);
  await first.close();
  const second = await serverAfter(first);
  const { tournament, existed } = await second.connection.createTournament({ spec: of });
  expect([existed, tournament?.id]).toEqual([true, id]);
  expect(tournament?.spec?.tasks.map(({ instances }) => instances)).toEqual([3, undefined]);
  const { results } = await playOn(second, id, of);
  const reference = await undisturbed(of);
  expect(results).toEqual(reference.results);
  expect(results.tasks.map(({ instances }) => instances)).toEqual([3, undefined]);
  const rows = (await trialsOf(second.connection, id)) as {
    task: string;
    trial: number;
    task_seed: bigint;
    noise_seed: bigint;
  }[];
  expect(rows).toEqual(reference.trials);
  for (const { task, trial, task_seed: taskSeed, noise_seed: noiseSeed } of rows) {
    const shared = task === "bandit" ? { instances: 3 } : {};
    const series = { purpose: "tournament", seed: 5n, taskId: task, entrant: "", ...shared } as const;
    expect({ taskSeed, noiseSeed }).toEqual(pick(trialSeeds(series, BigInt(trial))));
  }
  await second.close();
  expect((await verify(second.dataDir)).problems).toEqual([]);
});

const pick = ({ taskSeed, noiseSeed }: TrialSeeds) => ({ taskSeed, noiseSeed });

const completeTrials = async (connection: Connection, id: string) =>
  (await connection.getTournament({ id })).tournament?.matches.map((match) => match.completeTrials);

/** Has all entrants play what is left. */
async function playOn(server: TestServer, id: string, of: TournamentSpec) {
  for (const { name } of of.agents) {
    await serveMatches(server.connection, zeros(name), { entrant: name, tournamentId: id });
  }
  return finished(server.connection, id);
}

test("a tournament that a stopping server broke off goes on in the next one; its results are those of an undisturbed one", async () => {
  const first = await serverForTest();
  const id = await create(first.connection, OF, NO_KEY);
  // Bandit trials have 6 steps: two envs play 4 trials in 12 and are in the middle of two more.
  await playSteps(first, id, 2, 15);
  await first.close();
  const second = await serverAfter(first);
  expect(await completeTrials(second.connection, id)).toEqual([4, 0, 0, 0]);
  const { tournament, existed } = await second.connection.createTournament({ spec: OF });
  expect(existed).toBe(true);
  expect(tournament?.state).toBe(TournamentState.RUNNING);
  const { results } = await playOn(second, id, OF);
  const reference = await undisturbed(OF);
  expect(results).toEqual(reference.results);
  expect(await trialsOf(second.connection, id)).toEqual(reference.trials);
  await second.close();
  expect((await verify(second.dataDir)).problems).toEqual([]);
  const rows = await readLog(second.dataDir);
  expect(new Set(rows.map((row) => row.episode_id)).size).toBe(rows.length); // nothing was played twice
  expect(rows.length).toBe(2 * (9 + 9 * RIVER.options.episodes));
});

test("a trial of several episodes is in the log in whole or not at all, also when its server is killed", async () => {
  const folder = tempDir();
  onTestFinished(() => folder.remove());
  const of = spec(["zero"], { tasks: [RIVER], trials: 3 });
  const first = await startServerProcess(folder.path);
  const connection = await connect(first.address);
  onTestFinished(() => connection.close());
  const id = await create(connection, of, NO_KEY);
  // 4 episodes of 3 steps are a trial: the first one is played, and two episodes and a step of the second.
  const stream = await playSteps(first, id, 1, 12 + 7);
  const said = new Promise<void>((resolve) => stream.call.on("error", () => resolve()));
  first.child.kill("SIGKILL");
  await said;
  await first.exited;
  const second = await serverAfter({ dataDir: folder.path });
  const [played] = (await completeTrials(second.connection, id)) as number[];
  expect(played).toBeLessThanOrEqual(1); // what was not durable yet is gone, and played again
  expect((await playOn(second, id, of)).results).toEqual((await undisturbed(of)).results);
  await second.close();
  const rows = await readLog(folder.path);
  expect(rows.map((row) => `${row.trial_index}.${row.episode_index}`)).toEqual(
    [0, 1, 2].flatMap((trial) => [0, 1, 2, 3].map((episode) => `${trial}.${episode}`)),
  );
});

test("a finished tournament is there after a restart: its state, results and trials, and creating it again plays nothing", async () => {
  const first = await serverForTest();
  const id = await create(first.connection, OF, NO_KEY);
  const { results } = await playOn(first, id, OF);
  const trials = await trialsOf(first.connection, id);
  await first.close();
  const second = await serverAfter(first);
  expect((await second.connection.listTournaments()).tournaments).toMatchObject([
    { id, state: TournamentState.FINISHED, spec: { name: "test", seed: 5n } },
  ]);
  const { tournament, existed } = await second.connection.createTournament({ spec: OF });
  expect({ existed, state: tournament?.state }).toEqual({ existed: true, state: TournamentState.FINISHED });
  expect((await second.connection.getTournament({ id })).results).toEqual(results);
  expect(await trialsOf(second.connection, id)).toEqual(trials);
});

test("forfeits and what entrants declared are kept over a restart", async () => {
  const first = await serverForTest();
  const id = await create(first.connection, OF, NO_KEY);
  const broken = agentThat("zero", ({ task }) => ({
    act() {
      if (task === "river-swim") throw new Error("no rivers today");
      return 0;
    },
  }));
  await serveMatches(first.connection, { ...broken, tasks: [] }, { entrant: "zero", tournamentId: id, streams: 1 });
  await serveMatches(
    first.connection,
    { ...zeros("other"), tasks: ["bandit"] },
    { entrant: "other", tournamentId: id },
  );
  const { results } = await finished(first.connection, id);
  await first.close();
  const second = await serverAfter(first);
  const again = await second.connection.getTournament({ id });
  expect(again.results).toEqual(results);
  expect(
    again.tournament?.matches.map(({ taskId, entrant, forfeits, forfeitMessage }) => [
      taskId,
      entrant,
      forfeits,
      forfeitMessage,
    ]),
  ).toEqual([
    ["bandit", "zero", 0, ""],
    ["bandit", "other", 0, ""],
    ["river", "zero", 9, "no rivers today"],
  ]);
});

test("nobody forfeits by absence after a restart until somebody wants the tournament to go on", async () => {
  const first = await serverForTest();
  const of = spec(["zero"], { tasks: [BANDIT], trials: 2 });
  const id = await create(first.connection, of, NO_KEY);
  await first.close();
  const second = await serverAfter(first, { entrant_timeout_ms: 10 });
  // It would take 10 ms and a turn to forfeit; an agent that plays elsewhere takes longer.
  const other = await create(second.connection, spec(["busy"], { tasks: [RIVER], trials: 400 }));
  await serveMatches(second.connection, randomAgent("busy"), { entrant: "busy", tournamentId: other });
  expect((await second.connection.getTournament({ id })).tournament?.matches[0]).toMatchObject({ forfeits: 0 });
  await create(second.connection, of, NO_KEY);
  expect((await finished(second.connection, id)).results.tasks[0].agents[0]).toMatchObject({
    forfeits: 2,
    forfeitReason: "AGENT_ABSENT",
    forfeitMessage: "no session under this name for 10 ms",
  });
});

/** A journal's path, of a server that has stopped with one unfinished tournament. */
async function leftBehind(): Promise<{ server: TestServer; id: string; journal: string }> {
  const server = await serverForTest();
  const id = await create(server.connection, OF, NO_KEY);
  await server.close();
  const [name] = readdirSync(join(server.dataDir, "tournaments"));
  expect(name).toBe(`${id}.jsonl`);
  return { server, id, journal: join(server.dataDir, "tournaments", name) };
}

test("what a crash left of a journal's last line is cut off", async () => {
  const { server, id, journal } = await leftBehind();
  const whole = readFileSync(journal, "utf8");
  appendFileSync(journal, '{"event":"forfeited","task":"ban');
  const second = await serverAfter(server);
  expect(await completeTrials(second.connection, id)).toEqual([0, 0, 0, 0]);
  expect(readFileSync(journal, "utf8")).toBe(whole);
});

test("a journal with damage in its middle is reported, not guessed at", async () => {
  const { server, journal } = await leftBehind();
  writeFileSync(journal, `not json\n${readFileSync(journal, "utf8")}`);
  await expect(serverAfter(server)).rejects.toMatchObject({
    reason: "LOG_CORRUPT",
    message: expect.stringContaining(`${journal}, line 1 is not JSON (`),
  });
});

test("a tournament whose tasks this server would play differently is left alone, and said so", async () => {
  const { server, id, journal } = await leftBehind();
  writeFileSync(journal, readFileSync(journal, "utf8").replace('"trials":9', '"trials":8'));
  const second = await serverAfter(server);
  expect((await second.connection.listTournaments()).tournaments).toEqual([]);
  expect(JSON.stringify(second.said)).toContain(`tournament ${id} of an earlier version of the server is left alone`);
});
