/**
 * What the log of trajectories does not tell of a tournament: that it exists, what its entrants play, who forfeited what, and that it
 * is over. `<data>/tournaments/<id>.jsonl`, a line an event; with the log it is all that a tournament needs to go on after a crash.
 */
import { existsSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { fsyncFolder } from "../../datasets/durable-file.js";
import { makeFolders } from "../../datasets/make-folders.js";
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import type { Forfeit } from "./match.js";

/** One event. */
export type JournalEvent =
  /** The first line. `spec.seed` is a decimal string. */
  | { readonly event: "created"; readonly spec: Record<string, unknown>; readonly at: string }
  /** An entrant's first session said which tasks it plays; empty: any. */
  | { readonly event: "declared"; readonly entrant: string; readonly tasks: readonly string[] }
  | ({ readonly event: "forfeited"; readonly task: string; readonly entrant: string } & Forfeit)
  /** All that was played is in the log's shards. */
  | ({ readonly event: "finished" } & FinalCounts);

/** Of a tournament that is over. */
export interface FinalCounts {
  readonly matches: number;
  /** Trials. */
  readonly forfeits: number;
  readonly steps: number;
}

/** The journal of one tournament. */
export interface Journal {
  /** Adds an event. Never waits. */
  append(event: JournalEvent): void;
  /** Resolves once every event so far is durable. @throws LOG_UNWRITABLE */
  durable(): Promise<void>;
}

const folderOf = (dataDir: string) => join(dataDir, "tournaments");

/**
 * The journal of a tournament, in the order in which it is written. Its file is made with the first event.
 *
 * @param mayWrite throws where another process has taken the folder over: its journal is not ours any more
 */
export function openJournal(dataDir: string, id: string, mayWrite: () => void): Journal {
  const path = join(folderOf(dataDir), `${id}.jsonl`);
  let waiting: string[] = [];
  let writing: Promise<void> = Promise.resolve();
  let failure: IcrlError | undefined;

  /** What cannot be written waits for the next attempt, which every event and every question makes. */
  async function write(): Promise<void> {
    if (waiting.length === 0) return;
    const lines = waiting;
    waiting = [];
    try {
      mayWrite();
      makeFolders(folderOf(dataDir));
      const isNew = !existsSync(path);
      await appendWhole(path, lines.join(""));
      if (isNew) fsyncFolder(folderOf(dataDir));
      failure = undefined;
    } catch (error) {
      waiting = [...lines, ...waiting];
      failure = new IcrlError("LOG_UNWRITABLE", `${path} cannot be written (${(error as Error).message})`);
    }
  }

  return {
    append(event) {
      waiting.push(`${JSON.stringify(event)}\n`);
      writing = writing.then(write);
    },
    async durable() {
      writing = writing.then(write);
      await writing;
      if (failure !== undefined) throw failure;
    },
  };
}

/** Appends all of it, durably, or nothing: half a line would be damage once others follow it. */
async function appendWhole(path: string, text: string): Promise<void> {
  const file = await open(path, "a");
  try {
    const { size } = await file.stat();
    try {
      await file.appendFile(text);
      await file.datasync();
    } catch (error) {
      await file.truncate(size);
      throw error;
    }
  } finally {
    await file.close();
  }
}

/** What a journal says. */
export interface JournalRecord {
  readonly id: string;
  readonly spec: TournamentSpec;
  readonly declared: ReadonlyMap<string, readonly string[]>;
  readonly forfeits: readonly ({ readonly task: string; readonly entrant: string } & Forfeit)[];
  /** Undefined while it is not. */
  readonly finished: FinalCounts | undefined;
}

/**
 * Every tournament that a folder knows of, oldest first. What a crash left of a last line is cut off.
 *
 * @throws LOG_CORRUPT if a line is not what was written
 */
export function readJournals(dataDir: string): JournalRecord[] {
  const folder = folderOf(dataDir);
  if (!existsSync(folder)) return [];
  const records = readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readJournal(join(folder, name), name.slice(0, -".jsonl".length)));
  return records.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).map(({ record }) => record);
}

/** Nothing where the crash came before the first line was whole: nobody was told of that tournament. */
function readJournal(path: string, id: string): { at: string; record: JournalRecord }[] {
  const text = readFileSync(path, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
  const events = whole
    .split("\n")
    .slice(0, -1)
    .map((line, i): JournalEvent => {
      try {
        return JSON.parse(line) as JournalEvent;
      } catch {
        throw new IcrlError("LOG_CORRUPT", `${path}, line ${i + 1} is not JSON: restore it from a backup`, {
          file: path,
        });
      }
    });
  const [created] = events;
  if (created === undefined) return [];
  if (created.event !== "created") {
    throw new IcrlError("LOG_CORRUPT", `${path} does not begin with "created": restore it from a backup`, {
      file: path,
    });
  }
  const record = {
    id,
    spec: { ...created.spec, seed: BigInt(created.spec.seed as string) } as unknown as TournamentSpec,
    declared: new Map(events.flatMap((event) => (event.event === "declared" ? [[event.entrant, event.tasks]] : []))),
    forfeits: events.flatMap((event) => (event.event === "forfeited" ? [event] : [])),
    finished: events.find((event) => event.event === "finished"),
  };
  return [{ at: created.at, record }];
}
