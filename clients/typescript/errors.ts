/** gRPC errors to errors with a reason. */
import { type Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { IcrlError, REASONS, type Reason } from "../../common/errors.js";
import { ErrorInfo, Status } from "../../proto/gen/icrl/v1/status.js";

/** An error of a call that carries no reason of icrl's: the server is not there, is no icrl server, or failed unexpectedly. */
export class ConnectionError extends Error {
  /** gRPC status code. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "ConnectionError";
    this.code = code;
  }
}

/** The error that a failed call stands for. */
export function errorOf(error: unknown, address: string): Error {
  if (!isServiceError(error)) return error instanceof Error ? error : new Error(String(error));
  const info = errorInfo(error.metadata);
  if (info !== undefined && Object.hasOwn(REASONS, info.reason)) {
    return IcrlError.told(info.reason as Reason, error.details, info.metadata);
  }
  if (error.code === status.RESOURCE_EXHAUSTED && error.details.includes("larger than max")) {
    return IcrlError.told("MESSAGE_TOO_LARGE", error.details);
  }
  if (error.code === status.UNAVAILABLE) {
    return new ConnectionError(
      error.code,
      `no icrl server answers at ${address}: start one with "npx icrl serve" (${error.details})`,
    );
  }
  return new ConnectionError(error.code, `${status[error.code] ?? error.code} from ${address}: ${error.details}`);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "details" in error && typeof error.details === "string";
}

function errorInfo(metadata: Metadata | undefined): ErrorInfo | undefined {
  const [bytes] = metadata?.get("grpc-status-details-bin") ?? [];
  if (!Buffer.isBuffer(bytes)) return undefined;
  for (const detail of Status.decode(bytes).details) {
    if (detail.typeUrl.endsWith("/google.rpc.ErrorInfo")) {
      const info = ErrorInfo.decode(detail.value);
      if (info.domain === "icrl") return info;
    }
  }
  return undefined;
}
