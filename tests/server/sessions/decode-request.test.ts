import { expect, test } from "vitest";
import type { Reason } from "#icrl/common/errors.js";
import { float32Tensor, int32Tensor } from "#icrl/common/tensor.js";
import type { Tensor } from "#icrl/proto/gen/icrl/v1/tensor.js";
import { actionsBytes, checkActionsBytes, decodeRequest } from "#icrl/server/sessions/decode-request.js";
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

test("only actions may be large: nothing else is taken apart that is", () => {
  const tooLarge = /that is not an actions: send at most 65536/;
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

const BULK = Buffer.alloc(HELLO_BYTES + 10, 1);

test.each([
  ["a shape that is no shape", field(3, field(2, field(2, BULK)))],
  ["a shape written one by one", field(3, field(2, Buffer.alloc(80_000, Buffer.from([0x10, 1]))))],
  ["a member that nobody knows", field(3, field(9, BULK))],
  ["members without number", field(3, Buffer.alloc(80_000, Buffer.from([0x08, 1])))],
])("actions with %s are refused before they are taken apart", (_, bytes) => {
  expectRefusal(bytes, "MESSAGE_TOO_LARGE", /that is not an actions/);
});

test("actions that end in the middle are malformed", () => {
  const bytes = field(3, Buffer.concat([field(2, BULK).subarray(0, -5)]));
  expectRefusal(bytes, "MALFORMED_MESSAGE", /that are no PlayRequest/);
});

test("actions are of a size that their envs can want", () => {
  expect(actionsBytes(10, 3)).toBe(256 + 4 * 10 * 5); // by hand: an action, a propensity and three probabilities each
  expect(() => checkActionsBytes(Buffer.alloc(456), 10, 3)).not.toThrow();
  expect(() => checkActionsBytes(Buffer.alloc(457), 10, 3)).toThrow(
    expect.objectContaining({ reason: "MESSAGE_TOO_LARGE", message: expect.stringContaining("at most 456") }),
  );
  const whole = actionsOf(int32Tensor(new Int32Array(3), [3]), float32Tensor(new Float32Array(9), [3, 3]));
  expect(() => checkActionsBytes(whole, 3, 3)).not.toThrow();
});
