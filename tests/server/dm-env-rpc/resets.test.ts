/** Resets, of an agent and of a world, and leaving. */
import { expect, test } from "vitest";
import { conversation } from "../../support/dm-env-rpc.js";
import { readLog, serverForTest } from "../../support/server.js";

const RIVER = { task: "river-swim", seed: 7, "option.states": 3, "option.horizon": 4, "option.episodes": 2 };
const UIDS = [4n, 6n, 8n];

test("a reset answers as the join did, and the next step ignores its action and begins the next sequence", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  const { specs } = await mine.enter(RIVER);
  const trial = async () => (await mine.step(99, UIDS)).observations; // no action of this task
  expect(await trial()).toEqual({ 4: 0n, 6: 0, 8: true });
  await mine.step(1);
  expect((await mine.reset()).specs).toEqual(specs);
  expect(await trial()).toEqual({ 4: 1n, 6: 0, 8: true });
  // Where nothing is running, or nothing has happened yet, there is nothing to cut short.
  await mine.reset();
  expect((await mine.reset()).specs).toEqual(specs);
  expect(await trial()).toEqual({ 4: 1n, 6: 0, 8: true });
});

test("a reset of an episode goes on with the trial's next, and after the last one with the next trial", async () => {
  const server = await serverForTest();
  const mine = conversation(server.address);
  await mine.enter({ ...RIVER, sequence: "episode" });
  const begins = async () => (await mine.step(undefined, UIDS)).observations;
  const seen: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    seen.push(await begins());
    await mine.step(1);
    await mine.reset();
  }
  seen.push(await begins());
  expect(seen).toEqual([
    { 4: 0n, 6: 0, 8: true },
    { 4: 0n, 6: 1, 8: false },
    { 4: 1n, 6: 0, 8: true },
    { 4: 1n, 6: 1, 8: false },
  ]);
  await mine.leave();
  await server.close();
  // The fourth had no step: that its trial is short is said by its row.
  expect(
    (await readLog(server.dataDir)).map(({ end_reason, length, truncated }) => [end_reason, length, truncated]),
  ).toEqual([
    ["AGENT_RESET", 1, true],
    ["AGENT_RESET", 1, true],
    ["AGENT_RESET", 1, true],
    ["AGENT_CLOSED", 0, true],
  ]);
});

test("a reset of a world interrupts all that are running in it but whoever asks", async () => {
  const server = await serverForTest();
  const [one, other, third, host] = Array.from({ length: 4 }, () => conversation(server.address));
  const { world } = await one.enter(RIVER);
  await other.join(world);
  await third.join(world); // has begun nothing
  for (const agent of [one, other]) {
    await agent.step(undefined);
    await agent.step(1);
  }
  const before = (await one.step(1, [1n])).observations[1];
  await other.resetWorld(world);
  expect(await other.step(1, [8n])).toEqual({ state: "RUNNING", observations: { 8: true } });
  // The one that was interrupted sees once more what it saw, and what its trial came to; its action is not taken.
  expect(await one.step(1, [1n, 2n, 8n, 9n])).toEqual({
    state: "INTERRUPTED",
    observations: { 1: before, 2: 0, 8: false, 9: Number.NaN },
  });
  expect(await one.step(1, [8n])).toEqual({ state: "RUNNING", observations: { 8: true } });
  expect(await third.step(1)).toMatchObject({ state: "RUNNING" });
  await host.resetWorld(world); // from outside, while nothing has happened in any sequence
  for (const agent of [one, other, third]) {
    expect(await agent.step(0)).toMatchObject({ state: "INTERRUPTED" });
    expect(await agent.step(0)).toMatchObject({ state: "RUNNING" });
  }
  await Promise.all([one, other, third].map((agent) => agent.leave()));
  await server.close();
  const rows = await readLog(server.dataDir);
  expect(rows.map(({ end_reason, length }) => [end_reason, length])).toEqual([
    ["AGENT_RESET", 1],
    ["AGENT_RESET", 2],
  ]);
});

test("an interrupt that comes between two sequences is none", async () => {
  const { address } = await serverForTest();
  const [mine, host] = [conversation(address), conversation(address)];
  const { world } = await mine.enter({ ...RIVER, "option.episodes": 1 });
  await mine.step(undefined);
  for (const state of ["RUNNING", "RUNNING", "RUNNING", "TERMINATED"])
    expect(await mine.step(1)).toMatchObject({ state });
  await host.resetWorld(world);
  expect(await mine.step(1)).toMatchObject({ state: "RUNNING" });
  expect(await mine.step(1)).toMatchObject({ state: "RUNNING" });
});

test("to leave without having joined does nothing, and who has left may join again", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  await mine.leave();
  const world = await mine.create(RIVER);
  await mine.join(world);
  await mine.leave();
  await mine.leave();
  await mine.join(world);
  expect(await mine.step(undefined)).toMatchObject({ state: "RUNNING" });
});

test("what was played is durable when the agent has left, an unfinished sequence as truncated", async () => {
  const server = await serverForTest();
  const mine = conversation(server.address);
  await mine.enter(RIVER);
  await mine.step(undefined);
  for (let i = 0; i < 5; i++) await mine.step(1);
  await mine.leave();
  const { trajectories } = await server.connection.listTrajectories({ filter: undefined, pageSize: 10, pageToken: "" });
  expect(trajectories.map(({ length, complete, endReason }) => [length, complete, endReason])).toEqual([
    [4, true, "horizon"],
    [1, false, "AGENT_CLOSED"],
  ]);
});

test("a stream that breaks off cuts its sequence short, and one that ends well leaves", async () => {
  const server = await serverForTest();
  const lost = conversation(server.address);
  const { world } = await lost.enter(RIVER);
  await lost.step(undefined);
  await lost.step(1);
  lost.call.cancel();
  const done = conversation(server.address);
  await done.join(world);
  await done.step(undefined);
  await done.step(1);
  done.call.end();
  expect(await done.ended).toMatchObject({ code: 0 });
  await server.close();
  const reasons = (await readLog(server.dataDir)).map(({ end_reason }) => end_reason);
  expect(reasons.sort()).toEqual(["AGENT_CLOSED", "CONNECTION_LOST"]);
});
