/** Sessions whose stream is lost, and that another one takes up: on the wire. What takes time is in parking.test.ts. */
import type { Client } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Open } from "#icrl/proto/gen/icrl/v1/environment.js";
import { eventually } from "../../support/eventually.js";
import { actions, hello, open, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { answerTo, chosenAt, type ResumingAgent, resumingAgent } from "../../support/resuming.js";
import { readLog, serverForTest, startTestServer, type TestServer } from "../../support/server.js";

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

const clientOf = ({ address }: TestServer): Client => {
  const own = rawClient(address);
  onTestFinished(() => own.close());
  return own;
};

/** Two opens, one after the other, of three trials in two envs. */
const OPEN: Partial<Open> = { numEnvs: 2, trials: 3n, options: { arms: 3, horizon: 3 } };
const SEEDS = [7n, 8n];

/** Plays both opens to their ends; `disturb` is told of each message that it was sent or came, and how many were. */
async function playBoth(
  agent: ResumingAgent,
  members: Partial<Open>,
  disturb: (how: "sent" | "got", count: number) => Promise<void> = async () => {},
): Promise<void> {
  let sent = 0;
  const say = async (message: Parameters<typeof agent.send>[0]) => {
    agent.send(message);
    sent += 1;
    await disturb("sent", sent);
  };
  for (const seed of SEEDS) {
    await say(open({ ...OPEN, ...members, seed }));
    for (let over = false; !over; ) {
      const message = await agent.next();
      await disturb("got", agent.got.length);
      over = message.$case === "closed";
      const answer = answerTo(message, 2);
      if (answer !== undefined) await say(answer);
    }
  }
}

const hex = (bytes: readonly Buffer[]) => bytes.map((one) => one.toString("hex"));

test("a session that is lost at each of its messages plays on, and all that it says is byte for byte what it would have said", async () => {
  // what is not recorded is never durable: nothing in the messages depends on the disk
  const quiet = await resumingAgent(client);
  await playBoth(quiet, { record: false });
  const total = quiet.got.length;
  // by hand: three trials of three steps in two envs are 6 lock-steps; opened, 7 observations, closed
  expect(total).toBe(2 * 9);
  let cuts = 0;
  const cutWhen = async (agent: ResumingAgent, cut: (how: "sent" | "got", count: number) => boolean) => {
    await playBoth(agent, { record: false }, async (how, count) => {
      if (!cut(how, count)) return;
      agent.cut();
      cuts += 1;
      await agent.resume();
    });
    expect(hex(agent.got)).toEqual(hex(quiet.got));
  };
  for (let k = 1; k <= total; k += 1) {
    await cutWhen(await resumingAgent(client), (how, count) => how === "got" && count === k);
    await cutWhen(await resumingAgent(client), (how, count) => how === "sent" && count === k); // it may be on its way
  }
  const always = await resumingAgent(client);
  await cutWhen(always, () => true);
  // by hand: an agent sends an open and 6 actions each time; and of `always` each message, sent or got, is followed by a cut
  expect(cuts).toBe(total + 2 * 7 + (total + 2 * 7));
});

test("every trial of a session that is lost again and again is in the log once, with the actions that were sent", async () => {
  const own = await serverForTest();
  const agent = await resumingAgent(clientOf(own));
  let n = 0;
  await playBoth(agent, {}, async () => {
    n += 1;
    if (n % 3 === 0) agent.cut();
    if (n % 3 === 0) await agent.resume();
  });
  agent.stream.call.end();
  expect((await agent.stream.ended).code).toBe(0);
  await own.close();
  const rows = await readLog(own.dataDir);
  expect(rows.map((row) => row.complete)).toEqual(new Array(6).fill(true));
  expect(new Set(rows.map((row) => row.session_id))).toEqual(new Set([agent.welcome.sessionId]));
  for (const row of rows) {
    const from = row.trial_index === 2n ? 3n : 0n;
    expect([...row.actions]).toEqual([0n, 1n, 2n].map((step) => chosenAt(from + step, row.env_index)));
  }
  const said = own.said.filter(({ event }) => event === "session_resumed" || event === "session_parked");
  expect(said.length).toBeGreaterThan(5);
  expect(JSON.stringify(own.said)).not.toContain(agent.welcome.resumeToken);
});

test("a stream that says nothing gives way to the one that resumes its session, and no longer hears or says anything", async () => {
  const agent = await resumingAgent(client);
  agent.send(open({ record: false }));
  for (let i = 0; i < 2; i += 1) await agent.next();
  const old = agent.stream;
  await agent.resume();
  expect(await old.ended).toMatchObject({ code: 10, reason: "SESSION_RESUMED" });
  old.call.write(Buffer.from("what is no message"));
  agent.send(actions(0, [0]));
  expect((await agent.next()).$case).toBe("observations");
});

test("a session is resumed again and again, under one token", async () => {
  const agent = await resumingAgent(client);
  const { resumeToken, sessionId } = agent.welcome;
  expect(resumeToken.length).toBeGreaterThanOrEqual(22); // by hand: 16 bytes and more, in base 64
  agent.send(open({ record: false }));
  for (let i = 0; i < 4; i += 1) {
    agent.cut();
    await agent.resume();
    expect(agent.welcome).toMatchObject({ resumeToken, sessionId, restarted: false });
  }
  expect((await agent.next()).$case).toBe("opened");
});

test("who knows no token of a session that is there is told so, whatever it says", async () => {
  const agent = await resumingAgent(client);
  const { resumeToken } = agent.welcome;
  const gone = await resumingAgent(client);
  gone.stream.call.end();
  await gone.stream.ended;
  const texts = new Set<string>();
  for (const token of ["", "x", gone.welcome.resumeToken, `${resumeToken}0`, resumeToken.slice(1), "f".repeat(32)]) {
    const stranger = rawStream(client);
    stranger.send({ $case: "resume", value: { resumeToken: token, received: 0n } });
    const { reason, code, text } = await stranger.ended;
    expect([reason, code]).toEqual(["RESUME_UNKNOWN", 5]);
    texts.add(text);
  }
  expect(texts.size).toBe(1);
  agent.send(open({ record: false }));
  expect((await agent.next()).$case).toBe("opened");
});

test("a count of messages that the session cannot have is refused, and the session stays as it was", async () => {
  const agent = await resumingAgent(client);
  agent.send(open({ record: false, trials: 2n }));
  for (let step = 0; step < 3; step += 1) {
    while ((await agent.next()).$case !== "observations");
    agent.send(actions(step, [0]));
  }
  await agent.next();
  // by hand: opened and observations 0 to 3 were sent, and the actions for 2 say that all but the last came
  for (const [received, expected] of [
    [6n, "RESUME_CONFLICT"],
    [3n, "RESUME_CONFLICT"],
    [2n ** 64n - 1n, "RESUME_CONFLICT"],
  ] as const) {
    const wrong = rawStream(client);
    wrong.send({ $case: "resume", value: { resumeToken: agent.welcome.resumeToken, received } });
    expect(await wrong.ended).toMatchObject({ reason: expected });
  }
  agent.send(actions(3, [0]));
  expect((await agent.next()).$case).toBe("observations");
});

test("a session that does not list resume has no token and is lost with its stream", async () => {
  const own = await serverForTest();
  const stream = rawStream(clientOf(own));
  const { welcome } = await opened(stream);
  expect(welcome.resumeToken).toBe("");
  expect(welcome.capabilities).toContain("resume");
  stream.call.cancel();
  await eventually(async () => expect((await own.connection.getServerInfo()).openSessions).toBe(0));
});

test("a server whose resume_ms is 0 resumes nothing, and says so", async () => {
  const own = await serverForTest({ resume_ms: 0 });
  const { welcome } = await resumingAgent(clientOf(own));
  expect(welcome.resumeToken).toBe("");
  expect(welcome.capabilities).not.toContain("resume");
  const stream = rawStream(clientOf(own));
  stream.send({ $case: "resume", value: { resumeToken: "", received: 0n } });
  expect(await stream.ended).toMatchObject({ reason: "NOT_IMPLEMENTED" });
});

test("an agent that ends its stream, or closes, leaves nothing to resume", async () => {
  for (const leave of ["end", "close"] as const) {
    const agent = await resumingAgent(client);
    agent.send(open({ record: false }));
    for (let i = 0; i < 2; i += 1) await agent.next();
    if (leave === "end") agent.stream.call.end();
    else {
      agent.send({ $case: "close", value: { reason: "" } });
      expect((await agent.next()).$case).toBe("closed");
      agent.send({ $case: "close", value: { reason: "" } });
    }
    await agent.stream.ended;
    const again = rawStream(client);
    again.send({ $case: "resume", value: { resumeToken: agent.welcome.resumeToken, received: 0n } });
    expect(await again.ended).toMatchObject({ reason: "RESUME_UNKNOWN" });
  }
});

test("where all places are taken a session without a stream gives way, and its episodes are in the log as lost", async () => {
  const own = await serverForTest({ max_sessions: 2 });
  const by = clientOf(own);
  const lost = await resumingAgent(by, { agent: "lost" });
  lost.send(open());
  for (let i = 0; i < 2; i += 1) await lost.next();
  lost.send(actions(0, [1]));
  await lost.next();
  const there = await resumingAgent(by);
  lost.cut();
  await eventually(() => expect(own.said.some(({ event }) => event === "session_parked")).toBe(true));
  expect((await own.connection.getServerInfo()).openSessions).toBe(2);
  const comes = rawStream(by);
  comes.send(hello());
  await comes.expect("welcome");
  const again = rawStream(by);
  again.send({ $case: "resume", value: { resumeToken: lost.welcome.resumeToken, received: 3n } });
  expect(await again.ended).toMatchObject({ reason: "RESUME_UNKNOWN" });
  const refused = rawStream(by);
  refused.send(hello());
  expect(await refused.ended).toMatchObject({ reason: "TOO_MANY_SESSIONS" });
  there.cut();
  await there.resume(); // takes no second place
  await own.close();
  const rows = await readLog(own.dataDir);
  expect(rows.map((row) => [row.end_reason, row.length])).toEqual([["CONNECTION_LOST", 1]]);
});

test("a client that waits for headers before it says anything has them", async () => {
  const stream = rawStream(client);
  await new Promise((resolve) => stream.call.once("metadata", resolve));
  stream.send(hello());
  await stream.expect("welcome");
  stream.call.cancel();
});
