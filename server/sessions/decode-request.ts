/**
 * Requests of a session, decoded. A message is as large as what it says: only `actions` grow with the envs, all others are small, and
 * what would be large is refused before it is taken apart, for a decoder makes ten bytes and more of one.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { IcrlError } from "../../common/errors.js";
import { PlayRequest } from "../../proto/gen/icrl/v1/environment.js";
import type { Limits } from "./limits.js";

/** Field numbers of `actions` in PlayRequest, of its tensors in Actions, and of their shape in Tensor. */
const ACTIONS = 3;
const TENSORS: readonly number[] = [2, 3, 4];
const SHAPE = 2;

/** Members of an `actions`, or of a tensor in one. */
const MAX_MEMBERS = 8;

/** Bytes of a tensor's shape: it has two axes at most. */
const MAX_SHAPE_BYTES = 32;

/** Bytes of an `actions` beside its tensors' data, at most. */
const FRAME_BYTES = 256;

/**
 * The message in some bytes.
 * @throws MESSAGE_TOO_LARGE, MALFORMED_MESSAGE
 */
export function decodeRequest(bytes: Buffer, limits: Limits): NonNullable<PlayRequest["message"]> {
  const { length } = bytes;
  if (length > limits.maxMessageBytes) {
    throw new IcrlError("MESSAGE_TOO_LARGE", `a message of ${length} bytes: send at most ${limits.maxMessageBytes}`);
  }
  let message: PlayRequest["message"];
  try {
    if (length > limits.maxHelloBytes && !isActions(bytes)) {
      throw new IcrlError(
        "MESSAGE_TOO_LARGE",
        `a message of ${length} bytes that is not an actions: send at most ${limits.maxHelloBytes}`,
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
    throw new IcrlError("MALFORMED_MESSAGE", "a PlayRequest with no member set: send hello, open, actions or close");
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
  );
}

/** Bytes of the largest `actions`: an action, a propensity and the probabilities of each env. */
export const actionsBytes = (numEnvs: number, numActions: number): number =>
  FRAME_BYTES + 4 * numEnvs * (2 + numActions);

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
