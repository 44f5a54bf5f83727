/**
 * Requests of a session, decoded. A message is as large as what it says: only `actions` and `reset` grow with the envs, all others are
 * small, and what would be large is refused before it is taken apart, for a decoder makes ten bytes and more of one.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { IcrlError } from "../../common/errors.js";
import { PlayRequest } from "../../proto/gen/icrl/v1/environment.js";
import type { Limits } from "./limits.js";

/** Field numbers of `actions` in PlayRequest, of its tensors in Actions, and of their shape in Tensor. */
const ACTIONS = 3;
const TENSORS: readonly number[] = [2, 3, 4, 5];
const SHAPE = 2;

/** Members of an `actions`, or of a tensor in one. */
const MAX_MEMBERS = 8;

/** Bytes of a tensor's shape: it has two axes at most. */
const MAX_SHAPE_BYTES = 32;

/** Field numbers of `reset` in PlayRequest, and of what it has of each env in Reset. */
const RESET = 4;
const RESET_ENVS = 2;
const RESET_SEEDS = 3;

/** Bytes of an env's index there, at most, and of the index and its seeds together. */
const MAX_INDEX_BYTES = 5;
const RESET_ENV_BYTES = 40;

/** Bytes of an `actions` beside its tensors' data, at most. */
const FRAME_BYTES = 256;

/**
 * The message in some bytes.
 * @throws MESSAGE_TOO_LARGE, MALFORMED_MESSAGE
 */
export function decodeRequest(bytes: Buffer, limits: Limits): NonNullable<PlayRequest["message"]> {
  const { length } = bytes;
  if (length > limits.maxMessageBytes) {
    throw new IcrlError("MESSAGE_TOO_LARGE", `a message of ${length} bytes: send at most ${limits.maxMessageBytes}`, {
      bytes: length,
      limit: limits.maxMessageBytes,
    });
  }
  let message: PlayRequest["message"];
  try {
    if (length > limits.maxHelloBytes && !isActions(bytes) && !isReset(bytes, limits.maxEnvs)) {
      throw new IcrlError(
        "MESSAGE_TOO_LARGE",
        `a message of ${length} bytes that is no actions or reset: send at most ${limits.maxHelloBytes}`,
        { bytes: length, limit: limits.maxHelloBytes },
      );
    }
    message = PlayRequest.decode(bytes).message;
  } catch (error) {
    if (error instanceof IcrlError) throw error;
    throw new IcrlError(
      "MALFORMED_MESSAGE",
      `${length} bytes that are no PlayRequest: see proto/icrl/v1/environment.proto`,
    );
  }
  if (message === undefined) {
    throw new IcrlError(
      "MALFORMED_MESSAGE",
      "a PlayRequest with no member set: send hello, open, actions, reset or close",
    );
  }
  return message;
}

/**
 * Sees that an `actions` is no larger than what N envs can want: it is kept until the next, to know a repeat.
 * @throws MESSAGE_TOO_LARGE
 */
export function checkActionsBytes(bytes: Buffer, numEnvs: number, numActions: number): void {
  const most = actionsBytes(numEnvs, numActions);
  if (bytes.length <= most) return;
  throw new IcrlError(
    "MESSAGE_TOO_LARGE",
    `an actions of ${bytes.length} bytes for ${numEnvs} envs of ${numActions} actions: send at most ${most}`,
    { bytes: bytes.length, limit: most },
  );
}

/**
 * Sees that a `reset` is no larger than what N envs can want, likewise.
 * @throws MESSAGE_TOO_LARGE
 */
export function checkResetBytes(bytes: Buffer, numEnvs: number): void {
  const most = resetBytes(numEnvs);
  if (bytes.length <= most) return;
  throw new IcrlError(
    "MESSAGE_TOO_LARGE",
    `a reset of ${bytes.length} bytes for ${numEnvs} envs: send at most ${most}`,
    { bytes: bytes.length, limit: most },
  );
}

/** Bytes of the largest `reset`: the index of each env, and its seeds. */
const resetBytes = (numEnvs: number): number => FRAME_BYTES + RESET_ENV_BYTES * numEnvs;

/** Bytes of the largest answer to N envs' observations, which is kept. */
export const answerBytes = (numEnvs: number, numActions: number): number =>
  Math.max(actionsBytes(numEnvs, numActions), resetBytes(numEnvs));

/** Bytes of the largest `actions`: an action, a propensity, the probabilities and a bool of each env. */
export const actionsBytes = (numEnvs: number, numActions: number): number =>
  FRAME_BYTES + numEnvs * (4 * (2 + numActions) + 1);

/** Whether all of some bytes is one `actions` of few members, whose bulk is its tensors' data. Throws where they are no message. */
function isActions(bytes: Buffer): boolean {
  const reader = new BinaryReader(bytes);
  const [field, type] = reader.tag();
  if (field !== ACTIONS || type !== WireType.LengthDelimited || reader.uint32() + reader.pos !== bytes.length)
    return false;
  for (let members = 0; reader.pos < bytes.length; members++) {
    const [member, wire] = reader.tag();
    if (members === MAX_MEMBERS) return false;
    if (wire !== WireType.LengthDelimited) reader.skip(wire, member);
    else if (!TENSORS.includes(member) || !isTensor(reader, reader.uint32())) return false;
  }
  return true;
}

/** Whether all of some bytes is one `reset` of at most so many envs and seeds. Throws where they are no message. */
function isReset(bytes: Buffer, maxEnvs: number): boolean {
  const reader = new BinaryReader(bytes);
  const [field, type] = reader.tag();
  if (field !== RESET || type !== WireType.LengthDelimited || reader.uint32() + reader.pos !== bytes.length)
    return false;
  let envs = 0;
  let seeds = 0;
  let others = 0;
  while (reader.pos < bytes.length) {
    const [member, wire] = reader.tag();
    const from = reader.pos;
    reader.skip(wire, member);
    const length = reader.pos - from;
    if (member === RESET_ENVS) envs += length;
    else if (length > RESET_ENV_BYTES) return false;
    else if (member === RESET_SEEDS) seeds += 1;
    else others += 1;
    if (envs > MAX_INDEX_BYTES * maxEnvs || seeds > maxEnvs || others > MAX_MEMBERS) return false;
  }
  return true;
}

/** Whether a tensor of so many bytes comes next, which is then read. */
function isTensor(reader: BinaryReader, length: number): boolean {
  const end = reader.pos + length;
  for (let members = 0; reader.pos < end; members++) {
    const [member, wire] = reader.tag();
    if (members === MAX_MEMBERS) return false;
    const from = reader.pos;
    reader.skip(wire, member);
    if (member === SHAPE && reader.pos - from > MAX_SHAPE_BYTES) return false;
  }
  return reader.pos === end;
}
