/** What a command's exit code means; docs/cli.md lists them. */

import { ConnectionError } from "../clients/typescript/errors.js";
import { IcrlError, type Reason } from "../common/errors.js";
import { Interrupted } from "./interruptible.js";

/** Exit codes. */
export const EXIT = {
  /** Done. */
  ok: 0,
  /** It failed, or found problems. */
  failed: 1,
  /** The command line, a name, an option or a file is wrong: nothing was done. */
  usage: 2,
  /** The server cannot be reached, or went away. */
  unreachable: 3,
  /** Finished, but matches were forfeited. */
  forfeited: 4,
  /** Broken off by Ctrl-C: 128 + SIGINT, as shells have it. */
  interrupted: 130,
  /** Broken off by SIGTERM: 128 + SIGTERM. */
  terminated: 143,
} as const;

const USAGE_REASONS: readonly Reason[] = [
  "NAME_INVALID",
  "TASK_UNKNOWN",
  "AGENT_UNKNOWN",
  "ENTRANT_UNKNOWN",
  "TOURNAMENT_UNKNOWN",
  "RESULTS_VERSION",
  "OPTION_UNKNOWN",
  "OPTION_INVALID",
  "TASK_UNSUPPORTED",
  "AGENT_MISMATCH",
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
  "EXPORT_UNSUPPORTED",
  "CHECKPOINT_NOT_FOUND",
  "CHECKPOINT_TOO_NEW",
  "BACKEND_UNAVAILABLE",
];

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof IcrlError) return USAGE_REASONS.includes(error.reason) ? EXIT.usage : EXIT.failed;
  if (error instanceof Interrupted) return error.signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
  return error instanceof ConnectionError ? EXIT.unreachable : EXIT.failed;
}
