/** Domain errors to gRPC statuses. */
import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { IcrlError } from "../../common/errors.js";
import { ErrorInfo } from "../../proto/gen/google/rpc/error_details.js";
import { Status } from "../../proto/gen/google/rpc/status.js";
import type { Logger } from "./logger.js";

const DETAILS_KEY = "grpc-status-details-bin";
const ERROR_INFO_TYPE = "type.googleapis.com/google.rpc.ErrorInfo";

/**
 * The status of an error: an IcrlError with its reason as ErrorInfo; anything else is logged with its stack and leaves as a bare
 * INTERNAL.
 */
export function statusOf(error: unknown, logger: Logger): StatusObject {
  const metadata = new Metadata();
  if (!(error instanceof IcrlError)) {
    logger.error({ err: error }, "unexpected error");
    return { code: status.INTERNAL, details: "internal error", metadata };
  }
  const info = ErrorInfo.encode({ reason: error.reason, domain: "icrl", metadata: { ...error.metadata } }).finish();
  const details = Status.encode({
    code: error.code,
    message: error.message,
    details: [{ typeUrl: ERROR_INFO_TYPE, value: Buffer.from(info) }],
  }).finish();
  metadata.set(DETAILS_KEY, Buffer.from(details));
  return { code: error.code, details: error.message, metadata };
}
