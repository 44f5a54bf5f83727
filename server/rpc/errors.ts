/** Domain errors to gRPC statuses. */
import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { IcrlError } from "../../common/errors.js";
import { visible, visibleLines } from "../../common/visible-text.js";
import { ErrorInfo, Status } from "../../proto/gen/icrl/v1/status.js";
import type { RpcEvent } from "./rpc-event.js";

const DETAILS_KEY = "grpc-status-details-bin";
const ERROR_INFO_TYPE = "type.googleapis.com/google.rpc.ErrorInfo";

/**
 * Characters of a text that leave. A status travels in headers, for which gRPC clients have 8 KiB; texts that quote what a caller sent
 * can be of any length.
 */
const MAX_TEXT = 400;

/** Characters of a detail that leave: names are shorter. */
const MAX_DETAIL = 200;

/**
 * The status of an error: an IcrlError with its reason as ErrorInfo; anything else is told with its stack and leaves as a bare
 * INTERNAL.
 */
export function statusOf(error: unknown, tell: (event: RpcEvent) => void): StatusObject {
  const metadata = new Metadata();
  const message = statusMessageOf(error, tell);
  if (message.details.length > 0) metadata.set(DETAILS_KEY, Buffer.from(Status.encode(message).finish()));
  return { code: message.code, details: message.message, metadata };
}

/**
 * The same as a message, for an answer that is an error.
 *
 * @param where something failed, for what is told of it
 */
export function statusMessageOf(error: unknown, tell: (event: RpcEvent) => void, where = "rpc"): Status {
  if (!(error instanceof IcrlError)) {
    tell({ event: "internal_error", where, err: error });
    return { code: status.INTERNAL, message: "internal error", details: [] };
  }
  const details = Object.fromEntries(
    Object.entries(error.metadata).map(([key, value]) => [key, clipped(value, MAX_DETAIL, visible)]),
  );
  const info = ErrorInfo.encode({ reason: error.reason, domain: "icrl", metadata: details }).finish();
  return {
    code: error.code,
    message: clipped(error.message),
    details: [{ typeUrl: ERROR_INFO_TYPE, value: Buffer.from(info) }],
  };
}

/**
 * The text without its middle when it is long, all of it to be seen: half surrogates have no UTF-8, and gRPC throws at them. Cut before it is
 * written out, and after: a hidden character becomes up to ten that can be seen.
 */
function clipped(text: string, most = MAX_TEXT, shown = visibleLines): string {
  return shown(withoutMiddle(shown(withoutMiddle(text, most)), most));
}

const CUT = " ... ";

function withoutMiddle(text: string, most: number): string {
  const half = most / 2;
  return text.length <= most + CUT.length ? text : `${text.slice(0, half)}${CUT}${text.slice(-half)}`;
}
