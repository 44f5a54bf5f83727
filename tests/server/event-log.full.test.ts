/** What servers say of themselves, and that docs/operating.md has all of it. The last test looks at what all others made them say. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { setLogger } from "@grpc/grpc-js";
import { levels, pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { listSegments, listShards, segmentPath } from "#icrl/datasets/log/log-folder.js";
import { createEventLog, SAYINGS } from "#icrl/server/event-log.js";
import { statusOf } from "#icrl/server/rpc/errors.js";
import { hearGrpc } from "#icrl/server/rpc/grpc-log.js";
import { frameHeader } from "#icrl/server/trajectories/segment-file.js";
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { eventually } from "../support/eventually.js";
import { removeLocks } from "../support/log-place.js";
import { tableBelow } from "../support/operating-page.js";
import { actions, hello, open, opened, type RawStream, rawClient, rawStream } from "../support/raw-stream.js";
import { resumingAgent } from "../support/resuming.js";
import { serverAfter, serverWithPage, startTestServer, type TestServer } from "../support/server.js";
import { tempDir } from "../support/temp-dir.js";
import { agentThat, BANDIT, create, finished, randomAgent, spec } from "../support/tournament.js";
import { randomEpisode } from "./trajectories/random-episodes.mjs";

type Line = Readonly<Record<string, unknown>>;

/** Everything that was said to any test. */
const heard: Line[][] = [];

/** A server that says all it has to say. */
async function talkative(earlier?: TestServer): Promise<TestServer> {
  const server = earlier === undefined ? await serverWithPage({}, "trace") : await serverAfter(earlier, {}, "trace");
  heard.push(server.said as Line[]);
  return server;
}

/** An event log of its own. */
function listener() {
  const lines: Line[] = [];
  heard.push(lines);
  const write = (line: string) => void lines.push(JSON.parse(line) as Line);
  return { lines, tell: createEventLog(pino({ level: "trace" }, { write })) };
}

const saidOf = (server: TestServer, event: string): Line[] => server.said.filter((line) => line.event === event);

function streamTo(server: TestServer): RawStream {
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  return rawStream(client);
}

/** Plays a trial of one step, and waits until it is durable. */
async function playTrial(server: TestServer): Promise<void> {
  const stream = streamTo(server);
  await opened(stream, { options: { arms: 2, horizon: 1 }, trials: 1n });
  stream.send(actions(0, [0]));
  await stream.expect("observations");
  await stream.expect("closed");
  stream.call.end();
  await stream.ended;
}

/** Has the log rolled into shards: a collection that begins looks there for what it has already. Its id. */
async function seal({ connection }: TestServer): Promise<string> {
  const behaviours = [{ name: "nobody", agent: "nobody", options: {}, weight: 1 }];
  const seed = BigInt((await connection.listCollections()).collections.length);
  const { collection } = await connection.createCollection({
    spec: { name: "test", seed, tasks: [{ ...BANDIT, trials: 1 }], behaviours },
  });
  return collection?.id as string;
}

test("a session that goes well is said at debug, one that fails at info, each once", async () => {
  const server = await talkative();
  await playTrial(server);
  const bad = streamTo(server);
  await opened(bad);
  bad.send(actions(0, [77]));
  await bad.ended;
  const silent = streamTo(server);
  silent.call.end();
  await silent.ended;
  await eventually(() => expect(saidOf(server, "session_ended")).toHaveLength(3));
  const [well, failed, said] = saidOf(server, "session_ended");
  expect(well).toMatchObject({ level: 20, steps: 1, trials: 1 });
  expect(well).not.toHaveProperty("reason");
  expect(failed).toMatchObject({
    level: 30,
    agent: "test-agent",
    reason: "ACTION_OUT_OF_RANGE",
    message: expect.stringMatching(/^action 77 /),
    steps: 0,
  });
  expect(said).toMatchObject({ level: 20, steps: 0, trials: 0 });
  expect(said).not.toHaveProperty("agent"); // it never said hello
  expect(saidOf(server, "task_opened")[0]).toMatchObject({ session_id: well.session_id, num_envs: 1, trials: 1 });
  await server.close(7);
  expect(saidOf(server, "listening")).toMatchObject([{ address: server.address, page: server.pageUrl }]);
  expect(saidOf(server, "draining")).toMatchObject([{ sessions: 0, deadline_ms: 7, why: "closed" }]);
  expect(server.said.at(-1)).toMatchObject({ event: "stopped" });
});

test("a session that loses its stream, and goes on over another one, is said without its token", async () => {
  const server = await talkative();
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const agent = await resumingAgent(client);
  agent.cut();
  await eventually(() => expect(saidOf(server, "session_parked")).toHaveLength(1));
  await agent.resume();
  const { sessionId, resumeToken } = agent.welcome;
  expect(saidOf(server, "session_parked")).toMatchObject([{ level: 30, session_id: sessionId }]);
  expect(saidOf(server, "session_resumed")).toMatchObject([{ level: 30, session_id: sessionId }]);
  expect(JSON.stringify(server.said)).not.toContain(resumeToken);
  agent.send(open());
  await agent.next();
  await server.close();
  expect(saidOf(server, "sessions_kept")).toMatchObject([{ level: 30, sessions: 1, left_out: 0 }]);
  const file = join(server.dataDir, "sessions.json");
  writeFileSync(file, readFileSync(file, "utf8").slice(1));
  const next = await talkative(server);
  expect(saidOf(next, "sessions_not_kept")).toMatchObject([{ level: 40, message: expect.stringContaining(file) }]);
});

test("a tournament's life is said, that of an earlier server goes on, and no line has its seed", async () => {
  const first = await talkative();
  // A seed that no line has by chance.
  const of = spec(["good", "bad", "late"], { seed: 8_765_432_123_456_789n, tasks: [BANDIT], trials: 4 });
  const id = await create(first.connection, of);
  await serveMatches(first.connection, randomAgent("good"), { entrant: "good", streams: 1 });
  const broken = agentThat("bad", () => {
    throw new Error("division by cucumber");
  });
  await serveMatches(first.connection, broken, { entrant: "bad", streams: 1 });
  await expect(first.connection.getTournament({ id: "nobody's" })).rejects.toMatchObject({
    reason: "TOURNAMENT_UNKNOWN",
  });
  await first.close();
  const about = { tournament_id: id, task: "bandit", trials: 4 };
  expect(saidOf(first, "tournament_created")).toMatchObject([
    { tournament_id: id, name: "test", matches: 3, trials: 4 },
  ]);
  expect(saidOf(first, "match_opened")).toMatchObject([{ entrant: "good" }, { entrant: "bad" }]);
  expect(saidOf(first, "match_finished")).toMatchObject([{ ...about, entrant: "good", steps: 24 }]);
  expect(saidOf(first, "match_forfeited")).toMatchObject([
    { ...about, entrant: "bad", played: 0, reason: "AGENT_FAILED", message: "division by cucumber" },
  ]);
  expect(
    saidOf(first, "rpc_ended").filter(({ reason }) => reason !== undefined && reason !== "SERVER_DRAINING"),
  ).toMatchObject([
    { level: 30, method: "TournamentService/GetTournament", code: "NOT_FOUND", reason: "TOURNAMENT_UNKNOWN" },
  ]);

  const second = await talkative(first);
  expect(saidOf(second, "tournament_resumed")).toMatchObject([{ tournament_id: id, matches: 3, unfinished: 1 }]);
  await serveMatches(second.connection, randomAgent("late"), { entrant: "late", streams: 1 });
  await finished(second.connection, id);
  expect(saidOf(second, "tournament_finished")).toMatchObject([{ tournament_id: id, matches: 3, forfeited: 1 }]);
  // What was over before is not said again.
  expect(saidOf(second, "match_forfeited")).toEqual([]);
  expect(saidOf(second, "match_finished")).toMatchObject([{ entrant: "late" }]);
  expect(JSON.stringify([first.said, second.said])).not.toContain(String(of.seed));
});

test("that a tournament or a collection is cancelled, or a tournament deleted, is said once", async () => {
  const server = await talkative();
  const { connection } = server;
  const id = await create(connection, spec(["a", "b"], { tasks: [BANDIT] }));
  for (let times = 0; times < 2; times++) await connection.cancelTournament({ id });
  await connection.deleteTournament({ id });
  const collection = await seal(server);
  for (let times = 0; times < 2; times++) await connection.cancelCollection({ id: collection });
  const about = { level: 30, tournament_id: id, name: "test" };
  expect(saidOf(server, "tournament_cancelled")).toMatchObject([{ ...about, matches: 2, unfinished: 2 }]);
  expect(saidOf(server, "tournament_deleted")).toMatchObject([about]);
  expect(saidOf(server, "collection_cancelled")).toMatchObject([
    { level: 30, collection_id: collection, name: "test", unfinished: 1 },
  ]);
});

test("a log that cannot be written says so, and that it can again", async () => {
  const server = await talkative();
  await playTrial(server);
  await seal(server); // no segment is open
  const folder = join(server.dataDir, "log");
  renameSync(folder, `${folder}.away`);
  await expect(playTrial(server)).rejects.toThrow("LOG_UNWRITABLE");
  const refused = streamTo(server);
  refused.send(hello());
  refused.send(open());
  expect(await refused.ended).toMatchObject({ reason: "LOG_UNWRITABLE" });
  renameSync(`${folder}.away`, folder);
  await playTrial(server);
  const events = server.said.map(({ event }) => event).filter((event) => /writable/.test(String(event)));
  expect(events).toEqual(["log_unwritable", "log_still_unwritable", "log_writable_again"]);
  expect(saidOf(server, "log_unwritable")).toMatchObject([{ level: 50, lost: 1, folder: server.dataDir }]);
  expect(saidOf(server, "log_committed").map(({ rows }) => rows)).toEqual([1, 1]);
});

test("what is wrong with the log's files is said", async () => {
  const server = await talkative();
  await playTrial(server);
  const [{ path }] = listSegments(server.dataDir);
  const good = readFileSync(path);
  // As many shards as are worth joining, one of which is none.
  for (let i = 0; i < 8; i++) {
    await playTrial(server);
    await seal(server);
  }
  const [shard] = listShards(server.dataDir);
  rmSync(shard.path);
  mkdirSync(shard.path);
  await server.close();
  expect(saidOf(server, "log_rolled")).toHaveLength(8);
  expect(saidOf(server, "shards_not_joined")).toMatchObject([
    { level: 40, message: expect.stringContaining("is no file, and has the name of one") },
  ]);

  rmSync(shard.path, { recursive: true });
  const noise = Buffer.from("no Arrow stream");
  const segments = [
    Buffer.concat([Buffer.from("noise"), good]), // damaged in its middle
    Buffer.concat([good, Buffer.from("a torn end")]),
    Buffer.concat([frameHeader([noise], 1), noise]), // whole, and not what the log writes
  ];
  for (const [i, bytes] of segments.entries()) writeFileSync(segmentPath(server.dataDir, 1000 + 10 * i, 1), bytes);
  const { lines, tell } = listener();
  const log = await openTrajectoryLog(server.dataDir, { tell });
  await expect(log.close()).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" }); // the segment that was kept
  const saidOfLog = (event: string) => lines.filter((line) => line.event === event);
  expect(saidOfLog("torn_bytes_cut")).toMatchObject([{ level: 40, bytes: 10, folder: server.dataDir }]); // "a torn end"
  expect(saidOfLog("segment_damaged")).toMatchObject([{ level: 50, segment: 1000, bytes: 5 }]); // "noise"
  expect(saidOfLog("segment_kept")).toMatchObject([{ level: 40, segment: 1020 }]);
});

test("a log that another may hold, that has lost its end, and that another takes over says so", async () => {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  mkdirSync(join(dir.path, "log"));
  // A process elsewhere that has acknowledged 40 episodes, and is silent.
  const silent = `{"pid":1,"host":"elsewhere","token":"t"}\n${"40".padStart(16, "0")}\n`;
  writeFileSync(join(dir.path, "log", "lock-7"), silent);
  const { lines, tell } = listener();
  const log = await openTrajectoryLog(dir.path, { tell, lock: { watchMs: 30 } });
  expect(lines).toMatchObject([
    { event: "lock_watched", level: 40, folder: dir.path, holder: "process 1 on elsewhere", seconds: 0.03 },
    { event: "episodes_missing", level: 50, folder: dir.path, episodes: 40 },
  ]);
  removeLocks(dir.path);
  await expect(log.whenDurable(log.append(randomEpisode(1)))).rejects.toThrow(/has taken .* over/);
  expect(lines.slice(2)).toMatchObject([
    { event: "log_taken_over", level: 50, folder: dir.path },
    { event: "log_unwritable", lost: 1 },
  ]);
  await expect(log.close()).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
});

test("what a caller sends at any length is said at a bounded one", async () => {
  const server = await talkative();
  const long = "x".repeat(20_000);
  const stream = streamTo(server);
  stream.send(hello({ agentVersion: long, entrant: long }));
  expect(await stream.ended).toMatchObject({ reason: "NAME_INVALID" });
  await expect(server.connection.getTournament({ id: long })).rejects.toMatchObject({ reason: "TOURNAMENT_UNKNOWN" });
  await eventually(() => expect(saidOf(server, "session_ended")).toMatchObject([{ reason: "NAME_INVALID" }]));
  for (const line of server.said) expect(JSON.stringify(line).length).toBeLessThan(5000);
});

test("failures inside the server are said with their stacks", async () => {
  const server = await talkative();
  await create(server.connection, spec(["nobody"], { trials: 9 }));
  await server.close();
  const folder = join(server.dataDir, "tournaments");
  const journal = join(folder, readdirSync(folder)[0]);
  writeFileSync(journal, readFileSync(journal, "utf8").replace('"trials":9', '"trials":8'));
  const next = await talkative(server);
  expect(saidOf(next, "internal_error")).toMatchObject([
    {
      level: 50,
      where: "background",
      reason: "SPEC_INVALID",
      err: { stack: expect.stringContaining("specOf") },
    },
  ]);

  const { lines, tell } = listener();
  expect(statusOf(new Error("a bug"), tell)).toMatchObject({ code: 13, details: "internal error" }); // INTERNAL
  expect(lines).toMatchObject([{ event: "internal_error", where: "rpc", err: { message: "a bug" } }]);
});

test("listening where others than this machine reach it is a warning that names the addresses", async () => {
  const server = await startTestServer({}, undefined, { listen: "0.0.0.0:0" }, undefined, undefined, undefined, {
    doors: { insecure: true },
  });
  onTestFinished(() => server.dispose());
  heard.push(server.said as Line[]);
  expect(saidOf(server, "listening")).toMatchObject([{ level: 40, open: ["0.0.0.0:0"] }]);
});

test("where the process may open too few files there are fewer connections, announced and said", async () => {
  const more = { openFiles: 800, metrics: "127.0.0.1:0" };
  const limits = { max_connections: 600 };
  const server = await startTestServer(limits, undefined, undefined, undefined, undefined, undefined, more);
  onTestFinished(() => server.dispose());
  heard.push(server.said as Line[]);
  expect(saidOf(server, "connections_lowered")).toMatchObject([{ level: 40, max_connections: 400, open_files: 800 }]);
  expect((await server.connection.getServerInfo()).limits?.maxConnections).toBe(400);
});

test("what gRPC says of itself is an event, and no line of another form", async () => {
  const { lines, tell } = listener();
  hearGrpc(tell);
  onTestFinished(() => setLogger(console));
  const server = await talkative();
  const session = connectHttp2(`http://${server.address}`);
  onTestFinished(() => session.destroy());
  const call = session.request({
    ":method": "POST",
    ":path": "/icrl.v1.EnvironmentService/Play",
    "content-type": "application/grpc",
    te: "trailers",
    "grpc-encoding": "\u00ff", // which gRPC cannot read
  });
  call.on("error", () => {});
  call.end();
  await eventually(() =>
    expect(lines).toMatchObject([{ level: 20, message: expect.stringContaining("grpc-encoding") }]),
  );
});

/** What pino itself adds. */
const EVERY_LINE = ["level", "time", "pid", "hostname", "event", "msg"];

test("docs/operating.md has every event with its levels and fields, and no other", () => {
  const lines = heard.flat();
  const documented = tableBelow("The server's log");
  expect(documented.map(([event]) => event)).toEqual(Object.keys(SAYINGS));
  for (const [event, level, list] of documented) {
    const own = lines.filter((line) => line.event === event);
    expect([event, own.length > 0]).toEqual([event, true]);
    expect([event, [...new Set(own.map((line) => levels.labels[line.level as number]))].sort()]).toEqual([
      event,
      level.split(", "),
    ]);
    const fields = list.split(", ").filter(Boolean);
    const always = fields.filter((field) => !field.endsWith("?"));
    const all = fields.map((field) => field.replace("?", ""));
    for (const line of own) {
      expect(Object.keys(line)).toEqual(expect.arrayContaining([...EVERY_LINE, ...always]));
      expect([...EVERY_LINE, ...all]).toEqual(expect.arrayContaining(Object.keys(line)));
    }
  }
});
