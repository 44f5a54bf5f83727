/** What a world can be asked to be, and what is refused. */
import { expect, test } from "vitest";
import { CreateWorldRequest, type Tensor } from "#icrl/proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { agentSettings, noSettings, worldSettings } from "#icrl/server/dm-env-rpc/settings.js";
import { packed, settingsOf } from "../../support/dm-env-rpc.js";

const refused = (reason: string, setting: string, text: RegExp) => ({
  reason,
  message: expect.stringMatching(text),
  metadata: { setting },
});

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was refused");
}

test("a world has a task, and defaults for everything else", () => {
  expect(worldSettings(settingsOf({ task: "chain" }))).toEqual({
    task: "chain",
    options: {},
    seed: 0n,
    sequence: "trial",
    record: true,
  });
});

test("settings may have any type that holds the value", () => {
  const one = (payload: Tensor["payload"]): Tensor => ({ payload, shape: [] });
  const settings = {
    ...settingsOf({ task: "chain", sequence: "episode", record: false, "option.slip": 0.25, "option.name": "x" }),
    seed: one({ $case: "uint64s", value: { array: [(1n << 64n) - 1n] } }),
    "option.states": one({ $case: "uint8s", value: { array: Buffer.from([200]) } }),
    "option.horizon": one({ $case: "int32s", value: { array: [9] } }),
    "option.low": one({ $case: "int8s", value: { array: Buffer.from([0xff]) } }),
    "option.high": one({ $case: "floats", value: { array: [0.5] } }),
    "option.large": packed(1n << 53n),
    "option.larger": packed((1n << 53n) + 1n), // no number: refused as an option's value, and not rounded
  };
  expect(worldSettings(settings)).toEqual({
    task: "chain",
    options: {
      slip: 0.25,
      name: "x",
      states: 200,
      horizon: 9,
      low: -1,
      high: 0.5,
      large: 2 ** 53,
      larger: (1n << 53n) + 1n,
    },
    seed: (1n << 64n) - 1n,
    sequence: "episode",
    record: false,
  });
});

test.each([
  ["nothing", {}, refused("SETTING_INVALID", "task", /no setting "task"/)],
  ["a task that is a number", { task: 3 }, refused("SETTING_INVALID", "task", /is 3: give a STRING/)],
  ["a negative seed", { task: "chain", seed: -1 }, refused("SETTING_INVALID", "seed", /is -1: give an integer/)],
  ["half a seed", { task: "chain", seed: 0.5 }, refused("SETTING_INVALID", "seed", /is 0.5/)],
  ["another sequence", { task: "chain", sequence: "year" }, refused("SETTING_INVALID", "sequence", /is "year"/)],
  ["a record in words", { task: "chain", record: "no" }, refused("SETTING_INVALID", "record", /give a BOOL/)],
  ["two tasks", { task: ["chain", "chain"] }, refused("SETTING_INVALID", "task", /no scalar/)],
  ["a typing error", { task: "chain", sede: 3 }, refused("SETTING_UNKNOWN", "sede", /did you mean "seed"/)],
  ["another's setting", { task: "chain", agent: "x" }, refused("SETTING_UNKNOWN", "agent", /no setting "agent"/)],
])("%s is refused", (_, values, error) => {
  expect(errorOf(() => worldSettings(settingsOf(values as never)))).toMatchObject(error);
});

test("an array of one element is no scalar, and a message is none", () => {
  const inRow: Tensor = { payload: { $case: "strings", value: { array: ["chain"] } }, shape: [1] };
  expect(errorOf(() => worldSettings({ task: inRow }))).toMatchObject({ reason: "SETTING_INVALID" });
  const message: Tensor = {
    payload: { $case: "protos", value: { array: [{ typeUrl: "", value: Buffer.alloc(0) }] } },
    shape: [],
  };
  expect(errorOf(() => worldSettings({ task: message }))).toMatchObject({ reason: "SETTING_INVALID" });
  expect(errorOf(() => worldSettings({ task: { payload: undefined, shape: [] } }))).toMatchObject({
    reason: "SETTING_INVALID",
  });
});

test("a setting with the name of a prototype is one that there is not", () => {
  // By hand: a map entry with the key "__proto__" (9 bytes) and an empty tensor.
  const entry = Buffer.concat([Buffer.from([0x0a, 9]), Buffer.from("__proto__"), Buffer.from([0x12, 0])]);
  const { settings } = CreateWorldRequest.decode(Buffer.concat([Buffer.from([0x0a, entry.length]), entry]));
  for (const check of [worldSettings, agentSettings, noSettings]) {
    expect(errorOf(() => check(settings))).toMatchObject({
      reason: "SETTING_UNKNOWN",
      metadata: { setting: "__proto__" },
    });
  }
});

test("an agent may have a name and a version, and nothing else", () => {
  expect(agentSettings({})).toEqual({ agent: "dm_env_rpc", agentVersion: "" });
  expect(agentSettings(settingsOf({ agent: "mine", agent_version: "7" }))).toEqual({
    agent: "mine",
    agentVersion: "7",
  });
  expect(errorOf(() => agentSettings(settingsOf({ agent: 7 })))).toMatchObject({ reason: "SETTING_INVALID" });
  expect(errorOf(() => agentSettings(settingsOf({ seed: 7 })))).toMatchObject({ reason: "SETTING_UNKNOWN" });
});

test("a reset has no settings", () => {
  noSettings({});
  expect(errorOf(() => noSettings(settingsOf({ seed: 3 })))).toMatchObject({
    reason: "SETTING_UNKNOWN",
    message: 'there is no setting "seed" here: there are none',
  });
});
