/** Which errors mean that a connection was lost, and which that another try may help. */
import { status } from "@grpc/grpc-js";
import { IcrlError } from "../../common/errors.js";
import { ConnectionError } from "./errors.js";

/**
 * Whether a stream that ended so was lost on its way, and did not end by the server's word. SERVER_DRAINING is a word, but one that says
 * the server stops: what was open can be resumed once it is there again.
 */
export function isLoss(error: Error): boolean {
  if (error instanceof IcrlError) return error.reason === "SERVER_DRAINING";
  if (!(error instanceof ConnectionError)) return false;
  switch (error.code) {
    case status.UNAVAILABLE: // refused, reset, no sign of life
    case status.CANCELLED: // by a relay: who cancels here does not ask
      return true;
    case status.INTERNAL: // of grpc-js, where a stream or its connection was reset; a server's own says something else
    case status.UNKNOWN:
      return /RST_STREAM|without gRPC status|ECONNRESET|EPIPE|ETIMEDOUT/.test(error.message);
    default:
      return false;
  }
}

/** Whether a refusal of an attempt may pass. */
export const mayPass = (error: Error): boolean => error instanceof IcrlError && error.reason === "SERVER_BUSY";
