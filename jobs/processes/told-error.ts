/** How a process of this program tells the one that started it what went wrong, or how a command ended: as a message, beside what it says for people. */
import { IcrlError, REASONS, type Reason } from "../../common/errors.js";

/** An error on its way from one process, or thread, to another. */
export interface ToldError {
  /** Absent where it has none. */
  readonly reason?: Reason;
  readonly message: string;
}

/** The message that tells it. */
export const errorMessage = ({ reason, message }: ToldError) => ({ icrl: "error", reason, message }) as const;

/** Tells it to the process that started this one, where that is one of this program. */
export function tellParent(error: ToldError): void {
  if (process.connected) process.send?.(errorMessage(error), undefined, undefined, () => {}); // it may be gone
}

/** The error that a message tells; undefined where it tells something else. */
export function heardError(message: unknown): ToldError | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const { icrl, reason, message: text } = message as Readonly<Record<string, unknown>>;
  if (icrl !== "error" || typeof text !== "string") return undefined;
  if (typeof reason !== "string" || !Object.hasOwn(REASONS, reason)) return { message: text };
  return { reason: reason as Reason, message: text };
}

/** What is thrown for it here. */
export const errorOf = ({ reason, message }: ToldError): Error =>
  reason === undefined ? new Error(message) : IcrlError.told(reason, message);

/** The message that tells how a command ended: its exit code, or the signal that ended it. */
export const endMessage = (by: number | NodeJS.Signals) => ({ icrl: "ended", by }) as const;

/** The end that a message tells; undefined where it tells something else. */
export function heardEnd(message: unknown): number | NodeJS.Signals | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const { icrl, by } = message as Readonly<Record<string, unknown>>;
  if (icrl !== "ended" || (typeof by !== "number" && typeof by !== "string")) return undefined;
  return by as number | NodeJS.Signals;
}
