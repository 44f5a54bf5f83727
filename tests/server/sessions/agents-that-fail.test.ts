import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { manualClock } from "../../support/manual-clock.js";
import { actions, hello, open, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { serverForTest, startProcess } from "../../support/server.js";
import { witnessesOf } from "../../support/witness.js";

const DYING_AGENT = fileURLToPath(new URL("./dying-agent.mjs", import.meta.url));

test("an agent that is killed leaves its episodes truncated, incomplete and without regret, and harms nobody", async () => {
  const server = await serverForTest({ resume_ms: 50 });
  const witnesses = witnessesOf(server);
  const sessionId = await witnesses.beside(async () => {
    const agent = startProcess([DYING_AGENT, server.address]);
    const said = JSON.parse(await agent.line()) as { sessionId: string };
    expect((await server.connection.getServerInfo()).openSessions).toBe(2);
    agent.child.kill("SIGKILL");
    await agent.exited;
    return said.sessionId;
  });
  // The witness has played on; the server may still be about to notice. Its own log tells when it has.
  await expect.poll(async () => (await server.connection.getServerInfo()).openSessions, { timeout: 60_000 }).toBe(0);
  const rows = (await witnesses.checkLog()).filter((row) => row.session_id === sessionId);
  // by hand: 3 envs with 2 steps each in episodes of 4
  expect(rows.length).toBe(3);
  for (const row of rows) {
    expect(row).toMatchObject({
      end_reason: "CONNECTION_LOST",
      length: 2,
      complete: false,
      terminated: false,
      truncated: true,
      regret: null,
      optimal_value: null,
    });
    expect(row.regrets?.length).toBe(2); // the steps' own regrets are known
  }
});

test("an agent that cancels its stream counts as lost, and its steps stay in the log", async () => {
  const server = await serverForTest();
  const witnesses = witnessesOf(server);
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  await witnesses.beside(async () => {
    const stream = rawStream(client);
    await opened(stream, {}, { agent: "canceller" });
    stream.send(actions(0, [2]));
    await stream.expect("observations");
    stream.call.cancel();
    expect((await stream.ended).code).toBe(1);
  });
  const rows = (await witnesses.checkLog()).filter((row) => row.agent === "canceller");
  expect(rows.map((row) => [row.end_reason, [...row.actions]])).toEqual([["CONNECTION_LOST", [2]]]);
});

test("an agent that hangs is told ACT_TIMEOUT, and the others play on", async () => {
  const clock = manualClock();
  const server = await serverForTest({ act_timeout_ms: 1000 }, undefined, clock);
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const hanging = rawStream(client);
  const { welcome } = await opened(hanging);
  expect(welcome.limits?.actTimeoutMs).toBe(1000);
  hanging.send(actions(0, [0]));
  await hanging.expect("observations");
  // Beside it one that answers in time: as many lock-steps as it takes until the other's time is over.
  const lively = rawStream(client);
  await opened(lively, { options: { horizon: 100_000 }, record: false });
  let over = false;
  void hanging.ended.then(() => {
    over = true;
  });
  let steps = 0;
  for (; !over; steps += 1) {
    clock.pass(10);
    lively.send(actions(steps, [0]));
    await lively.expect("observations");
  }
  expect(await hanging.ended).toMatchObject({ code: 4, reason: "ACT_TIMEOUT" });
  expect((await hanging.ended).text).toMatch(/no actions for step_index 1 within 1000 ms/);
  lively.send({ $case: "close", value: { reason: "" } });
  expect(await lively.expect("closed")).toMatchObject({ steps: BigInt(steps), incompleteTrials: 1n });
  const { trajectories } = await server.connection.listTrajectories({
    filter: { complete: false },
    pageSize: 0,
    pageToken: "",
  });
  expect(trajectories).toMatchObject([{ endReason: "ACT_TIMEOUT", length: 1, regret: undefined }]);
});

test("an agent that asks without end and never reads is not read from: nothing piles up, and its deadline runs", async () => {
  const server = await serverForTest({ act_timeout_ms: 4000 });
  const witnesses = witnessesOf(server);
  // Little room on the way back, so that the server's writes stop soon.
  const client = rawClient(server.address, { "grpc-node.flow_control_window": 65_535 });
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  const envs = 2048;
  await opened(stream, { numEnvs: envs, trials: BigInt(envs), record: false });
  const sent = stream.send(actions(0, new Array<number>(envs).fill(0)));
  await stream.expect("observations");
  stream.call.pause();
  // Each repeat of some 8 KB asks for an answer of some 8 KB; 40,000 of them would be 320 MB of answers.
  const before = process.memoryUsage().rss;
  let written = 0;
  let over = false;
  const ended = stream.ended.then(() => {
    over = true;
  });
  const flood = async () => {
    for (; written < 40_000 && !over; written += 1) {
      if (!stream.call.write(sent))
        await Promise.race([new Promise((resolve) => stream.call.once("drain", resolve)), ended]);
    }
  };
  const flooding = flood();
  const timedOut = () => server.said.some((line) => line.reason === "ACT_TIMEOUT");
  await witnesses.beside(async () => {}); // whose own deadline runs, too
  await expect.poll(timedOut, { timeout: 60_000 }).toBe(true);
  // What fits on the way: a few buffers of 16 messages and a window.
  expect(written).toBeLessThan(1000);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
  expect((await server.connection.getServerInfo()).openSessions).toBe(0);
  stream.call.resume();
  expect((await stream.ended).reason).toBe("ACT_TIMEOUT");
  await flooding;
  await witnesses.checkLog();
});

test("a session too many is refused, and a place that becomes free is given away again", async () => {
  const server = await serverForTest({ max_sessions: 3 });
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const streams = [rawStream(client), rawStream(client), rawStream(client)];
  for (const stream of streams) expect((await opened(stream)).welcome.limits?.maxSessions).toBe(3);
  const refused = rawStream(client);
  refused.send(hello());
  expect(await refused.ended).toMatchObject({
    code: 8,
    reason: "TOO_MANY_SESSIONS",
    text: "3 sessions are open: at most 3",
  });
  for (const stream of streams) {
    for (let step = 0; step < 4; step += 1) {
      stream.send(actions(step, [0]));
      await stream.expect("observations");
    }
    expect(await stream.expect("closed")).toMatchObject({ completeTrials: 1n });
  }
  streams[0].send({ $case: "close", value: { reason: "" } });
  expect((await streams[0].ended).code).toBe(0);
  const late = rawStream(client);
  await opened(late);
  for (const stream of [...streams, late]) stream.call.cancel();
});

test("the limits that welcome and GetServerInfo announce are the enforced ones", async () => {
  const limits = {
    max_envs: 5,
    max_trials: 7,
    max_message_bytes: 70_000,
    act_timeout_ms: 20_000,
    max_sessions: 2,
    max_steps_in_flight: 40,
  };
  const server = await serverForTest(limits);
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const announced = (await server.connection.getServerInfo()).limits;
  expect(announced).toMatchObject({
    maxEnvs: 5,
    maxTrials: 7n,
    maxMessageBytes: 70_000,
    actTimeoutMs: 20_000,
    actOvertimeMs: 10_000,
    maxSessions: 2,
    maxStepsInFlight: 40n,
    helloTimeoutMs: 5000,
    maxHelloBytes: 65_536,
    maxConnections: 512,
    maxConnectionsPerAddress: 256,
    maxStreamsPerConnection: 256,
    idleTimeoutMs: 300_000,
    keepaliveMs: 10_000,
  });
  const endingOf = async (members: Parameters<typeof open>[0]) => {
    const stream = rawStream(client);
    stream.send(hello());
    expect((await stream.expect("welcome")).limits).toEqual(announced);
    stream.send(open(members));
    const ended = stream.ended.then((ending) => ending.reason);
    const outcome = await Promise.race([
      ended,
      stream.expect("opened").then(
        () => "opened",
        () => ended,
      ),
    ]);
    stream.call.cancel();
    await stream.ended;
    return outcome;
  };
  const free = { options: { horizon: 8 }, record: false };
  expect(await endingOf({ ...free, numEnvs: 5, trials: 7n })).toBe("opened");
  expect(await endingOf({ ...free, numEnvs: 6, trials: 7n })).toBe("ENVS_INVALID");
  expect(await endingOf({ ...free, numEnvs: 5, trials: 8n })).toBe("TRIALS_INVALID");
  expect(await endingOf({ options: { horizon: 9 }, numEnvs: 5, trials: 7n })).toBe("ENVS_INVALID");
  // Too many bytes for a tag, and not too many for an open.
  expect(await endingOf({ ...free, tags: { a: "x".repeat(60_000) } })).toBe("NAME_INVALID");
  expect(await endingOf({ ...free, tags: { a: "x".repeat(70_000) } })).toBe("MESSAGE_TOO_LARGE");
});
