/**
 * What `python -m icrl.import_data` says, message by message (clients/python/src/icrl/import_data/stream.py describes them). It reads files that
 * may be hostile, so it is believed nothing: what comes is as long as it says, within bounds, and fits itself.
 */
import type { Readable } from "node:stream";
import { IcrlError, REASONS, type Reason } from "../../common/errors.js";
import { type DocumentKind, type Parts, parseDocument, schemaOf } from "../../datasets/files/document.js";
import type { ObservationSpaceEntry, Options } from "../../datasets/folder/dataset-manifest.js";
import { ENDS, type ImportedTrial } from "../../datasets/import/imported-trial.js";

/** Before the first trial. */
export interface BeginMessage {
  readonly type: "begin";
  /** How many there are; of a format that counts them, episodes. */
  readonly trials: number;
  readonly observation_space: ObservationSpaceEntry;
  readonly options: Options;
}

/** After the last trial. */
export interface EndMessage {
  readonly type: "end";
  readonly num_actions: number;
  readonly trial_features_shape: readonly number[];
}

/** A message. */
export type ImportMessage = BeginMessage | { readonly type: "trial"; readonly trial: ImportedTrial } | EndMessage;

/** The head of a trial's message. */
interface TrialHead {
  readonly type: "trial";
  readonly file: number;
  readonly key: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Names of arrays, and numbers of their items. */
  readonly arrays: readonly (readonly [string, number])[];
}

interface ErrorHead {
  readonly type: "error";
  readonly reason: string;
  readonly message: string;
}

function headDocument({ z, count, positive, text, options, list }: Parts) {
  const size = positive.refine((n) => n < 2 ** 31, "a whole number below 2^31");
  return z.union([
    z.object({
      type: z.literal("begin"),
      trials: count,
      observation_space: z.object({
        type: z.enum(["none", "discrete", "box"]),
        n: z.optional(size),
        shape: z.optional(z.array(size).max(8)),
      }),
      options,
    }),
    z.object({
      type: z.literal("trial"),
      file: count,
      key: text(200),
      tags: z.record(text(100), text(200)),
      arrays: list(z.tuple([text(20), count]), 8),
    }),
    z.object({ type: z.literal("end"), num_actions: size, trial_features_shape: z.array(size).max(2) }),
    z.object({ type: z.literal("error"), reason: text(100), message: text(4000) }),
  ]);
}

const HEAD: DocumentKind<BeginMessage | TrialHead | EndMessage | ErrorHead> = {
  schema: schemaOf<BeginMessage | TrialHead | EndMessage | ErrorHead>()(headDocument),
  reason: "IMPORT_INVALID",
  remedy: "install the Python package of this version of icrl",
};

/** The Python package and this program do not understand each other. */
const misunderstood = (what: string): IcrlError =>
  new IcrlError(
    "PYTHON_UNAVAILABLE",
    `what Python says of the files is not understood (${what}): ${HEAD.remedy}, pip install "./clients/python[import]"`,
  );

const FIXED = 16;
const MOST_HEAD = 1 << 20;
/** Each array of a trial has 256 MiB at most there. */
const MOST_BODY = 2 ** 31;

/**
 * The messages, in order.
 *
 * @throws the error that it tells: IMPORT_INVALID, as a rule
 * @throws PYTHON_UNAVAILABLE if something else comes than messages
 */
export async function* importMessages(output: Readable): AsyncGenerator<ImportMessage> {
  const take = taker(output);
  for (;;) {
    const fixed = await take(FIXED, true);
    if (fixed === undefined) return;
    const view = new DataView(fixed.buffer);
    const [headBytes, bodyBytes] = [view.getUint32(4, true), Number(view.getBigUint64(8, true))];
    if (Buffer.from(fixed.subarray(0, 4)).toString("latin1") !== "ICRI") throw misunderstood("no message");
    if (headBytes > MOST_HEAD || bodyBytes > MOST_BODY) throw misunderstood("a message is too long");
    const text = Buffer.from((await take(headBytes)) as Uint8Array).toString("utf8");
    const head = parseDocument(text, "what Python says", HEAD);
    const body = (await take(bodyBytes)) as Uint8Array<ArrayBuffer>;
    if (head.type === "error") throw toldError(head);
    yield head.type === "trial" ? { type: "trial", trial: trialOf(head, body) } : head;
  }
}

function toldError({ reason, message }: ErrorHead): IcrlError {
  if (!Object.hasOwn(REASONS, reason)) return misunderstood(`reason ${reason}`);
  return IcrlError.told(reason as Reason, message);
}

/** Gives so many bytes, as memory of their own; undefined where there are none and that may be. */
function taker(output: Readable) {
  const chunks = output[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Uint8Array = new Uint8Array(0);
  return async (count: number, atEnd = false): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    const taken = new Uint8Array(count);
    for (let at = 0; at < count; ) {
      if (rest.length === 0) {
        const next = await chunks.next();
        if (next.done === true) {
          if (atEnd && at === 0) return undefined;
          throw misunderstood("it breaks off");
        }
        rest = next.value;
      }
      const piece = rest.subarray(0, count - at);
      taken.set(piece, at);
      at += piece.length;
      rest = rest.subarray(piece.length);
    }
    return taken;
  };
}

/** The arrays of a trial, by the names that they have there. */
const ARRAYS = {
  lengths: Int32Array,
  actions: Int32Array,
  rewards: Float32Array,
  observations: Int32Array,
  features: Float32Array,
  trial_features: Float32Array,
  label: Int32Array,
  ends: Uint8Array,
} as const;

function trialOf({ file, key, tags, arrays }: TrialHead, body: Uint8Array<ArrayBuffer>): ImportedTrial {
  const found: { -readonly [N in keyof typeof ARRAYS]?: InstanceType<(typeof ARRAYS)[N]> } = {};
  let at = 0;
  for (const [name, count] of arrays) {
    if (!Object.hasOwn(ARRAYS, name)) throw misunderstood(`array ${name}`);
    const Items = ARRAYS[name as keyof typeof ARRAYS];
    const to = at + count * Items.BYTES_PER_ELEMENT;
    if (to > body.length || at % Items.BYTES_PER_ELEMENT !== 0) throw misunderstood(`array ${name} is too long`);
    Object.assign(found, { [name]: new Items(body.buffer, at, count) });
    at = to;
  }
  const { lengths, ends, actions, rewards, observations, features, trial_features: trialFeatures, label } = found;
  if (lengths === undefined || ends === undefined || actions === undefined || rewards === undefined) {
    throw misunderstood(`${key} lacks an array`);
  }
  const steps = lengths.reduce((sum, length) => sum + (length >= 1 ? length : Number.NaN), 0);
  const episodes = lengths.length;
  const fits =
    at === body.length &&
    episodes > 0 &&
    actions.length === steps &&
    rewards.length === steps &&
    ends.length === episodes &&
    ends.every((end) => end < ENDS.length) &&
    (observations === undefined || observations.length === steps + episodes) &&
    (features === undefined || features.length % steps === 0) &&
    (label === undefined || label.length === steps);
  if (!fits) throw misunderstood(`${key} is not as long as it says`);
  return {
    file,
    key,
    tags,
    lengths,
    ends,
    actions,
    rewards,
    observations,
    features,
    trialFeatures,
    label,
  };
}
