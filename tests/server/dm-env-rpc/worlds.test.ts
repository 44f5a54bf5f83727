/** Worlds: who may make, find and end them, how many there may be, and how long they stay. */
import { expect, test } from "vitest";
import { conversation } from "../../support/dm-env-rpc.js";
import { eventually } from "../../support/eventually.js";
import { manualClock } from "../../support/manual-clock.js";
import { serverForTest } from "../../support/server.js";

const BANDIT = { task: "bernoulli-bandit", "option.arms": 3, "option.horizon": 4 };

/** What something was refused with. */
const refusal = (asked: Promise<unknown>) =>
  asked.then(
    () => "nothing was refused",
    ({ reason }: { reason: string }) => reason,
  );

test("a world outlives its stream, and whoever knows its name may join, reset and destroy it", async () => {
  const { address } = await serverForTest();
  const maker = conversation(address);
  const world = await maker.create(BANDIT);
  maker.call.end();
  expect(await maker.ended).toMatchObject({ code: 0 });
  const other = conversation(address);
  await other.join(world);
  expect(await other.step(undefined)).toMatchObject({ state: "RUNNING" });
  await other.leave();
  await other.resetWorld(world);
  await other.destroy(world);
  for (const asked of [() => other.join(world), () => other.resetWorld(world), () => other.destroy(world)]) {
    expect(await refusal(asked())).toBe("WORLD_UNKNOWN");
  }
});

test("names cannot be guessed from each other, and an empty one is none", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  const [one, other] = [await mine.create(BANDIT), await mine.create(BANDIT)];
  expect([one, other]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^[0-9a-f]{32}$/)]);
  expect(one).not.toBe(other);
  expect(await refusal(mine.join(""))).toBe("WORLD_UNKNOWN");
});

test("what cannot be played is refused when the world is made", async () => {
  const { address } = await serverForTest({ max_trial_work: 1_000_000 });
  const mine = conversation(address);
  const make = (values: Record<string, string | number>) => refusal(mine.create(values));
  expect(await make({ task: "bernouli-bandit" })).toBe("TASK_UNKNOWN");
  expect(await make({ ...BANDIT, "option.arm": 3 })).toBe("OPTION_UNKNOWN");
  expect(await make({ ...BANDIT, "option.arms": 0 })).toBe("OPTION_INVALID");
  expect(await make({ ...BANDIT, "option.arms": 2.5 })).toBe("OPTION_INVALID");
  expect(await make({ ...BANDIT, "option.arms": "3" })).toBe("OPTION_INVALID");
  expect(await make({ ...BANDIT, "option.__proto__": 1 })).toBe("OPTION_UNKNOWN");
  expect(await make({ task: "random-mdp", "option.states": 64, "option.horizon": 1000 })).toBe("REQUEST_TOO_COSTLY");
});

test("a world is not destroyed while an agent is in it, whoever asks", async () => {
  const { address } = await serverForTest();
  const [mine, other] = [conversation(address), conversation(address)];
  const { world } = await mine.enter(BANDIT);
  expect(await refusal(mine.destroy(world))).toBe("WORLD_JOINED");
  expect(await refusal(other.destroy(world))).toBe("WORLD_JOINED");
  mine.call.cancel(); // a stream that is gone has left, too
  await eventually(() => other.destroy(world));
});

test("a world that nobody is in goes after a while, and one that somebody is in stays", async () => {
  const clock = manualClock();
  const { address, limits } = await serverForTest({ act_timeout_ms: 86_400_000 }, undefined, clock);
  const [mine, other] = [conversation(address), conversation(address)];
  const { world } = await mine.enter(BANDIT);
  await mine.step(undefined);
  const empty = await other.create(BANDIT);
  clock.pass(limits.idleTimeoutMs - 1);
  await other.join(empty); // somebody was: the time begins anew when nobody is
  await other.leave();
  clock.pass(limits.idleTimeoutMs - 1);
  await other.join(empty);
  await other.leave();
  clock.pass(limits.idleTimeoutMs);
  const late = conversation(address);
  expect(await refusal(late.join(empty))).toBe("WORLD_UNKNOWN");
  await late.join(world);
  expect(await mine.step(0)).toMatchObject({ state: "RUNNING" });
});

test("one address may have a quarter of all worlds, and no more", async () => {
  const { address } = await serverForTest({ max_sessions: 8 });
  const mine = conversation(address);
  const worlds = [await mine.create(BANDIT), await mine.create(BANDIT)];
  const another = conversation(address);
  await expect(another.create(BANDIT)).rejects.toMatchObject({
    reason: "TOO_MANY_WORLDS",
    metadata: { limit: "2", retry_delay_ms: "1000" },
  });
  await another.destroy(worlds[0]);
  await another.create(BANDIT);
});
