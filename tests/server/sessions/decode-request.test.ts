import { expect, test } from "vitest";
import type { Reason } from "#icrl/common/errors.js";
import { float32Tensor, int32Tensor } from "#icrl/common/tensor.js";
import { ResetMode } from "#icrl/proto/gen/icrl/v1/environment.js";
import type { Tensor } from "#icrl/proto/gen/icrl/v1/tensor.js";
import {
  actionsBytes,
  checkActionsBytes,
  checkResetBytes,
  decodeRequest,
} from "#icrl/server/sessions/decode-request.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import { encodeRequest, hello, open } from "../../support/raw-stream.js";

const limits = resolveLimits({ max_message_bytes: 1 << 20 });
const HELLO_BYTES = 65_536; // the default of limits.maxHelloBytes

function expectRefusal(bytes: Buffer, reason: Reason, text: RegExp): void {
  expect(() => decodeRequest(bytes, limits)).toThrow(
    expect.objectContaining({ reason, message: expect.stringMatching(text) }),
  );
}

const actionsOf = (actions: Tensor, probabilities?: Tensor): Buffer =>
  encodeRequest({
    $case: "actions",
    value: { stepIndex: 3n, actions, propensities: float32Tensor(new Float32Array(3), [3]), probabilities },
  });

/** A length-delimited field. */
function field(number: number, content: Buffer): Buffer {
  const length = [(content.length & 127) | 128, ((content.length >> 7) & 127) | 128, content.length >> 14];
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
}

test("bytes are a request with a member, and not too many", () => {
  expect(decodeRequest(encodeRequest(hello()), limits).$case).toBe("hello");
  expectRefusal(Buffer.from([0xff, 0xff]), "MALFORMED_MESSAGE", /2 bytes that are no/);
  expectRefusal(Buffer.alloc(0), "MALFORMED_MESSAGE", /no member set/);
  expectRefusal(Buffer.alloc((1 << 20) + 1), "MESSAGE_TOO_LARGE", /1048577 bytes: send at most 1048576/);
});

test("only actions and resets may be large: nothing else is taken apart that is", () => {
  const tooLarge = /that is no actions or reset: send at most 65536/;
  const text = "x".repeat(HELLO_BYTES);
  const seeds = { taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n };
  expect(decodeRequest(encodeRequest(open({ explicitSeeds: new Array(1000).fill(seeds) })), limits).$case).toBe("open");
  expectRefusal(encodeRequest(hello({ agentVersion: text })), "MESSAGE_TOO_LARGE", tooLarge);
  expectRefusal(encodeRequest(hello({ capabilities: new Array(40_000).fill("") })), "MESSAGE_TOO_LARGE", tooLarge);
  expectRefusal(encodeRequest(open({ tags: { a: text } })), "MESSAGE_TOO_LARGE", tooLarge);
  expectRefusal(encodeRequest(open({ explicitSeeds: new Array(20_000).fill(seeds) })), "MESSAGE_TOO_LARGE", tooLarge);
  expectRefusal(encodeRequest({ $case: "close", value: { reason: text } }), "MESSAGE_TOO_LARGE", tooLarge);
  const large = actionsOf(int32Tensor(new Int32Array(30_000), [30_000]), float32Tensor(new Float32Array(9), [3, 3]));
  expect(decodeRequest(large, limits)).toMatchObject({ $case: "actions", value: { stepIndex: 3n } });
  // The last member counts, for a decoder: what is small at first is not all.
  expectRefusal(Buffer.concat([large, encodeRequest(hello())]), "MESSAGE_TOO_LARGE", tooLarge);
  expectRefusal(
    Buffer.concat([encodeRequest(hello()), encodeRequest(hello({ agentVersion: text }))]),
    "MESSAGE_TOO_LARGE",
    tooLarge,
  );
});

const TRIAL_SEEDS = { taskSeed: 1n << 63n, noiseSeed: 1n << 63n, agentSeed: 1n << 63n };

test("a reset is as large as the envs that there may be, and their seeds", () => {
  const all = Array.from({ length: limits.maxEnvs }, (_, n) => n);
  const value = { stepIndex: 3n, envs: all, seeds: all.map(() => TRIAL_SEEDS), mode: ResetMode.SEEDS };
  const bytes = encodeRequest({ $case: "reset", value });
  expect(bytes.length).toBeGreaterThan(HELLO_BYTES);
  expect(decodeRequest(bytes, limits)).toEqual({ $case: "reset", value });
  expect(() => checkResetBytes(bytes, limits.maxEnvs)).not.toThrow();
  expect(() => checkResetBytes(bytes, limits.maxEnvs / 2)).toThrow(
    expect.objectContaining({ reason: "MESSAGE_TOO_LARGE" }),
  );
  const refused = (members: object) =>
    expectRefusal(
      encodeRequest({ $case: "reset", value: { ...value, ...members } }),
      "MESSAGE_TOO_LARGE",
      /no actions/,
    );
  refused({ seeds: new Array(limits.maxEnvs + 1).fill(TRIAL_SEEDS) });
  refused({ seeds: [], envs: new Array(5 * limits.maxEnvs + 100_000).fill(0) });
});

const BULK = Buffer.alloc(HELLO_BYTES + 10, 1);

test.each([
  ["a reset of unknown members", field(4, field(9, BULK))],
  ["a reset of many of them", field(4, Buffer.alloc(80_000, Buffer.from([0x48, 1])))],
  ["a reset of large seeds", field(4, field(3, BULK))],
  ["a shape that is no shape", field(3, field(2, field(2, BULK)))],
  ["a shape written one by one", field(3, field(2, Buffer.alloc(80_000, Buffer.from([0x10, 1]))))],
  ["a member that nobody knows", field(3, field(9, BULK))],
  ["members without number", field(3, Buffer.alloc(80_000, Buffer.from([0x08, 1])))],
])("a message with %s is refused before it is taken apart", (_, bytes) => {
  expectRefusal(bytes, "MESSAGE_TOO_LARGE", /that is no actions or reset/);
});

test("actions that end in the middle are malformed", () => {
  const bytes = field(3, Buffer.concat([field(2, BULK).subarray(0, -5)]));
  expectRefusal(bytes, "MALFORMED_MESSAGE", /that are no PlayRequest/);
});

test("actions are of a size that their envs can want", () => {
  expect(actionsBytes(10, 3)).toBe(256 + 10 * 21); // by hand: an action, a propensity, three probabilities and a bool each
  expect(() => checkActionsBytes(Buffer.alloc(466), 10, 3)).not.toThrow();
  expect(() => checkActionsBytes(Buffer.alloc(467), 10, 3)).toThrow(
    expect.objectContaining({ reason: "MESSAGE_TOO_LARGE", message: expect.stringContaining("at most 466") }),
  );
  const whole = actionsOf(int32Tensor(new Int32Array(3), [3]), float32Tensor(new Float32Array(9), [3, 3]));
  expect(() => checkActionsBytes(whole, 3, 3)).not.toThrow();
});
