import type { Client } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AgentMessage } from "#icrl/clients/typescript/play-stream.js";
import { type IcrlError, REASONS, type Reason } from "#icrl/common/errors.js";
import { boolTensor, float32Tensor, int32Tensor } from "#icrl/common/tensor.js";
import { metadataProblem } from "#icrl/jobs/conformance/error-metadata.js";
import type { Hello, Open } from "#icrl/proto/gen/icrl/v1/environment.js";
import { actions, hello, open, opened, type RawStream, rawClient, rawStream } from "../../support/raw-stream.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { type Witnesses, witnessesOf } from "../../support/witness.js";

// One server for all that is wrong: whatever one session does, the next ones find it as it was.
let server: TestServer;
let witnesses: Witnesses;
let client: Client;

beforeAll(async () => {
  server = await startTestServer({
    max_envs: 100,
    max_trials: 1000,
    max_steps_in_flight: 10_000,
    max_message_bytes: 65536,
  });
  witnesses = witnessesOf(server);
  client = rawClient(server.address);
});
afterAll(async () => {
  client.close();
  await server.dispose();
});

/** Ends a session by what `act` does, beside a session that plays, and says how it ended. */
async function endingOfSession(act: (stream: RawStream) => Promise<void> | void) {
  return witnesses.beside(async () => {
    const stream = rawStream(client);
    await act(stream);
    return stream.ended;
  });
}

async function expectEnding(reason: Reason, text: RegExp, act: (stream: RawStream) => Promise<void> | void) {
  const ending = await endingOfSession(act);
  expect(ending).toMatchObject({ reason, code: REASONS[reason].code });
  expect(ending.text).toMatch(text);
  expect(metadataProblem(reason, ending.metadata)).toBeUndefined();
}

const badOpens: readonly [what: string, reason: Reason, text: RegExp, members: Partial<Open>, from?: Partial<Hello>][] =
  [
    [
      "an unknown task, with the nearest name",
      "TASK_UNKNOWN",
      /"river-swin".*river-swim/,
      { task: "river-swin", options: {} },
    ],
    ["a task without a name", "TASK_UNKNOWN", /bernoulli-bandit, .*linear-bandit, .*river-swim/, { task: "" }],
    ["an unknown option, with the nearest name", "OPTION_UNKNOWN", /"horizn".*horizon/, { options: { horizn: 3 } }],
    ["an option out of range", "OPTION_INVALID", /"arms".* is 1: .*\[2, 1024\]/, { options: { arms: 1 } }],
    ["an option of another type", "OPTION_INVALID", /"arms".* is "many"/, { options: { arms: "many" } }],
    ["an option that is not a number", "OPTION_INVALID", /"arms"/, { options: { arms: Number.NaN } }],
    ["no envs", "ENVS_INVALID", /num_envs is 0: give 1 to 100/, { numEnvs: 0 }],
    ["more envs than the limit", "ENVS_INVALID", /num_envs is 101: give 1 to 100/, { numEnvs: 101 }],
    [
      "more steps in flight than the limit",
      "ENVS_INVALID",
      /100 \* 101: at most 10000/,
      { numEnvs: 100, options: { horizon: 101 } },
    ],
    ["no trials", "TRIALS_INVALID", /trials is 0: give 1 to 1000/, { trials: 0n }],
    ["more trials than the limit", "TRIALS_INVALID", /trials is 1001: give 1 to 1000/, { trials: 1001n }],
    [
      "trials whose indices do not fit a uint64",
      "TRIALS_INVALID",
      /first_trial/,
      { firstTrial: (1n << 64n) - 1n, trials: 2n },
    ],
    [
      "explicit seeds that are not as many as trials",
      "TRIALS_INVALID",
      /trials is 2 with 1 explicit_seeds/,
      { trials: 2n, explicitSeeds: [{ taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n }] },
    ],
    [
      "a purpose that is not one",
      "PURPOSE_INVALID",
      /"fun": free play has play, collect, validate/,
      { purpose: "fun" },
    ],
    ["a tag's name with an escape", "NAME_INVALID", /the name of a tag is "\\x1b"/, { tags: { "\x1b": "" } }],
    ["a tag that turns text round", "NAME_INVALID", /tag "a" is "\\u202e"/, { tags: { a: "\u202e" } }],
    ["a tag of 1001 characters", "NAME_INVALID", /give 0 to 1000/, { tags: { a: "x".repeat(1001) } }],
    [
      "tags that are data",
      "NAME_INVALID",
      /the tags have 1\d{4} bytes: give at most 4096/,
      { tags: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`tag ${i}`, "x".repeat(1000)])) },
    ],
    ["the server's own purpose", "PURPOSE_INVALID", /"tournament"/, { purpose: "tournament" }],
    ["a task that the agent does not play", "TASK_UNSUPPORTED", /declares river-swim/, {}, { tasks: ["river-swim"] }],
    // 1024 arms of 64 features are 256 KiB a step: 10,000 steps would be 2.6 GB
    [
      "observations that would fill the memory",
      "ENVS_INVALID",
      /memory/,
      { task: "linear-bandit", options: { dim: 64, actions: 1024, arm_set: "fresh", horizon: 10_000 } },
    ],
    // 100 envs of 100,000 episodes: their regret curves alone would be 80 MB
    [
      "episodes that would fill the memory",
      "ENVS_INVALID",
      /memory/,
      { task: "river-swim", options: { horizon: 1, episodes: 100_000 }, numEnvs: 100 },
    ],
  ];

test.each(badOpens)("open with %s ends the session, and no other", async (_, reason, text, members, from) => {
  await expectEnding(reason, text, async (stream) => {
    stream.send(hello(from));
    await stream.expect("welcome");
    stream.send(open(members));
  });
});

/** A value so many levels below its options. */
const nested = (levels: number): Record<string, unknown> => ({ a: levels === 1 ? 1 : nested(levels - 1) });

test("options of as many levels and characters as there may be are taken", async () => {
  await witnesses.beside(async () => {
    const stream = rawStream(client);
    stream.send(hello({ agentOptions: { ...nested(8), text: "x".repeat(9000) }, agentVersion: "", language: "" }));
    await stream.expect("welcome");
    stream.call.cancel();
  });
});

const badHellos: readonly [what: string, reason: Reason, text: RegExp, members: Partial<Hello>][] = [
  [
    "a newer protocol alone",
    "PROTOCOL_VERSION",
    /offers protocol 2 to 3: this server speaks 1/,
    { minProtocolVersion: 2, maxProtocolVersion: 3 },
  ],
  ["no protocol", "PROTOCOL_VERSION", /0 to 0/, { minProtocolVersion: 0, maxProtocolVersion: 0 }],
  ["no name", "NAME_INVALID", /hello.agent is ""/, { agent: "" }],
  ["a name of 101 characters", "NAME_INVALID", /1 to 100/, { agent: "a".repeat(101) }],
  ["a line break in its name", "NAME_INVALID", /hello.agent is "a\\nb": give 1 to 100 printable/, { agent: "a\nb" }],
  ["an escape in its version", "NAME_INVALID", /hello.agent_version is "1\\x1b\[2J"/, { agentVersion: "1\x1b[2J" }],
  [
    "a version of 101 characters",
    "NAME_INVALID",
    /hello.agent_version is "1+\.\.\."/,
    { agentVersion: "1".repeat(101) },
  ],
  ["a language that is turned round", "NAME_INVALID", /hello.language is "\\u202e"/, { language: "\u202e" }],
  ["an entrant with a zero width space", "NAME_INVALID", /hello.entrant is "a\\u200b"/, { entrant: "a\u200b" }],
  ["a task that is no name", "NAME_INVALID", /hello.tasks is ""/, { tasks: ["bandit", ""] }],
  ["more tasks than there are", "NAME_INVALID", /1001 names: give at most 1000/, { tasks: new Array(1001).fill("a") }],
  [
    "options that are data",
    "OPTION_INVALID",
    /hello.agent_options is 1\d{4} characters/,
    { agentOptions: { a: "x".repeat(1e4) } },
  ],
  ["options nested without end", "OPTION_INVALID", /more than 8 levels deep/, { agentOptions: nested(9) }],
  ["an entrant while there is no tournament", "ENTRANT_EARLY", /"nobody" is here yet/, { entrant: "nobody" }],
  [
    "a tournament that does not exist",
    "ENTRANT_EARLY",
    /no tournament "gone" is here yet/,
    { entrant: "nobody", tournamentId: "gone" },
  ],
  [
    "a collection that does not exist",
    "ENTRANT_EARLY",
    /no collection "gone" is here yet/,
    { entrant: "nobody", collectionId: "gone" },
  ],
];

test.each(badHellos)("hello with %s ends the session, and no other", async (_, reason, text, members) => {
  await expectEnding(reason, text, (stream) => void stream.send(hello(members)));
});

const badActions: readonly [what: string, reason: Reason, text: RegExp, message: AgentMessage][] = [
  ["an action above the range", "ACTION_OUT_OF_RANGE", /action 3 of env 1 is outside \[0, 3\)/, actions(0, [0, 3])],
  ["a negative action", "ACTION_OUT_OF_RANGE", /action -1 of env 0/, actions(0, [-1, 0])],
  ["too few actions", "ACTION_SHAPE", /\[1\]: send int32 \[2\]/, actions(0, [0])],
  ["too many actions", "ACTION_SHAPE", /\[3\]: send int32 \[2\]/, actions(0, [0, 0, 0])],
  ["no actions", "ACTION_SHAPE", /absent/, withActions(undefined)],
  ["actions of two axes", "ACTION_SHAPE", /\[1, 2\]/, withActions(int32Tensor(Int32Array.of(0, 0), [1, 2]))],
  ["float actions", "ACTION_SHAPE", /data type/, withActions(float32Tensor(Float32Array.of(0, 0), [2]))],
  ["bool actions", "ACTION_SHAPE", /data type/, withActions(boolTensor(Uint8Array.of(0, 0), [2]))],
  [
    "fewer bytes than the shape says",
    "ACTION_SHAPE",
    /4 bytes: send 8/,
    withActions({ dtype: 3, shape: [2], data: Buffer.alloc(4) }),
  ],
  ["a propensity of 0", "PROPENSITY_INVALID", /propensity 0 of env 1/, withPropensities([1, 0])],
  ["a propensity above 1", "PROPENSITY_INVALID", /propensity 1.5 of env 0/, withPropensities([1.5, 1])],
  ["a negative propensity", "PROPENSITY_INVALID", /-0.5/, withPropensities([-0.5, 1])],
  ["too few propensities", "PROPENSITY_INVALID", /\[1\]: send float32 \[2\]/, withPropensities([1])],
  ["a step_index that was not asked for", "STEP_GAP", /step_index 1 has not been sent: answer 0/, actions(1, [0, 0])],
  ["the largest step_index", "STEP_GAP", /has not been sent/, actions((1n << 64n) - 1n, [0, 0])],
  ["open while playing", "PROTOCOL_ORDER", /"open" came while the session was playing/, open()],
  ["hello while playing", "PROTOCOL_ORDER", /"hello" came while the session was playing/, hello()],
  [
    "a reset of an env that is not there",
    "RESET_INVALID",
    /reset names env 2: give 0 to 1/,
    { $case: "reset", value: { stepIndex: 0n, envs: [2], seeds: [], mode: 0 } },
  ],
  ["resume after hello", "PROTOCOL_ORDER", /resume/, { $case: "resume", value: { resumeToken: "x", received: 0n } }],
];

function withActions(tensor: ReturnType<typeof int32Tensor> | undefined): AgentMessage {
  return {
    $case: "actions",
    value: { stepIndex: 0n, actions: tensor, propensities: undefined, probabilities: undefined },
  };
}

function withPropensities(values: readonly number[]): AgentMessage {
  const propensities = float32Tensor(Float32Array.from(values), [values.length]);
  const chosen = int32Tensor(Int32Array.of(0, 0), [2]);
  return { $case: "actions", value: { stepIndex: 0n, actions: chosen, propensities, probabilities: undefined } };
}

test.each(badActions)("%s ends the session that sent it, and no other", async (_, reason, text, message) => {
  await expectEnding(reason, text, async (stream) => {
    await opened(stream, { numEnvs: 2, trials: 2n });
    stream.send(message);
  });
});

test("a bad action ends the episodes of its session as truncated, incomplete and without regret, for that reason", async () => {
  let sessionId = "";
  await expectEnding("ACTION_OUT_OF_RANGE", /action 7/, async (stream) => {
    ({
      welcome: { sessionId },
    } = await opened(stream, { numEnvs: 2, trials: 2n, tags: { about: "truncated" } }));
    stream.send(actions(0, [0, 1]));
    await stream.expect("observations");
    stream.send(actions(1, [7, 1]));
  });
  truncated.push({ sessionId, reason: "ACTION_OUT_OF_RANGE" });
});

const truncated: { sessionId: string; reason: Reason }[] = [];

test.each(["open", "actions", "close"] as const)("%s before hello is out of order", async (kind) => {
  const message =
    kind === "open"
      ? open()
      : kind === "close"
        ? ({ $case: "close", value: { reason: "" } } as const)
        : actions(0, [0]);
  await expectEnding(
    "PROTOCOL_ORDER",
    new RegExp(`"${kind}" came while the session was new`),
    (stream) => void stream.send(message),
  );
});

test.each(["hello", "actions"] as const)("%s before open is out of order", async (kind) => {
  await expectEnding("PROTOCOL_ORDER", new RegExp(`"${kind}" came while the session was ready`), async (stream) => {
    stream.send(hello());
    await stream.expect("welcome");
    stream.send(kind === "hello" ? hello() : actions(0, [0]));
  });
});

test("the step before the last again, with other bytes, is a conflict", async () => {
  await expectEnding("STEP_CONFLICT", /step_index 0 was answered before with other bytes/, async (stream) => {
    await opened(stream);
    stream.send(actions(0, [0]));
    await stream.expect("observations");
    stream.send(actions(0, [1]));
  });
});

test("a step before that is gone", async () => {
  await expectEnding("STEP_GONE", /step_index 0 is past: the last answered is 1/, async (stream) => {
    await opened(stream);
    for (let step = 0; step < 2; step += 1) {
      stream.send(actions(step, [0]));
      await stream.expect("observations");
    }
    stream.send(actions(0, [0]));
  });
});

test("the last step again, with the same bytes, gets the same bytes, and nothing is stepped twice", async () => {
  await witnesses.beside(async () => {
    const stream = rawStream(client);
    await opened(stream, { record: false });
    for (let step = 0; step < 4; step += 1) {
      const sent = stream.send(actions(step, [step % 3]));
      const first = await stream.next();
      if (step === 3) break; // closed follows by itself
      for (let again = 0; again < 3; again += 1) {
        stream.sendBytes(sent);
        expect((await stream.next()).bytes).toEqual(first.bytes);
      }
    }
    expect(await stream.expect("closed")).toMatchObject({ steps: 4n, completeTrials: 1n });
    stream.call.cancel();
  });
});

test("steps of an earlier open are not answered again after the next one", async () => {
  await expectEnding("STEP_GAP", /step_index 3/, async (stream) => {
    await opened(stream, { record: false });
    let last: Buffer = Buffer.alloc(0);
    for (let step = 0; step < 4; step += 1) {
      last = stream.send(actions(step, [0]));
      await stream.expect("observations");
    }
    await stream.expect("closed");
    stream.send(open({ record: false }));
    await stream.expect("opened");
    await stream.expect("observations");
    stream.sendBytes(last);
  });
});

test("a message above limits.maxMessageBytes is refused with the reason", async () => {
  await expectEnding("MESSAGE_TOO_LARGE", /65\d\d\d bytes: send at most 65536/, async (stream) => {
    stream.send(hello());
    const { limits } = await stream.expect("welcome");
    stream.send(open({ tags: { filler: "x".repeat(limits?.maxMessageBytes ?? 0) } }));
  });
});

test("a message far above the bound is refused alike, and the SDK gives the reason", async () => {
  await expectEnding("MESSAGE_TOO_LARGE", /1048576 bytes: send at most 65536/, async (stream) => {
    stream.send(hello());
    await stream.expect("welcome");
    stream.sendBytes(Buffer.alloc(1 << 20));
  });
  await witnesses.beside(async () => {
    const stream = server.connection.play();
    stream.send(hello({ agentVersion: "x".repeat(1 << 20) }));
    const error = await stream.next().catch((caught: IcrlError) => caught);
    expect(error).toMatchObject({ name: "IcrlError", reason: "MESSAGE_TOO_LARGE" });
  });
});

const malformed: readonly [what: string, bytes: Buffer][] = [
  ["no bytes at all", Buffer.alloc(0)],
  ["a member that does not exist", Buffer.from([0x7a, 0x01, 0x00])], // field 15, length-delimited
  ["a length beyond the end", Buffer.from([0x0a, 0x7f])],
  ["an invalid tag", Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ["a wrong wire type", Buffer.from([0x0d, 1, 2, 3])],
  ["text", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
];

test.each(malformed)("%s is no message", async (_, bytes) => {
  await expectEnding("MALFORMED_MESSAGE", /PlayRequest/, (stream) => stream.sendBytes(bytes));
});

test("a name of 60,000 characters is refused with the reason, though it does not fit into a status", async () => {
  const large = await startTestServer();
  const own = rawClient(large.address);
  try {
    for (const members of [
      { task: "é".repeat(30_000) },
      { options: { ["x".repeat(60_000)]: 1 } },
      { purpose: "x".repeat(60_000) },
    ]) {
      const stream = rawStream(own);
      stream.send(hello());
      await stream.expect("welcome");
      stream.send(open(members));
      const ending = await stream.ended;
      expect(["TASK_UNKNOWN", "OPTION_UNKNOWN", "PURPOSE_INVALID"]).toContain(ending.reason);
      expect(ending.text.length).toBeLessThan(2000);
    }
  } finally {
    own.close();
    await large.dispose();
  }
});

test("options nested a thousand times, or ten thousand, are refused with a reason", async () => {
  for (const depth of [100, 1000, 10_000]) {
    // a Value with a ListValue with a Value with ..., innermost first: field 6 of Value, field 1 of ListValue
    let value: Buffer = Buffer.alloc(0);
    for (let level = 0; level < depth && value.length < 60_000; level += 1) value = field(6, field(1, value));
    const struct = field(1, Buffer.concat([field(1, Buffer.from("deep")), field(2, value)]));
    for (const message of [
      field(2, Buffer.concat([field(1, Buffer.from("river-swim")), field(2, struct), Buffer.from([0x18, 1, 0x20, 1])])),
      field(1, Buffer.concat([Buffer.from([0x08, 1, 0x10, 1]), field(3, Buffer.from("deep")), field(6, struct)])),
    ]) {
      const ending = await endingOfSession(async (stream) => {
        if (message[0] === 0x12) {
          stream.send(hello());
          await stream.expect("welcome");
        }
        stream.sendBytes(message);
        if (message[0] === 0x0a) stream.send(open());
        const { message: answer } = await stream.next().catch(() => ({ message: undefined }));
        if (answer?.$case === "welcome") stream.send({ $case: "resume", value: { resumeToken: "", received: 0n } });
      });
      expect(ending.reason, `depth ${depth}: ${ending.text}`).toBeDefined();
    }
  }
});

/** A length-delimited field. */
function field(number: number, bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let left = bytes.length; ; left >>>= 7) {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    if (left <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
}

test("after all that the server has no session left, has logged no error of its own, and its log verifies", async () => {
  const info = await server.connection.getServerInfo();
  expect(info.openSessions).toBe(0);
  expect(server.said.filter((line) => (line.level as number) >= 50)).toEqual([]);
  const rows = await witnesses.checkLog();
  for (const { sessionId, reason } of truncated) {
    const own = rows.filter((row) => row.session_id === sessionId);
    expect(own.length).toBe(2);
    for (const row of own) {
      expect(row).toMatchObject({
        complete: false,
        terminated: false,
        truncated: true,
        end_reason: reason,
        length: 1,
        regret: null,
        optimal_value: null,
      });
    }
  }
});
