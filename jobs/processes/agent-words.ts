/** What an agent's process says: kept in a file, as much of it as anybody will read, and its last lines for an error. */
import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { visibleLines } from "../../common/visible-text.js";

/** The most that is kept of one process, in characters: one that never stops talking would fill the disk. */
const MOST_KEPT = 32 * 2 ** 20;
/** The most of its last words, in characters. */
const MOST_LAST = 400;

/** A file of words. */
export interface AgentWords {
  /** Keeps what a process says on these, of which there is one process at a time. */
  listen(...streams: readonly Readable[]): void;
  /** Adds a line about how it ended. */
  end(line: string): void;
  /** The last line or lines of the process that was listened to last, on one line. */
  last(): string;
  /** Resolves once all of it is in the file. */
  close(): Promise<void>;
}

/** Appends to a file. */
export function openAgentWords(file: string): AgentWords {
  const log = createWriteStream(file, { flags: "a" });
  let left = MOST_KEPT;
  let tail = "";
  function keep(text: string): void {
    tail = `${tail}${text}`.slice(-MOST_LAST);
    if (left <= 0) return;
    log.write(visibleLines(text));
    left -= text.length;
    if (left <= 0) log.write(`\n(the rest of what it said is left out)\n`);
  }
  return {
    listen(...streams) {
      left = MOST_KEPT;
      tail = "";
      for (const words of streams) words.on("data", keep);
    },
    end: (line) => void log.write(`${line}\n`),
    last: () =>
      visibleLines(tail)
        .split("\n")
        .filter((line) => line.trim() !== "")
        .slice(-3)
        .join(" / "),
    close: () => new Promise((resolve) => log.end(resolve)),
  };
}
