/** The exit code for an error. */
import { ConnectionError } from "../clients/typescript/errors.js";
import { IcrlError, type Reason } from "../common/errors.js";
import { EXIT } from "../jobs/processes/exit-codes.js";
import { Interrupted } from "./interruptible.js";

const USAGE_REASONS: readonly Reason[] = [
  "NAME_INVALID",
  "TASK_UNKNOWN",
  "TASK_FILE_INVALID",
  "TASK_FILE_DIFFERS",
  "AGENT_UNKNOWN",
  "ENTRANT_UNKNOWN",
  "TOURNAMENT_UNKNOWN",
  "RESULTS_VERSION",
  "OPTION_UNKNOWN",
  "OPTION_INVALID",
  "TASK_UNSUPPORTED",
  "AGENT_MISMATCH",
  "KEY_REFUSED",
  "TLS_REQUIRED",
  "TOKEN_MISSING",
  "TOKEN_INVALID",
  "TOKEN_EXPIRED",
  "TOKEN_REVOKED",
  "ROLE_REFUSED",
  "ENVS_INVALID",
  "TRIALS_INVALID",
  "TRIALS_RECORDED",
  "PURPOSE_INVALID",
  "PAGE_INVALID",
  "SPEC_INVALID",
  "OUTPUT_EXISTS",
  "QUERY_INVALID",
  "NOT_A_LOG",
  "LABEL_CONFLICT",
  "TRIALS_BROKEN",
  "NOT_A_DATASET",
  "DATASET_TOO_NEW",
  "DATASET_MISMATCH",
  "LABEL_UNKNOWN",
  "SELECTION_EMPTY",
  "PROBABILITIES_UNKNOWN",
  "TRUTH_UNKNOWN",
  "IMPORT_INVALID",
  "PYTHON_UNAVAILABLE",
  "EXPORT_UNSUPPORTED",
  "CHECKPOINT_NOT_FOUND",
  "CHECKPOINT_TOO_NEW",
  "BACKEND_UNAVAILABLE",
];

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof IcrlError) {
    if (error.reason === "ENTRANT_EARLY") return EXIT.unreachable;
    return USAGE_REASONS.includes(error.reason) ? EXIT.usage : EXIT.failed;
  }
  if (error instanceof Interrupted) return error.signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
  return error instanceof ConnectionError ? EXIT.unreachable : EXIT.failed;
}
