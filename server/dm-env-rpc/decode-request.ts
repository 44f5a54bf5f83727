/** Requests, decoded: each is small, and what is not is refused before it is taken apart, for a decoder makes ten bytes and more of one. */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { IcrlError } from "../../common/errors.js";
import { EnvironmentRequest } from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { PropertyRequest } from "../../proto/gen/dm_env_rpc/v1/extensions/properties.js";

/** What a client asks. */
export type Asked = NonNullable<EnvironmentRequest["payload"]>;

/** What it asks of properties. */
export type AskedProperty = NonNullable<PropertyRequest["payload"]>;

/** Field number of `step` in EnvironmentRequest. */
const STEP = 3;

/** Bytes of a step: an action, and the number of each observation, some of them more than once. There are many steps. */
const MAX_STEP_BYTES = 1024;

/** Type of the extension for properties, in an Any. */
const PROPERTY_REQUEST = "type.googleapis.com/dm_env_rpc.v1.extensions.properties.PropertyRequest";

/**
 * The request in some bytes.
 * @throws MESSAGE_TOO_LARGE, MALFORMED_MESSAGE
 */
export function decodeRequest(bytes: Buffer): Asked {
  let payload: EnvironmentRequest["payload"];
  try {
    if (bytes.length > MAX_STEP_BYTES && hasStep(bytes)) throw tooLarge(bytes.length);
    payload = EnvironmentRequest.decode(bytes).payload;
  } catch (error) {
    if (error instanceof IcrlError) throw error;
    throw malformed(`${bytes.length} bytes that are no EnvironmentRequest`);
  }
  if (payload === undefined) throw malformed("an EnvironmentRequest with no member set, or none that is known");
  return payload;
}

/**
 * The request in an extension.
 * @throws NOT_IMPLEMENTED where it is not that of properties, MALFORMED_MESSAGE
 */
export function decodePropertyRequest({
  typeUrl,
  value,
}: {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}): AskedProperty {
  if (typeUrl !== PROPERTY_REQUEST) {
    const text = `the extension ${JSON.stringify(typeUrl.slice(0, 200))} is not known here: ${PROPERTY_REQUEST} is`;
    throw new IcrlError("NOT_IMPLEMENTED", text, { capability: "extension" });
  }
  let payload: PropertyRequest["payload"];
  try {
    payload = PropertyRequest.decode(value).payload;
  } catch {
    throw malformed(`${value.length} bytes that are no PropertyRequest`);
  }
  if (payload === undefined) throw malformed("a PropertyRequest with no member set");
  return payload;
}

const malformed = (what: string): IcrlError =>
  new IcrlError("MALFORMED_MESSAGE", `${what}: see the protos of proto/dm_env_rpc/v1`);

const tooLarge = (length: number): IcrlError =>
  new IcrlError("MESSAGE_TOO_LARGE", `a step of ${length} bytes: send at most ${MAX_STEP_BYTES}`, {
    bytes: length,
    limit: MAX_STEP_BYTES,
  });

/** Whether a step is among the members. Throws where the bytes are no message. */
function hasStep(bytes: Buffer): boolean {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === STEP) return true;
    reader.skip(wire, field);
  }
  return false;
}
