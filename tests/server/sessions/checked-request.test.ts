import { expect, test } from "vitest";
import type { Reason } from "#icrl/common/errors.js";
import { boolTensor, float32Tensor, int32Tensor } from "#icrl/common/tensor.js";
import type { Actions, Hello, Open } from "#icrl/proto/gen/icrl/v1/environment.js";
import {
  checkedActions,
  checkedActTimeoutMs,
  checkedLabel,
  checkedOpen,
  checkedProbabilities,
  checkedPropensities,
  checkedSeries,
  checkHello,
} from "#icrl/server/sessions/checked-request.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import type { Play } from "#icrl/server/sessions/play.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { hello, open } from "../../support/raw-stream.js";

const limits = resolveLimits({
  max_envs: 100,
  max_trials: 1000,
  max_steps_in_flight: 10_000,
  max_message_bytes: 65_536,
});
const helloOf = (members: Partial<Hello> = {}) => hello(members).value as Hello;
const openOf = (members: Partial<Open> = {}) => open(members).value as Open;

/** Three envs of three arms, the last of which is inactive. */
const asked = {
  task: buildTask("bernoulli-bandit", { arms: 3 }),
  numEnvs: 3,
  active: Uint8Array.of(1, 1, 0),
  wantsProbabilities: true,
} as Partial<Play> as Play;
const answer = (members: Partial<Actions>): Actions => ({
  stepIndex: 0n,
  actions: undefined,
  propensities: undefined,
  probabilities: undefined,
  ...members,
});

function expectRefusal(check: () => unknown, reason: Reason, text: RegExp): void {
  expect(check).toThrow(expect.objectContaining({ reason, message: expect.stringMatching(text) }));
}

test("actions are taken as they came where envs are active, and refused by shape, type and range", () => {
  const ints = (...actions: number[]) => answer({ actions: int32Tensor(Int32Array.from(actions), [actions.length]) });
  expect([...checkedActions(ints(0, 2, -77), asked)]).toEqual([0, 2, -77]); // nobody asked the last
  const refused: [Actions, Reason, RegExp][] = [
    [answer({}), "ACTION_SHAPE", /shape \[absent\]: send int32 \[3\]/],
    [ints(0, 1), "ACTION_SHAPE", /shape \[2\]/],
    [answer({ actions: int32Tensor(new Int32Array(3), [3, 1]) }), "ACTION_SHAPE", /shape \[3, 1\]/],
    [answer({ actions: float32Tensor(new Float32Array(3), [3]) }), "ACTION_SHAPE", /send int32/],
    [ints(0, 3, 0), "ACTION_OUT_OF_RANGE", /action 3 of env 1 is outside \[0, 3\)/],
    [ints(-1, 0, 0), "ACTION_OUT_OF_RANGE", /action -1 of env 0/],
  ];
  for (const [message, reason, text] of refused) expectRefusal(() => checkedActions(message, asked), reason, text);
});

test("propensities are chances, NaN or none", () => {
  const floats = (...values: number[]) =>
    answer({ propensities: float32Tensor(Float32Array.from(values), [values.length]) });
  expect(checkedPropensities(answer({}), asked)).toBeUndefined();
  expect([...(checkedPropensities(floats(1, Number.NaN, 7), asked) ?? [])]).toEqual([1, Number.NaN, 7]);
  for (const p of [0, -0.5, 1.5, Number.POSITIVE_INFINITY]) {
    expectRefusal(() => checkedPropensities(floats(1, p, 1), asked), "PROPENSITY_INVALID", /of env 1 is outside/);
  }
  expectRefusal(() => checkedPropensities(floats(1), asked), "PROPENSITY_INVALID", /shape \[1\]/);
  const flags = answer({ propensities: boolTensor(new Uint8Array(3), [3]) });
  expectRefusal(() => checkedPropensities(flags, asked), "PROPENSITY_INVALID", /send float32/);
});

test("probabilities of an active env sum to 1 or are unknown, and are not looked at where nobody wants them", () => {
  const rows = (...values: number[]) =>
    answer({ probabilities: float32Tensor(Float32Array.from(values), [values.length / 3, 3]) });
  const none = [Number.NaN, Number.NaN, Number.NaN];
  expect(checkedProbabilities(answer({}), asked)).toBeUndefined();
  expect(checkedProbabilities(rows(0.5, 0.25, 0.25, ...none, 9, 9, 9), asked)?.length).toBe(9);
  const bad = [
    [0.5, 0.5, 0.5],
    [1.5, -0.25, -0.25],
    [0.5, 0.5, Number.NaN],
    [0, 0, 0],
  ];
  for (const row of bad) {
    const message = rows(...none, ...row, ...none);
    expectRefusal(() => checkedProbabilities(message, asked), "PROBABILITIES_INVALID", /of env 1 are/);
    expect(checkedProbabilities(message, { ...asked, wantsProbabilities: false })).toBeUndefined();
  }
  expectRefusal(() => checkedProbabilities(rows(1, 0, 0), asked), "PROBABILITIES_INVALID", /shape \[1, 3\]/);
});

test("an open within its limits gives its task and purpose", () => {
  const opened = checkedOpen(
    openOf({ numEnvs: 100, trials: 1000n, options: { arms: 3, horizon: 100 } }),
    helloOf(),
    limits,
  );
  expect(opened).toMatchObject({ task: { name: "bernoulli-bandit", horizon: 100 }, purpose: "play" });
  expect(checkedOpen(openOf({ purpose: "validate" }), helloOf({ tasks: ["bandit"] }), limits).purpose).toBe("validate");
});

test("an open is refused for each thing that is wrong with it", () => {
  const refused: [Partial<Open>, Reason, RegExp][] = [
    [{ task: "river-swin", options: {} }, "TASK_UNKNOWN", /river-swim/],
    [{ options: { horizn: 3 } }, "OPTION_UNKNOWN", /horizon/],
    [{ options: { arms: 1 } }, "OPTION_INVALID", /arms/],
    [{ numEnvs: 0 }, "ENVS_INVALID", /num_envs is 0: give 1 to 100/],
    [{ numEnvs: 101 }, "ENVS_INVALID", /num_envs is 101/],
    [{ numEnvs: 100, options: { horizon: 101 } }, "ENVS_INVALID", /100 \* 101: at most 10000/],
    [{ trials: 0n }, "TRIALS_INVALID", /give 1 to 1000/],
    [{ trials: 1001n }, "TRIALS_INVALID", /trials is 1001/],
    [{ firstTrial: (1n << 64n) - 1n, trials: 2n }, "TRIALS_INVALID", /must fit a uint64/],
    [{ explicitSeeds: [{ taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n }], trials: 2n }, "TRIALS_INVALID", /1 explicit/],
    [{ numEnvs: 2, trials: 2n, envSeeds: [1n] }, "TRIALS_INVALID", /num_envs is 2 with 1 env_seeds: give one for each/],
    [{ numEnvs: 2, trials: 2n, envSeeds: [1n, 2n, 3n] }, "TRIALS_INVALID", /with 3 env_seeds/],
    [{ numEnvs: 2, trials: 3n, envSeeds: [1n, 2n] }, "TRIALS_INVALID", /trials is 3 with 2 env_seeds: give a multiple/],
    [
      { numEnvs: 2, trials: 4n, envSeeds: [1n, 2n], firstTrial: (1n << 64n) - 1n },
      "TRIALS_INVALID",
      /must fit a uint64/,
    ],
    [{ instances: 0 }, "TRIALS_INVALID", /instances is 0: give at least 1, or nothing/],
    [{ purpose: "tournament" }, "PURPOSE_INVALID", /"tournament"/],
    [{ tags: { a: "x".repeat(1001) } }, "NAME_INVALID", /give 0 to 1000/],
  ];
  for (const [members, reason, text] of refused) {
    expectRefusal(() => checkedOpen(openOf(members), helloOf(), limits), reason, text);
  }
  expectRefusal(
    () => checkedOpen(openOf(), helloOf({ tasks: ["river-swim"] }), limits),
    "TASK_UNSUPPORTED",
    /declares/,
  );
});

test("the last trial of each env's series fits a uint64", () => {
  const members = { numEnvs: 2, trials: 4n, seed: 0n, envSeeds: [1n, 2n], firstTrial: (1n << 64n) - 2n };
  expect(() => checkedOpen(openOf(members), helloOf(), limits)).not.toThrow();
});

test("an agent has the time for its actions that it asks for, within the server's bound", () => {
  const of = (actTimeoutMs: number) => checkedActTimeoutMs(openOf({ actTimeoutMs }), limits);
  expect([of(0), of(1), of(3_600_000)]).toEqual([30_000, 1, 3_600_000]); // the defaults of both limits
  expectRefusal(
    () => of(3_600_001),
    "TIMEOUT_INVALID",
    /act_timeout_ms is 3600001: give at most .* 3600000, or 0 for 30000/,
  );
});

test("labels have the name of a file that is no column of the data", () => {
  expect(checkedLabel(openOf({ label: "expert-1" }), limits)).toBe("expert-1");
  for (const label of ["", "..", "a/b", "self", "optimal"]) {
    expectRefusal(() => checkedLabel(openOf({ label }), limits), "NAME_INVALID", /label is/);
  }
  expectRefusal(() => checkedLabel(openOf({ label: "a", numEnvs: 0 }), limits), "ENVS_INVALID", /num_envs is 0/);
});

test("a hello can be named in the log and to people", () => {
  expect(checkHello(helloOf({ agentVersion: "", language: "" }))).toBeUndefined();
  const refused: [Partial<Hello>, Reason, RegExp][] = [
    [{ agent: "" }, "NAME_INVALID", /hello.agent is ""/],
    [{ agentVersion: "1\x1b[2J" }, "NAME_INVALID", /hello.agent_version/],
    [{ language: "\u202e" }, "NAME_INVALID", /hello.language/],
    [{ entrant: "" }, "NAME_INVALID", /hello.entrant/],
    [{ tasks: ["a\nb"] }, "NAME_INVALID", /hello.tasks/],
    [{ tasks: new Array<string>(1001).fill("a") }, "NAME_INVALID", /1001 names: give at most 1000/],
    [{ capabilities: ["a\u200b"] }, "NAME_INVALID", /hello.capabilities is "a\\u200b"/],
    [{ capabilities: new Array<string>(101).fill("a") }, "NAME_INVALID", /101 names: give at most 100/],
    [{ tournamentId: "\x9b" }, "NAME_INVALID", /hello.tournament_id/],
    [{ collectionId: "\u2066" }, "NAME_INVALID", /hello.collection_id/],
    [{ agentOptions: { a: "x".repeat(20_000) } }, "OPTION_INVALID", /hello.agent_options/],
  ];
  for (const [members, reason, text] of refused) expectRefusal(() => checkHello(helloOf(members)), reason, text);
});

test("trials that are counted are those that a session of these options plays", () => {
  const request = { task: "bernoulli-bandit", taskOptions: { arms: 3 }, agent: "x", agentOptions: undefined };
  const series = checkedSeries({ ...request, purpose: "", seed: 7n, firstTrial: 5n, trials: 2n }, limits);
  expect(series).toMatchObject({ first: 5n, last: 6n, episodes: 1, of: { agent: "x", agent_options: "{}" } });
  expect(series.idOf(5n)).toMatch(/^[0-9a-f]{32}$/);
  expect(series.idOf(5n)).not.toBe(series.idOf(6n));
});
