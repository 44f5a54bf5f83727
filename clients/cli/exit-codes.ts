/** What a command's exit code means; docs/cli.md lists them. */
import { IcrlError, type Reason } from "../../common/errors.js";
import { ConnectionError } from "../typescript/errors.js";

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
} as const;

const USAGE_REASONS: readonly Reason[] = [
  "NAME_INVALID",
  "TASK_UNKNOWN",
  "AGENT_UNKNOWN",
  "OPTION_UNKNOWN",
  "OPTION_INVALID",
  "TASK_UNSUPPORTED",
  "ENVS_INVALID",
  "TRIALS_INVALID",
  "SPEC_INVALID",
  "OUTPUT_EXISTS",
  "QUERY_INVALID",
  "NOT_A_LOG",
];

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof IcrlError) return USAGE_REASONS.includes(error.reason) ? EXIT.usage : EXIT.failed;
  return error instanceof ConnectionError ? EXIT.unreachable : EXIT.failed;
}
