import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import type { Observations } from "#icrl/proto/gen/icrl/v1/environment.js";
import { healthClient } from "../support/health-client.js";
import { actions, hello, open, opened, type RawStream, rawClient, rawStream } from "../support/raw-stream.js";
import { PROGRAM, readLog, startProcess, startServerProcess, verify } from "../support/server.js";
import { tempDir } from "../support/temp-dir.js";
import { BANDIT, create, randomAgent, spec } from "../support/tournament.js";

function dataDir(): string {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  return dir.path;
}

function clientOf(address: string) {
  const client = rawClient(address);
  onTestFinished(() => client.close());
  return client;
}

/** Steps with action 0 until `steps` lock-steps are done; resolves with the last observations. */
async function step(stream: RawStream, from: number, steps: number, envs = 1) {
  let last: Awaited<ReturnType<typeof stream.expect<"observations">>> | undefined;
  for (let index = from; index < from + steps; index += 1) {
    stream.send(actions(index, new Array<number>(envs).fill(0)));
    last = await stream.expect("observations");
  }
  if (last === undefined) throw new Error("no step was asked for");
  return last;
}

test("SIGTERM drains: who plays is told and may finish, everybody else is refused, and the process ends well", async () => {
  const data = dataDir();
  const server = await startServerProcess(data, ["--drain-ms", "20000"]);
  const client = clientOf(server.address);
  const connection = await connect(server.address);
  onTestFinished(() => connection.close());
  const health = healthClient(server.address);
  onTestFinished(() => health.close());
  expect(await health.check("")).toBe("SERVING");
  const watched = health.watch("");
  expect(await watched.next()).toBe("SERVING");

  const playing = rawStream(client);
  await opened(playing);
  await step(playing, 0, 1);
  const idle = rawStream(client);
  idle.send(hello());
  await idle.expect("welcome");
  const id = await create(connection, spec(["never-comes"], { tasks: [BANDIT] }));
  const watch = connection.watchTournament({ id })[Symbol.asyncIterator]();
  await watch.next();

  server.child.kill("SIGTERM");
  const { deadlineMs } = await playing.expect("draining");
  expect(deadlineMs).toBe(20_000);
  expect(await idle.ended).toMatchObject({ code: 14, reason: "SERVER_DRAINING" });
  expect(await watched.next()).toBe("NOT_SERVING");
  expect(await health.check("")).toBe("NOT_SERVING");
  const late = rawStream(client);
  late.send(hello());
  expect(await late.ended).toMatchObject({ code: 14, reason: "SERVER_DRAINING" });
  const stranger = rawStream(clientOf(server.address)); // on a connection of its own
  stranger.send(hello());
  expect(await stranger.ended).toMatchObject({ code: 14, reason: "SERVER_DRAINING" });

  const { active } = await step(playing, 1, 3);
  expect([...(active?.data ?? [])]).toEqual([0]);
  expect(await playing.expect("closed")).toMatchObject({ completeTrials: 1n, durableTrials: 1n });
  expect(await playing.ended).toMatchObject({ reason: "SERVER_DRAINING" });
  const watchEnds = async () => {
    while (!(await watch.next()).done);
  };
  await expect(watchEnds()).rejects.toMatchObject({ reason: "SERVER_DRAINING" });
  watched.cancel();
  expect(await server.exited).toBe(0);
  expect((await readLog(data)).map((row) => [row.complete, row.length])).toEqual([[true, 4]]);
  expect((await verify(data)).problems).toEqual([]);
});

test("what is still open at the drain's deadline ends with SERVER_DRAINING, logged as truncated for it", async () => {
  const data = dataDir();
  const server = await startServerProcess(data, ["--drain-ms", "100"]);
  const stream = rawStream(clientOf(server.address));
  await opened(stream);
  await step(stream, 0, 2);
  server.child.kill("SIGINT");
  await stream.expect("draining");
  expect(await stream.ended).toMatchObject({ reason: "SERVER_DRAINING" });
  expect(await server.exited).toBe(0);
  expect((await readLog(data)).map((row) => [row.end_reason, row.length, row.regret])).toEqual([
    ["SERVER_DRAINING", 2, null],
  ]);
});

test("a drained tournament forfeits nothing, and a second signal ends the process at once", async () => {
  const server = await startServerProcess(dataDir(), ["--drain-ms", "60000"]);
  const client = clientOf(server.address);
  const connection = await connect(server.address);
  onTestFinished(() => connection.close());
  const id = await create(connection, spec(["x"], { tasks: [BANDIT] }));
  const stream = rawStream(client);
  stream.send(hello({ agent: "x", entrant: "x", numEnvs: 1 }));
  await stream.expect("welcome");
  await stream.expect("opened");
  await stream.expect("observations");
  server.child.kill("SIGTERM");
  await stream.expect("draining");
  const { tournament } = await connection.getTournament({ id });
  expect(tournament?.matches).toMatchObject([{ forfeits: 0 }]);
  server.child.kill("SIGTERM");
  expect(await server.exited).toBe(1);
});

test("a server started by a process ends with that process's end of its standard input", async () => {
  const server = await startServerProcess(dataDir());
  server.child.stdin?.end();
  expect(await server.exited).toBe(0);
});

test("a Ctrl-C that comes after the end of input is not a second signal: the server still drains", async () => {
  const server = await startServerProcess(dataDir(), ["--drain-ms", "60000"]);
  const stream = rawStream(clientOf(server.address));
  await opened(stream, { numEnvs: 1, trials: 1n, options: { arms: 2, horizon: 2 } });
  server.child.stdin?.end();
  await stream.expect("draining");
  server.child.kill("SIGINT");
  await step(stream, 0, 2); // the trial may finish
  await stream.expect("closed");
  expect(await server.exited).toBe(0);
});

test("a server killed in the middle of episodes has lost nothing that it acknowledged, and has nothing twice", async () => {
  const data = dataDir();
  const server = await startServerProcess(data);
  const stream = rawStream(clientOf(server.address));
  // Trials of two steps in three envs: at any moment some are durable, some written and not yet acknowledged, some half played.
  await opened(stream, { numEnvs: 3, trials: 10_000n, options: { arms: 2, horizon: 2 } });
  let durable = 0n;
  for (let index = 0; durable < 100n || index % 2 === 0; index += 1) {
    durable = (await step(stream, index, 1, 3)).durableTrials;
  }
  server.child.kill("SIGKILL");
  expect((await stream.ended).code).toBe(14); // UNAVAILABLE, of gRPC itself
  expect(await server.exited).toBe("SIGKILL");

  const again = await startServerProcess(data);
  const connection = await connect(again.address);
  const { trajectories } = await connection.listTrajectories({ filter: {}, pageSize: 10_000, pageToken: "" });
  const trials = trajectories.map((row) => Number(row.trialIndex));
  expect(trials.length).toBeGreaterThanOrEqual(Number(durable));
  // All envs play in step, so trials end in the order of their indices: each is there once, and none in between is missing.
  expect(trials).toEqual(trials.map((_, i) => i));
  expect(trajectories.every((row) => row.complete)).toBe(true);
  // It goes on.
  expect(await playAgent(connection, randomAgent("later"), { task: "bernoulli-bandit", trials: 5 })).toMatchObject({
    durableTrials: 5n,
  });
  connection.close();
  again.child.kill("SIGTERM");
  expect(await again.exited).toBe(0);
  const verified = startProcess([PROGRAM, "log", "verify", "--data", data, "--json"]);
  const report = { ok: true, episodes: trials.length + 5, problems: [] };
  expect(JSON.parse(await allOf(verified))).toMatchObject(report);
  expect(await verified.exited).toBe(0);
});

async function allOf(process: ReturnType<typeof startProcess>): Promise<string> {
  const lines: string[] = [];
  for (;;) {
    try {
      lines.push(await process.line());
    } catch {
      return lines.join("\n");
    }
  }
}

test("on a full disk sessions that record end with LOG_UNWRITABLE, others play on, and what was acknowledged is readable", async () => {
  const data = dataDir();
  // No file may grow beyond 60 blocks, of 512 bytes in dash, of 1024 in bash.
  const server = await startServerProcess(data, [], "ulimit -f 60");
  const client = clientOf(server.address);
  const unrecorded = rawStream(client);
  await opened(unrecorded, { record: false, options: { horizon: 100_000 } });
  await step(unrecorded, 0, 10);

  const early = rawStream(client);
  await opened(early, {}, { agent: "early" });
  await step(early, 0, 4);
  expect(await early.expect("closed")).toMatchObject({ durableTrials: 1n });

  const recording = rawStream(client);
  // Free labels are logged with each episode: 128 of them are half a megabyte.
  const tags = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`filler ${i}`, "x".repeat(1000)]));
  const large = { numEnvs: 128, trials: 100_000n, options: { arms: 2, horizon: 1 }, tags };
  await opened(recording, large, { agent: "recorder" });
  let observations: Observations | undefined;
  for (let index = 0; ; index += 1) {
    recording.send(actions(index, new Array<number>(128).fill(0)));
    const response = await recording.next().catch(() => undefined);
    if (response?.message.$case !== "observations") break;
    observations = response.message.value;
  }
  expect(observations?.durableTrials).toBe(0n);
  expect(await recording.ended).toMatchObject({ code: 14, reason: "LOG_UNWRITABLE" });

  early.send(open());
  expect(await early.ended).toMatchObject({ code: 14, reason: "LOG_UNWRITABLE" });
  const refused = rawStream(client);
  refused.send(hello());
  await refused.expect("welcome");
  refused.send(open());
  expect(await refused.ended).toMatchObject({ code: 14, reason: "LOG_UNWRITABLE" });
  const connection = await connect(server.address);
  onTestFinished(() => connection.close());
  expect((await connection.getServerInfo()).logWritable).toBe(false);

  await step(unrecorded, 10, 10);
  unrecorded.send({ $case: "close", value: { reason: "" } });
  expect(await unrecorded.expect("closed")).toMatchObject({ steps: 20n, durableTrials: 0n });
  server.child.kill("SIGTERM");
  expect(await server.exited).toBe(1); // not everything could be put right

  // There is room again.
  const again = await startServerProcess(data);
  const reader = await connect(again.address);
  onTestFinished(() => reader.close());
  const { trajectories } = await reader.listTrajectories({ filter: {}, pageSize: 0, pageToken: "" });
  expect(trajectories).toMatchObject([{ agent: "early", complete: true, length: 4 }]);
  expect(await playAgent(reader, randomAgent("later"), { task: "bernoulli-bandit", trials: 5 })).toMatchObject({
    durableTrials: 5n,
  });
  again.child.kill("SIGTERM");
  expect(await again.exited).toBe(0);
  expect((await verify(data)).problems).toEqual([]);
});

test("a full disk forfeits nothing", async () => {
  const data = dataDir();
  const server = await startServerProcess(data, [], "ulimit -f 64");
  const connection = await connect(server.address);
  onTestFinished(() => connection.close());
  const trials = 20_000;
  const id = await create(connection, spec(["x"], { tasks: [BANDIT], trials }));
  const failures: unknown[] = [];
  const outcome = await serveMatches(connection, randomAgent("x"), {
    entrant: "x",
    numEnvs: 256,
    onMatchFailed: (_, error) => failures.push(error),
  }).catch((error: unknown) => error);
  for (const error of [...failures, outcome]) expect(error).toMatchObject({ reason: "LOG_UNWRITABLE" });
  const { tournament } = await connection.getTournament({ id });
  expect(tournament?.matches[0]).toMatchObject({ forfeits: 0, forfeitReason: "" });
});

test("a second server on the same folder is refused with LOG_LOCKED, and the first one is not disturbed", async () => {
  const data = dataDir();
  const server = await startServerProcess(data);
  const second = startProcess([
    PROGRAM,
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--data",
    data,
    "--json",
    "--log-level",
    "warn",
  ]);
  expect(await second.exited).toBe(1);
  expect(second.stderr).toMatch(/LOG_LOCKED: .*is written by process \d+/);
  const connection = await connect(server.address);
  onTestFinished(() => connection.close());
  const closed = await playAgent(connection, randomAgent("r"), {
    task: "river-swim",
    taskOptions: { episodes: 2 },
    trials: 3,
  });
  expect(closed).toMatchObject({ completeTrials: 3n, durableTrials: 3n });
});

test("a server on a port that is taken says so and leaves the log unlocked", async () => {
  const data = dataDir();
  const server = await startServerProcess(dataDir());
  const second = startProcess([
    PROGRAM,
    "serve",
    "--listen",
    server.address,
    "--data",
    data,
    "--json",
    "--log-level",
    "warn",
  ]);
  expect(await second.exited).toBe(1);
  expect(second.stderr).toMatch(/EADDRINUSE|address already in use/i);
  await startServerProcess(data); // takes the lock
  const socket = connectTcp(Number(server.address.split(":")[1]), "127.0.0.1");
  await once(socket, "connect"); // the first one is still there
  socket.destroy();
});
