/** One response a request, in order; what fails is an answer, and the stream lives on. */
import { expect, test } from "vitest";
import { EnvironmentRequest, type Tensor } from "#icrl/proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { action, conversation, settingsOf } from "../../support/dm-env-rpc.js";
import { serverForTest } from "../../support/server.js";

const BANDIT = { task: "bernoulli-bandit", "option.arms": 3, "option.horizon": 4 };

const encoded = (payload: EnvironmentRequest["payload"]) =>
  Buffer.from(EnvironmentRequest.encode({ payload }).finish());

const step = (actions: readonly [bigint, Tensor][], requestedObservations: bigint[] = []) =>
  encoded({ $case: "step", value: { actions: new Map(actions), requestedObservations } });

test("requests that do not wait for their answers are answered in their order, errors among them", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  const world = await mine.create(BANDIT);
  const uids = [2n, 10n];
  mine.sendBytes(step([]));
  mine.sendBytes(encoded({ $case: "joinWorld", value: { worldName: world, settings: {} } }));
  mine.sendBytes(step([], uids));
  for (const arm of [0, 1, 7, 2]) mine.sendBytes(step([action(arm)], uids));
  mine.sendBytes(Buffer.from("no message"));
  mine.sendBytes(step([action(0)], uids));
  mine.sendBytes(encoded({ $case: "leaveWorld", value: {} }));
  mine.sendBytes(encoded({ $case: "destroyWorld", value: { worldName: world } }));
  mine.call.end();
  const answers: unknown[] = [];
  for (let i = 0; i < 11; i++) {
    const answer = await mine.next();
    answers.push(answer.$case === "step" ? answer.value.state : answer.$case);
  }
  // By hand: RUNNING is 1, TERMINATED 2.
  expect(answers).toEqual(["error", "joinWorld", 1, 1, 1, "error", 1, "error", 2, "leaveWorld", "destroyWorld"]);
  expect(await mine.ended).toMatchObject({ code: 0 });
});

test.each([
  ["no message", Buffer.from("no message"), "MALFORMED_MESSAGE"],
  ["nothing", Buffer.alloc(0), "MALFORMED_MESSAGE"],
  ["a member that nobody knows", Buffer.from([0x6a, 0]), "MALFORMED_MESSAGE"], // field 13
  ["a step without a world", step([]), "PROTOCOL_ORDER"],
  ["a reset without a world", encoded({ $case: "reset", value: { settings: {} } }), "PROTOCOL_ORDER"],
  ["a reset of no world", encoded({ $case: "resetWorld", value: { worldName: "x", settings: {} } }), "WORLD_UNKNOWN"],
  [
    "another extension",
    encoded({ $case: "extension", value: { typeUrl: "x/y.Z", value: Buffer.alloc(0) } }),
    "NOT_IMPLEMENTED",
  ],
  ["a step as large as a book", step([], Array(2000).fill(1n)), "MESSAGE_TOO_LARGE"],
  [
    "a book hidden behind another member",
    Buffer.concat([encoded({ $case: "leaveWorld", value: {} }), step([], Array(2000).fill(1n))]),
    "MESSAGE_TOO_LARGE",
  ],
])("%s is refused with its reason, and the stream lives on", async (_, bytes, reason) => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  mine.sendBytes(bytes);
  const answer = await mine.next();
  if (answer.$case !== "error") throw new Error(answer.$case);
  const { details, code, message } = answer.value;
  expect([details[0].typeUrl, code > 0, message !== ""]).toEqual([
    "type.googleapis.com/google.rpc.ErrorInfo",
    true,
    true,
  ]);
  expect(details[0].value.includes(reason)).toBe(true);
  await mine.enter(BANDIT);
});

test("a message beyond max_hello_bytes is answered, and ends the stream: what comes behind it cannot be read", async () => {
  const { address } = await serverForTest({ max_hello_bytes: 5000 });
  const mine = conversation(address);
  await mine.enter(BANDIT);
  mine.sendBytes(Buffer.alloc(5001));
  expect(await mine.next()).toMatchObject({ $case: "error", value: { code: 8 } });
  expect(await mine.ended).toMatchObject({ reason: "MESSAGE_TOO_LARGE", text: expect.stringMatching(/at most 5000/) });
});

test("an action is one INT32 in range, and neither is anything else taken nor nothing", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  await mine.enter(BANDIT);
  await mine.step(undefined);
  const one = (payload: Tensor["payload"], shape: number[] = []): [bigint, Tensor][] => [[1n, { payload, shape }]];
  const int32s = (...array: number[]) => ({ $case: "int32s" as const, value: { array } });
  const asked: [[bigint, Tensor][], string, RegExp][] = [
    [[], "ACTION_SHAPE", /^no action: send one INT32/],
    [one(undefined), "ACTION_SHAPE", /empty/],
    [one(int32s()), "ACTION_SHAPE", /int32s/],
    [one(int32s(0, 1)), "ACTION_SHAPE", /int32s/],
    [one(int32s(0), [1]), "ACTION_SHAPE", /shape \[1\]/],
    [one({ $case: "int64s", value: { array: [0n] } }), "ACTION_SHAPE", /int64s/],
    [one(int32s(-1)), "ACTION_OUT_OF_RANGE", /action -1 is outside \[0, 3\)/],
    [one(int32s(3)), "ACTION_OUT_OF_RANGE", /action 3/],
    [[action(0), [7n, action(0)[1]]], "UID_UNKNOWN", /no action 7/],
    [[[0n, action(0)[1]]], "UID_UNKNOWN", /no action 0/],
  ];
  for (const [actions, reason, message] of asked) {
    const value = { actions: new Map(actions), requestedObservations: [] };
    await expect(mine.ask({ $case: "step", value })).rejects.toMatchObject({
      reason,
      message: expect.stringMatching(message),
    });
  }
  // None of them was a step.
  for (const state of ["RUNNING", "RUNNING", "RUNNING", "TERMINATED"])
    expect(await mine.step(0)).toMatchObject({ state });
});

test("the first step of a sequence ignores its actions, whatever they are", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  await mine.enter({ ...BANDIT, "option.horizon": 1 });
  const wild = new Map([[0n, settingsOf({ x: "run" }).x], action(99)]);
  for (let trial = 0; trial < 2; trial++) {
    const value = { actions: wild, requestedObservations: [] };
    expect((await mine.ask({ $case: "step", value })).state).toBe(1); // RUNNING
    expect(await mine.step(0)).toMatchObject({ state: "TERMINATED" });
  }
});

test("an observation that there is not is refused by its number, and no action is taken", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  await mine.enter({ ...BANDIT, "option.horizon": 1 });
  for (const uid of [0n, 1n, 3n, 11n, (1n << 64n) - 1n]) {
    await expect(mine.step(undefined, [2n, uid])).rejects.toMatchObject({
      reason: "UID_UNKNOWN",
      message: expect.stringContaining(` ${uid} `),
      metadata: { uid: String(uid) },
    });
  }
  await mine.step(undefined);
  await expect(mine.step(0, [1n])).rejects.toMatchObject({ reason: "UID_UNKNOWN" });
  expect(await mine.step(0, [10n, 10n])).toMatchObject({ state: "TERMINATED" });
});

test("a world is joined once at a time, and by nobody whose settings it does not know", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  const { world } = await mine.enter(BANDIT);
  await expect(mine.join(world)).rejects.toMatchObject({ reason: "PROTOCOL_ORDER", metadata: { state: "joined" } });
  expect(await mine.step(undefined)).toMatchObject({ state: "RUNNING" });
  await mine.leave();
  await expect(mine.join(world, { agnet: "x" })).rejects.toMatchObject({ reason: "SETTING_UNKNOWN" });
  await expect(mine.join(world, { agent: "" })).rejects.toMatchObject({ reason: "NAME_INVALID" });
  const value = { settings: settingsOf({ seed: 1 }) };
  await mine.join(world);
  await expect(mine.ask({ $case: "reset", value })).rejects.toMatchObject({ reason: "SETTING_UNKNOWN" });
  await expect(mine.ask({ $case: "resetWorld", value: { worldName: world, ...value } })).rejects.toMatchObject({
    reason: "SETTING_UNKNOWN",
  });
  await mine.leave();
  await mine.destroy(world); // who was refused is not in it
});

test("a stream more than there may be sessions makes the one go that has been idle for longest", async () => {
  const { address } = await serverForTest({ max_sessions: 3 });
  const playing = conversation(address);
  await playing.enter(BANDIT);
  const idle = [conversation(address), conversation(address)];
  for (const one of idle) await one.leave();
  const more = conversation(address);
  await more.leave();
  expect(await Promise.race(idle.map(({ ended }) => ended))).toMatchObject({ reason: "SERVER_BUSY" });
  expect(await playing.step(undefined)).toMatchObject({ state: "RUNNING" });
});
