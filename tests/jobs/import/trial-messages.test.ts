import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { type ImportMessage, importMessages } from "#icrl/jobs/import/trial-messages.js";

/** A message as clients/python/src/icrl/import_data/stream.py writes it. */
function message(head: unknown, ...arrays: readonly (Int32Array | Float32Array | Uint8Array)[]): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const body = Buffer.concat(arrays.map((array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)));
  const fixed = Buffer.alloc(16);
  fixed.write("ICRI", "latin1");
  fixed.writeUInt32LE(text.length, 4);
  fixed.writeBigUInt64LE(BigInt(body.length), 8);
  return Buffer.concat([fixed, text, body]);
}

const BEGIN = { type: "begin", trials: 1, observation_space: { type: "none" }, options: {} };
const END = { type: "end", num_actions: 3, trial_features_shape: [] };
const ARRAYS = [
  ["lengths", 2],
  ["actions", 3],
  ["rewards", 3],
  ["ends", 2],
] as const;
const HEAD = { type: "trial", file: 0, key: "entry 0", tags: { entry: "0" }, arrays: ARRAYS };
const LENGTHS = Int32Array.of(2, 1);
const ACTIONS = Int32Array.of(0, 2, 1);
const REWARDS = Float32Array.of(0.5, 1, -1);
const ENDS = Uint8Array.of(0, 2);
const TRIAL = message(HEAD, LENGTHS, ACTIONS, REWARDS, ENDS);

async function messages(...chunks: readonly Buffer[]): Promise<ImportMessage[]> {
  const found: ImportMessage[] = [];
  for await (const one of importMessages(Readable.from(chunks))) found.push(one);
  return found;
}

test("messages are read however they are cut into pieces", async () => {
  const whole = Buffer.concat([message(BEGIN), TRIAL, message(END)]);
  for (const size of [1, 7, 64, whole.length]) {
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
      whole.subarray(i * size, (i + 1) * size),
    );
    const [begin, trial, end] = await messages(...pieces);
    expect(begin).toEqual(BEGIN);
    expect(trial).toMatchObject({
      trial: { key: "entry 0", tags: { entry: "0" }, lengths: LENGTHS, actions: ACTIONS, rewards: REWARDS, ends: ENDS },
    });
    expect(end).toEqual(END);
  }
});

test("an error that is told is thrown with its reason", async () => {
  const told = message({ type: "error", reason: "IMPORT_INVALID", message: "a.pkl: entry 3: has no query_state" });
  await expect(messages(message(BEGIN), told)).rejects.toMatchObject({
    reason: "IMPORT_INVALID",
    message: "a.pkl: entry 3: has no query_state",
  });
});

describe("what is no message, or does not fit itself, is not believed", () => {
  const long = Buffer.from(TRIAL);
  long.writeBigUInt64LE(2n ** 60n, 8);
  const headless = Buffer.from(TRIAL);
  headless.writeUInt32LE(2 ** 31, 4);
  const arrays = (...changed: readonly (readonly [string, number])[]) => ({ ...HEAD, arrays: changed });
  const all = [LENGTHS, ACTIONS, REWARDS, ENDS] as const;
  test.each([
    ["another program's words", Buffer.from("Traceback (most recent call last): ...\n"), "no message"],
    ["a message that breaks off", TRIAL.subarray(0, -1), "it breaks off"],
    ["a body of 2^60 bytes", long, "a message is too long"],
    ["a head of 2^31 bytes", headless, "a message is too long"],
    ["a head of another type", message({ type: "trials" }), undefined],
    ["a reason that there is not", message({ type: "error", reason: "NOPE", message: "" }), "reason NOPE"],
    ["an array that there is not", message(arrays(["weights", 2]), LENGTHS), "array weights"],
    ["an array longer than the body", message(arrays(["lengths", 3]), LENGTHS), "array lengths is too long"],
    ["an array that is missing", message(arrays(["lengths", 2]), LENGTHS), "entry 0 lacks an array"],
    ["bytes of no array", message(HEAD, ...all, ENDS), "entry 0 is not as long as it says"],
    ["an episode of no steps", message(HEAD, Int32Array.of(3, 0), ACTIONS, REWARDS, ENDS), "not as long"],
    ["an episode of -1 steps", message(HEAD, Int32Array.of(4, -1), ACTIONS, REWARDS, ENDS), "not as long"],
    ["an end that there is not", message(HEAD, LENGTHS, ACTIONS, REWARDS, Uint8Array.of(0, 3)), "not as long"],
    [
      "states that are not one more than steps",
      message(
        arrays(...ARRAYS.slice(0, 3), ["observations", 4], ["ends", 2]),
        LENGTHS,
        ACTIONS,
        REWARDS,
        Int32Array.of(0, 0, 0, 0),
        ENDS,
      ),
      "not as long",
    ],
  ])("%s", async (_, content, says) => {
    const reason = says === undefined ? "IMPORT_INVALID" : "PYTHON_UNAVAILABLE";
    await expect(messages(content)).rejects.toMatchObject({ reason, message: expect.stringContaining(says ?? "") });
  });
});
