/**
 * The audit log of a server that asks for tokens: who created, ended or forfeited what, and who was refused. A line of JSON each, in
 * `audit.jsonl`, with the one before it in `audit.jsonl.1`. No token is ever in it.
 */
import { appendFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders } from "../../datasets/files/make-folders.js";
import { PRIVATE_FILE, PRIVATE_FOLDER } from "../../datasets/files/private.js";
import type { Who } from "./access.js";

/** What somebody did, or tried. */
export interface AuditEntry {
  /** The RPC or path: "TournamentService/CreateTournament". */
  readonly what: string;
  /** Undefined: nobody, as far as the server knows. */
  readonly who: Who | undefined;
  /** HOST:PORT that he came from. */
  readonly from: string;
  /** "ok", or the reason for which it was refused or failed. */
  readonly outcome: string;
  /** Id of the tournament or collection, where there is one. */
  readonly id?: string;
  readonly entrant?: string;
}

/** Where entries go. */
export interface AuditLog {
  add(entry: AuditEntry): void;
  /** Resolves when all that was added is written, or could not be. */
  close(): Promise<void>;
}

/** Name of its file. */
const AUDIT_FILE = "audit.jsonl";

/** Bytes of a file; then the next one is begun. */
const MOST_BYTES = 8 << 20;

/** Refusals of whom the server does not know that are written in a minute: whoever knocks without end washes nothing away. */
const MOST_STRANGERS = 100;
const MINUTE_MS = 60_000;

/** Lines that wait for the disk. */
const MOST_WAITING = 10_000;

/** None is kept. */
export const NO_AUDIT: AuditLog = { add() {}, close: async () => {} };

/**
 * Opens the one of a folder.
 *
 * @param nowMs Unix time in milliseconds
 * @param onError told what cannot be written
 */
export function openAuditLog(folder: string, nowMs: () => number, onError: (error: unknown) => void): AuditLog {
  const path = join(folder, AUDIT_FILE);
  let waiting: string[] = [];
  let writing: Promise<void> | undefined;
  let minute = { since: Number.NEGATIVE_INFINITY, strangers: 0 };

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const text = waiting.join("");
      waiting = [];
      try {
        makeFolders(folder, PRIVATE_FOLDER);
        await appendFile(path, text, { mode: PRIVATE_FILE });
        if ((await stat(path)).size > MOST_BYTES) await rename(path, `${path}.1`);
      } catch (error) {
        onError(error);
      }
    }
    writing = undefined;
  }

  function put(line: Readonly<Record<string, unknown>>): void {
    if (waiting.length >= MOST_WAITING) return;
    waiting.push(`${JSON.stringify({ time: new Date(nowMs()).toISOString(), ...line })}\n`);
    writing ??= write();
  }

  return {
    add({ who, ...entry }) {
      if (who === undefined) {
        if (nowMs() - minute.since >= MINUTE_MS) {
          const more = minute.strangers - MOST_STRANGERS;
          if (more > 0) put({ what: "more refusals of strangers", count: more });
          minute = { since: nowMs(), strangers: 0 };
        }
        minute.strangers += 1;
        if (minute.strangers > MOST_STRANGERS) return;
      }
      put({ ...entry, role: who?.role ?? null, token: who?.tokenId ?? null });
    },
    async close() {
      await writing;
    },
  };
}
