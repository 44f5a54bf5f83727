/** Time: what an agent may take, and what it is told when that is over or the server stops. */
import { expect, onTestFinished, test } from "vitest";
import { conversation } from "../../support/dm-env-rpc.js";
import { eventually } from "../../support/eventually.js";
import { manualClock } from "../../support/manual-clock.js";
import { readLog, serverForTest } from "../../support/server.js";

const RIVER = { task: "river-swim", seed: 7, "option.states": 3, "option.horizon": 4, "option.episodes": 2 };

const openSessions = async ({ connection }: Awaited<ReturnType<typeof serverForTest>>) =>
  (await connection.getServerInfo()).openSessions;

test("who takes too long for an action is interrupted, and then refused until it joins again", async () => {
  const clock = manualClock();
  const server = await serverForTest({ act_timeout_ms: 1000 }, undefined, clock);
  const mine = conversation(server.address);
  const { world } = await mine.enter(RIVER);
  await mine.step(undefined);
  const before = (await mine.step(1, [1n])).observations[1];
  clock.pass(999);
  expect(await mine.step(1)).toMatchObject({ state: "RUNNING" });
  clock.pass(1001);
  await eventually(async () => expect(await openSessions(server)).toBe(0));
  expect(before).toBeTypeOf("number");
  expect(await mine.step(1, [2n, 9n, 10n])).toEqual({
    state: "INTERRUPTED",
    observations: { 2: 0, 9: Number.NaN, 10: Number.NaN },
  });
  for (const asked of [() => mine.step(1), () => mine.reset(), () => mine.step(undefined)]) {
    await expect(asked()).rejects.toMatchObject({ reason: "ACT_TIMEOUT", code: 4, metadata: { timeout_ms: "1000" } });
  }
  await mine.leave();
  await mine.join(world);
  expect(await mine.step(undefined, [4n])).toEqual({ state: "RUNNING", observations: { 4: 1n } });
  await mine.leave();
  await server.close();
  expect((await readLog(server.dataDir)).map(({ end_reason, length }) => [end_reason, length])).toEqual([
    ["ACT_TIMEOUT", 2],
  ]);
});

test("between two sequences no time passes: a learner may take as long as it likes", async () => {
  const clock = manualClock();
  const server = await serverForTest({ act_timeout_ms: 1000 }, undefined, clock);
  const mine = conversation(server.address);
  await mine.enter({ ...RIVER, sequence: "episode" });
  const pause = () => clock.pass(100_000); // less than idle_timeout_ms
  pause();
  for (let episode = 0; episode < 5; episode++) {
    expect(await mine.step(undefined, [6n])).toEqual({ state: "RUNNING", observations: { 6: episode % 2 } });
    clock.pass(900);
    for (let i = 0; i < 3; i++) await mine.step(1);
    clock.pass(900);
    expect(await mine.step(1)).toMatchObject({ state: "TERMINATED" });
    pause();
  }
  await mine.step(undefined);
  await mine.step(1);
  await mine.reset();
  pause();
  expect(await mine.step(undefined)).toMatchObject({ state: "RUNNING" });
  await mine.leave();
  await server.close();
  // What it took is what passed while it was waited for.
  const rows = await readLog(server.dataDir);
  expect(rows.map(({ agent_ms: ms }) => ms)).toEqual([1800, 1800, 1800, 1800, 1800, 0]);
});

test("a stream with nothing running that asks nothing ends after idle_timeout_ms, joined or not", async () => {
  const clock = manualClock();
  const server = await serverForTest({ act_timeout_ms: 86_400_000 }, undefined, clock);
  const [unjoined, joined, running] = Array.from({ length: 3 }, () => conversation(server.address));
  await unjoined.leave();
  await joined.enter(RIVER);
  const { world } = await running.enter(RIVER);
  await running.step(undefined);
  clock.pass(server.limits.idleTimeoutMs / 2);
  await joined.reset();
  clock.pass(server.limits.idleTimeoutMs / 2);
  expect(await unjoined.ended).toMatchObject({ reason: "IDLE_TIMEOUT" });
  await joined.reset();
  clock.pass(server.limits.idleTimeoutMs);
  expect(await joined.ended).toMatchObject({ reason: "IDLE_TIMEOUT" });
  expect(await running.step(1)).toMatchObject({ state: "RUNNING" });
  await running.resetWorld(world);
});

test("an agent that was told nothing of its timeout does not stay for ever", async () => {
  const clock = manualClock();
  const server = await serverForTest({ act_timeout_ms: 1000 }, undefined, clock);
  const mine = conversation(server.address);
  await mine.enter(RIVER);
  await mine.step(undefined);
  clock.pass(2000);
  clock.pass(server.limits.idleTimeoutMs);
  expect(await mine.ended).toMatchObject({ reason: "IDLE_TIMEOUT" });
});

test("a server that stops lets a sequence come to its end, and begins no other", async () => {
  const server = await serverForTest();
  const [playing, ready, outside] = Array.from({ length: 3 }, () => conversation(server.address));
  await playing.enter(RIVER);
  await playing.step(undefined);
  await ready.enter(RIVER);
  await outside.leave();
  const closed = server.close(60_000);
  expect(await outside.ended).toMatchObject({ reason: "SERVER_DRAINING" });
  await expect(ready.step(undefined)).rejects.toMatchObject({ reason: "SERVER_DRAINING", code: 14 });
  const late = conversation(server.address);
  expect(await late.ended).toMatchObject({ reason: "SERVER_DRAINING" });
  const states: string[] = [];
  for (let i = 0; i < 8; i++) states.push((await playing.step(1)).state);
  expect(states.at(-1)).toBe("TERMINATED");
  await expect(playing.step(undefined)).rejects.toMatchObject({ reason: "SERVER_DRAINING" });
  expect(await playing.ended).toMatchObject({ reason: "SERVER_DRAINING" });
  await closed; // long before its deadline
  expect((await readLog(server.dataDir)).map(({ complete }) => complete)).toEqual([true, true]);
});

test("a sequence that is running at the deadline of a server that stops is interrupted", async () => {
  const server = await serverForTest();
  const mine = conversation(server.address);
  await mine.enter({ ...RIVER, "option.episodes": 1000, "option.horizon": 1000 });
  await mine.step(undefined);
  const closed = server.close(100);
  let state = "RUNNING";
  while (state === "RUNNING") ({ state } = await mine.step(1));
  expect(state).toBe("INTERRUPTED");
  await expect(mine.step(undefined)).rejects.toMatchObject({ reason: "SERVER_DRAINING" });
  expect(await mine.ended).toMatchObject({ reason: "SERVER_DRAINING" });
  await closed;
  expect((await readLog(server.dataDir)).at(-1)).toMatchObject({ end_reason: "SERVER_DRAINING", truncated: true });
  onTestFinished(() => mine.call.cancel());
});
