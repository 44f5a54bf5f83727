/** Sessions that outlive their server: what is open is opened anew by the one that is started again on its folder. */
import { existsSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Hello, type Open } from "#icrl/proto/gen/icrl/v1/environment.js";
import { openKeptSessions } from "#icrl/server/sessions/kept-sessions.js";
import { countedSource } from "#icrl/server/sessions/trials-left.js";
import { eventually } from "../../support/eventually.js";
import { manualClock } from "../../support/manual-clock.js";
import { actions, encodeRequest, hello, open, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { playToTheEnd, type ResumingAgent, resumingAgent } from "../../support/resuming.js";
import { readLog, serverAfter, serverForTest, startTestServer, type TestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";
import { BANDIT, create, finished, spec } from "../../support/tournament.js";

function clientOf({ address }: TestServer) {
  const client = rawClient(address);
  onTestFinished(() => client.close());
  return client;
}

/** Answers so many observations of what is open, with action 1 in both envs. */
async function play(agent: ResumingAgent, steps: number) {
  for (let n = 0; n < steps; ) {
    const message = await agent.next();
    if (message.$case === "closed") return message.value;
    if (message.$case !== "observations" || message.value.active?.data.includes(1) === false) continue;
    agent.send(actions(message.value.stepIndex, [1, 1]));
    n += 1;
  }
  return undefined;
}

/** A stream that asks a server for a session of another one. */
async function again(server: TestServer, token: string, received: number) {
  const stream = rawStream(clientOf(server));
  stream.send({ $case: "resume", value: { resumeToken: token, received: BigInt(received) } });
  return { stream, welcome: await stream.expect("welcome") };
}

const kept = ({ dataDir }: TestServer) => join(dataDir, "sessions.json");

/** A hello without a name. */
const NAMELESS = Hello.encode(hello({ agent: "" }).value as Hello).finish();

const OPEN: Partial<Open> = { numEnvs: 2, trials: 5n, options: { arms: 3, horizon: 3 }, tags: { run: "x" } };

test("a session that plays when the server stops plays on from its last trial boundary when it is started again", async () => {
  const first = await serverForTest();
  const agent = await resumingAgent(clientOf(first), { agentOptions: { alpha: 2 } });
  const { resumeToken, sessionId } = agent.welcome;
  agent.send(open(OPEN));
  await play(agent, 5);
  while (agent.got.length < 7) await agent.next(); // opened, and observations 0 to 5: two trials are over, two have two steps
  await first.close();
  expect(await agent.stream.ended).toMatchObject({ reason: "SERVER_DRAINING" });
  expect(statSync(kept(first)).mode & 0o777).toBe(0o600);
  expect(readFileSync(kept(first), "utf8")).not.toContain(resumeToken);
  const second = await serverAfter(first);
  expect(existsSync(kept(first))).toBe(false);
  const { stream, welcome } = await again(second, resumeToken, agent.got.length);
  expect(welcome).toMatchObject({ sessionId, resumeToken, restarted: true, received: 6n });
  expect(await stream.expect("opened")).toMatchObject({ numEnvs: 2, trials: 3n });
  const begun = await stream.expect("observations");
  expect(begun.stepIndex).toBe(0n);
  expect(begun.trialStarts.map(({ trialIndex }) => trialIndex)).toEqual([2n, 3n]);
  stream.send(actions(0, [1, 1]));
  await stream.expect("observations");
  // and once more is lost, on the new server: that counts from its welcome
  stream.call.cancel();
  const third = await again(second, resumeToken, 3);
  expect(third.welcome).toMatchObject({ sessionId, restarted: false, received: 1n });
  for (let step = 1; step < 6; step += 1) {
    third.stream.send(actions(step, [1, 1]));
    await third.stream.expect("observations");
  }
  expect(await third.stream.expect("closed")).toMatchObject({
    completeTrials: 5n,
    incompleteTrials: 0n,
    episodes: 5n,
    steps: 15n,
    durableTrials: 5n,
  });
  await second.close();
  const rows = await readLog(first.dataDir);
  const complete = rows.filter((row) => row.complete);
  expect(complete.map((row) => Number(row.trial_index)).sort()).toEqual([0, 1, 2, 3, 4]);
  expect(rows.filter((row) => !row.complete).map((row) => [row.end_reason, row.length])).toEqual([
    ["SERVER_DRAINING", 2],
    ["SERVER_DRAINING", 2],
  ]);
  expect(new Set(rows.map((row) => `${row.session_id} ${row.agent_options} ${row.tags}`)).size).toBe(1);
});

test("who could not be told that all was played is told it by the next server, and who was told begins anew", async () => {
  const first = await serverForTest();
  const agents = [];
  for (const got of [8, 9]) {
    const agent = await resumingAgent(clientOf(first));
    agent.send(open({ ...OPEN, trials: 4n, record: false }));
    await play(agent, 6); // of opened, seven observations and closed, nine in all
    const { resumeToken } = agent.welcome;
    while (agent.got.length < 9) await agent.next();
    agent.cut();
    agents.push({ resumeToken, got });
  }
  await eventually(() => expect(first.said.filter(({ event }) => event === "session_parked").length).toBe(2));
  await first.close();
  const second = await serverAfter(first);
  const untold = await again(second, agents[0].resumeToken, agents[0].got);
  expect(await untold.stream.expect("opened")).toMatchObject({ trials: 0n });
  expect((await untold.stream.expect("observations")).trialStarts).toEqual([]);
  expect(await untold.stream.expect("closed")).toMatchObject({ completeTrials: 4n, episodes: 4n, steps: 12n });
  const told = rawStream(clientOf(second));
  told.send({ $case: "resume", value: { resumeToken: agents[1].resumeToken, received: 9n } });
  expect(await told.ended).toMatchObject({ reason: "RESUME_UNKNOWN" });
});

test("an entrant goes on in its tournament, keeps its name, and forfeits nothing", async () => {
  const first = await serverForTest();
  const id = await create(first.connection, spec(["a=x"], { trials: 4, tasks: [BANDIT] }));
  const entrantKey = "a secret that nobody guesses".replaceAll(" ", "-");
  const agent = await resumingAgent(clientOf(first), { agent: "x", entrant: "a", entrantKey, numEnvs: 2 });
  const { resumeToken, sessionId } = agent.welcome;
  await play(agent, 8);
  await first.close();
  expect(readFileSync(kept(first), "utf8")).not.toContain(Buffer.from(entrantKey).toString("base64").slice(4, 20));
  const second = await serverAfter(first);
  const stranger = rawStream(clientOf(second));
  stranger.send({ $case: "resume", value: { resumeToken: "0".repeat(32), received: 0n } });
  expect(await stranger.ended).toMatchObject({ reason: "RESUME_UNKNOWN" });
  const { stream, welcome } = await again(second, resumeToken, 0);
  expect(welcome).toMatchObject({ sessionId, restarted: true });
  // the rest of it, by an agent that has its stream
  const rest = {
    ...agent,
    stream,
    send: (message: never) => void stream.send(message),
    next: async () => (await stream.next()).message,
  };
  await playToTheEnd(rest as never, async () => {});
  const { tournament } = await finished(second.connection, id);
  expect(tournament.matches).toMatchObject([{ forfeitReason: "", completeTrials: 4 }]);
});

test("a server that cannot listen leaves the sessions to the next one", async () => {
  const first = await serverForTest();
  const agent = await resumingAgent(clientOf(first));
  agent.send(open(OPEN));
  await play(agent, 5);
  await first.close();
  const { address } = await serverForTest();
  const folder = { path: first.dataDir, remove() {} };
  const there = { listen: address };
  const start = () => startTestServer({}, undefined, undefined, folder, undefined, undefined, there);
  await expect(start()).rejects.toMatchObject({ code: "EADDRINUSE" });
  const { welcome } = await again(await serverAfter(first), agent.welcome.resumeToken, agent.got.length);
  expect(welcome).toMatchObject({ sessionId: agent.welcome.sessionId, restarted: true });
});

test("sessions that are kept wait for resume_ms from the next server's start, and no longer", async () => {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  const clock = manualClock();
  const session = { tokenHash: "0".repeat(64), sessionId: "0".repeat(36), hello: Buffer.of(1, 2), sent: 3, taken: 4 };
  const left = {
    taken: [2n ** 64n - 1n],
    again: [{ env: 1, trialIndex: 5n, seriesSeed: 6n, seeds: SEEDS }],
    completeTrials: 7,
    incompleteTrials: 9,
    incompleteEpisodes: 10,
    steps: 8,
  };
  const whole = { ...session, wasOpen: true, open: Buffer.of(9), left };
  const before = openKeptSessions(dir.path, 5000, clock, () => {});
  before.keep(whole, Promise.resolve());
  before.keep({ ...whole, tokenHash: "1".repeat(64) }, Promise.reject(new Error("the log has lost some of it")));
  await before.write();
  const after = openKeptSessions(dir.path, 5000, clock, () => {});
  expect(after.find("0".repeat(64))).toEqual(whole);
  expect(after.find("1".repeat(64))).toBeUndefined();
  clock.pass(4999);
  expect(after.find("0".repeat(64))).toBeDefined();
  clock.pass(1);
  expect(after.find("0".repeat(64))).toBeUndefined();
  expect(openKeptSessions(dir.path, 5000, clock, () => {}).find("0".repeat(64))).toBeUndefined(); // read once
});

test.each([
  ["is no JSON", "{"],
  ["is of another version", '{"version": 2, "sessions": []}'],
  ["has a session that is none", '{"version": 1, "sessions": [{"token_sha256": 7}]}'],
])("a file of sessions that %s is said, and resumes nothing", async (_, text) => {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  writeFileSync(join(dir.path, "sessions.json"), text);
  const said: unknown[] = [];
  openKeptSessions(dir.path, 5000, manualClock(), (event) => said.push(event));
  expect(said).toMatchObject([{ event: "sessions_not_kept", message: expect.stringContaining("sessions.json") }]);
  expect(existsSync(join(dir.path, "sessions.json"))).toBe(false);
});

/** What a file says of its one session, as far as a test changes it. */
interface KeptOne {
  hello: string;
  open: string;
  left: { taken: string[]; again: { env: number }[]; complete_trials: number };
}

/** A hello or an open as a file has it. */
const encoded = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

test.each<[what: string, change: (session: KeptOne) => unknown]>([
  ["its hello is none", (session) => Object.assign(session, { hello: "////" })],
  ["its hello is larger than one may be", (session) => Object.assign(session, { hello: "AAAA".repeat(40_000) })],
  ["its hello has a name that is refused", (session) => Object.assign(session, { hello: encoded(NAMELESS) })],
  ["its open is none", (session) => Object.assign(session, { open: "////" })],
  ["its open is an answer", (session) => Object.assign(session, { open: encoded(encodeRequest(actions(0, [1]))) })],
  ["it has no open, and trials left", (session) => Reflect.deleteProperty(session, "open")],
  ["more was handed out than there is", ({ left }) => left.taken.splice(0, 1, "6")],
  ["more series were handed out than there are", ({ left }) => left.taken.push("0")],
  ["more came back than was handed out", ({ left }) => left.again.push(...new Array(9).fill(left.again[0]))],
  ["more was played than was handed out", ({ left }) => Object.assign(left, { complete_trials: 2 ** 50 })],
  ["an env had a trial that is not there", ({ left }) => Object.assign(left.again[0], { env: 2 })],
])("a session of which a file says what cannot be is not resumed, and the server goes on: %s", async (_, change) => {
  const first = await serverForTest();
  const agent = await resumingAgent(clientOf(first));
  agent.send(open(OPEN));
  await play(agent, 5);
  await first.close();
  const file = JSON.parse(readFileSync(kept(first), "utf8"));
  change(file.sessions[0]);
  writeFileSync(kept(first), JSON.stringify(file));
  const second = await serverAfter(first);
  await refusedAsUnknown(second, agent);
});

test("sessions are not resumed out of a file elsewhere that a link leads to, and that stays as it is", async () => {
  const first = await serverForTest();
  const agent = await resumingAgent(clientOf(first));
  agent.send(open(OPEN));
  await play(agent, 5);
  await first.close();
  const elsewhere = join(first.dataDir, "elsewhere.json");
  renameSync(kept(first), elsewhere);
  const before = readFileSync(elsewhere, "utf8");
  symlinkSync(elsewhere, kept(first));
  const second = await serverAfter(first);
  await refusedAsUnknown(second, agent);
  expect(second.said).toContainEqual(expect.objectContaining({ event: "sessions_not_kept", level: 40 }));
  expect([existsSync(kept(first)), readFileSync(elsewhere, "utf8")]).toEqual([false, before]);
});

/** Asks for the agent's session in vain, and begins another. */
async function refusedAsUnknown(server: TestServer, { welcome, got }: ResumingAgent): Promise<void> {
  const client = clientOf(server);
  const stream = rawStream(client);
  stream.send({ $case: "resume", value: { resumeToken: welcome.resumeToken, received: BigInt(got.length) } });
  expect(await stream.ended).toMatchObject({ reason: "RESUME_UNKNOWN" });
  expect((await opened(rawStream(client), OPEN)).opened.trials).toBe(5n);
}

const SEEDS = { taskSeed: 2n ** 64n - 1n, noiseSeed: 0n, agentSeed: 2n ** 53n + 1n };

test("of a source that is stopped those trials are left that nobody played to their ends, each in its env where that has its own", () => {
  const results = {
    steps: 3,
    episodes: 1,
    return: 0,
    regret: 0,
    optimalValue: 0,
    curve: new Float64Array(),
    actions: new Int32Array(),
    regrets: new Float32Array(),
  };
  const series = (taken: readonly bigint[] = []) => {
    const next = [0, 1].map((n) => taken[n] ?? 0n);
    return {
      get remaining() {
        return 10n - next[0] - next[1];
      },
      take: (n: number) =>
        next[n] < 5n ? { trialIndex: next[n]++, seeds: { ...SEEDS, taskSeed: BigInt(n) } } : undefined,
      stepped() {},
      done() {},
    };
  };
  const source = countedSource(series(), true);
  const [a, b] = [source.take(0), source.take(1)];
  source.done({ ...results, ticket: a as never, complete: true });
  source.done({ ...results, ticket: b as never, complete: false }); // its agent has ended it: that is no trial to play again
  const [c, d] = [source.take(0), source.take(1)];
  source.stop();
  source.done({ ...results, ticket: c as never, complete: false });
  source.done({ ...results, ticket: d as never, complete: true });
  const left = source.left();
  expect(left).toMatchObject({ taken: [2n, 2n], again: [{ env: 0, trialIndex: 1n }] });
  const totals = { completeTrials: 2, incompleteTrials: 1, incompleteEpisodes: 1, steps: 9 };
  expect(left).toMatchObject(totals);
  const next = countedSource(series(left.taken), true, left);
  expect(next.remaining).toBe(7n);
  expect([1, 0, 0].map((n) => [n, next.take(n)?.trialIndex])).toEqual([
    [1, 2n],
    [0, 1n],
    [0, 2n],
  ]);
  expect(next.left()).toMatchObject({ taken: [3n, 3n], ...totals });
});
