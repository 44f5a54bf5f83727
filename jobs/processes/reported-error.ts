/** What a process of this program said was wrong, as error-line.ts writes it. */
import { REASONS, type Reason } from "../../common/errors.js";

/** An error of another process. */
export interface ReportedError {
  /** Undefined where it gave none. */
  readonly reason: Reason | undefined;
  readonly text: string;
}

/** The last error in what a process said, if there is one. */
export function reportedError(said: string): ReportedError | undefined {
  const line = [...said.matchAll(/^error: (.*)$/gm)].at(-1)?.[1];
  if (line === undefined) return undefined;
  const [, reason = "", text = line] = /^([A-Z_]+): (.*)$/.exec(line) ?? [];
  return Object.hasOwn(REASONS, reason) ? { reason: reason as Reason, text } : { reason: undefined, text: line };
}
