/**
 * What the log of trajectories does not tell of a tournament: that it exists, what its entrants play, who forfeited what, and that it
 * is over. `<data>/tournaments/<id>.jsonl`, a line an event; with the log it is all that a tournament needs to go on after a crash.
 */
import { closeSync, constants, existsSync, ftruncateSync, openSync, readdirSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { IcrlError, REASONS, type Reason } from "../../common/errors.js";
import { type SnakeCased, toSnakeCase } from "../../common/snake-case.js";
import {
  checkDocument,
  type DocumentKind,
  type Parts,
  parseDocument,
  readText,
  schemaOf,
} from "../../datasets/files/document.js";
import { fsyncFolder } from "../../datasets/files/durable-file.js";
import { makeFolders } from "../../datasets/files/make-folders.js";
import { PRIVATE_FILE, PRIVATE_FOLDER } from "../../datasets/files/private.js";
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import type { Forfeit } from "./match.js";

/** One event. */
export type JournalEvent =
  /**
   * The first line. `spec.seed` is a decimal string, `seedKey` hexadecimal digits, absent where there is none. `from` is the number of the
   * log's first episode that can be one of it: those before, of a tournament of the same spec that was deleted, are not. `owner` is the
   * hash of a key, `token` the id of the token by which it was created.
   */
  | {
      readonly event: "created";
      readonly spec: Record<string, unknown>;
      readonly seedKey?: string;
      readonly at: string;
      readonly from?: number;
      readonly owner?: string;
      readonly token?: string;
    }
  /** An entrant's first session said which tasks it plays; empty: any. */
  | { readonly event: "declared"; readonly entrant: string; readonly tasks: readonly string[] }
  /** An entrant is known by the key of this hash from now on. */
  | { readonly event: "keyed"; readonly entrant: string; readonly hash: string }
  | ({ readonly event: "forfeited"; readonly task: string; readonly entrant: string } & Forfeit)
  /** An agent left a trial in its midst: what was taken in it is taken again by whoever goes on. */
  | ({ readonly event: "left" } & LeftTrial)
  /** Ended before it was over, for good. */
  | { readonly event: "cancelled"; readonly at: string }
  /** All that was played is in the log's shards. */
  | ({ readonly event: "finished" } & FinalCounts);

/** A trial that an agent left. */
export interface LeftTrial {
  readonly task: string;
  readonly entrant: string;
  readonly trial: number;
  /** Actions, episode after episode. */
  readonly taken: readonly number[];
}

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
  /** Removes its file, durably, and writes nothing more. @throws LOG_UNWRITABLE */
  remove(): Promise<void>;
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
  let removed = false;

  /** Whether its name is durable: a first write may have made the file and failed. */
  let named = false;

  /** What cannot be written waits for the next attempt, which every event and every question makes. */
  async function write(): Promise<void> {
    if (waiting.length === 0 || removed) return;
    const lines = waiting;
    waiting = [];
    try {
      mayWrite();
      makeFolders(folderOf(dataDir), PRIVATE_FOLDER);
      await appendWhole(path, lines.join(""));
      if (!named) fsyncFolder(folderOf(dataDir));
      named = true;
      failure = undefined;
    } catch (error) {
      waiting = [...lines, ...waiting];
      failure = new IcrlError("LOG_UNWRITABLE", `${path} cannot be written (${(error as Error).message})`);
    }
  }

  async function removeFile(): Promise<void> {
    try {
      mayWrite();
      await rm(path, { force: true });
      fsyncFolder(folderOf(dataDir));
    } catch (error) {
      removed = false;
      throw new IcrlError("LOG_UNWRITABLE", `${path} cannot be removed (${(error as Error).message})`);
    }
  }

  return {
    append(event) {
      waiting.push(`${JSON.stringify(toSnakeCase(event))}\n`);
      writing = writing.then(write);
    },
    async durable() {
      writing = writing.then(write);
      await writing;
      if (failure !== undefined) throw failure;
    },
    async remove() {
      await writing;
      removed = true;
      await removeFile();
    },
  };
}

/** Appends all of it, durably, or nothing: half a line would be damage once others follow it. */
async function appendWhole(path: string, text: string): Promise<void> {
  const file = await open(path, "a", PRIVATE_FILE);
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
  /** Empty: none. */
  readonly seedKey: string;
  readonly declared: ReadonlyMap<string, readonly string[]>;
  readonly forfeits: readonly ({ readonly task: string; readonly entrant: string } & Forfeit)[];
  /** In the order in which they were left. */
  readonly left: readonly LeftTrial[];
  /** Hashes of entrants' keys. */
  readonly keys: ReadonlyMap<string, string>;
  /** Undefined while it is not. */
  readonly finished: FinalCounts | undefined;
  readonly cancelled: boolean;
  /** Number of the log's first episode that can be one of it. */
  readonly from: number;
  /** Hash of its owner's key; undefined where it has none. */
  readonly owner: string | undefined;
  /** Id of the token by which it was created; undefined where it was by none. */
  readonly tokenId: string | undefined;
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

/**
 * What the journal of one tournament says; undefined where there is none.
 *
 * @throws LOG_CORRUPT if a line is not what was written
 */
export function readJournalOf(dataDir: string, id: string): JournalRecord | undefined {
  const path = join(folderOf(dataDir), `${id}.jsonl`);
  return existsSync(path) ? readJournal(path, id)[0]?.record : undefined;
}

/** Nothing where the crash came before the first line was whole: nobody was told of that tournament. */
function readJournal(path: string, id: string): { at: string; record: JournalRecord }[] {
  const text = readText(path, JOURNAL);
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) cutOff(path, Buffer.byteLength(whole));
  const events = whole
    .split("\n")
    .slice(0, -1)
    .map((line, i) => parseDocument(line, `${path}, line ${i + 1}`, JOURNAL));
  const [created] = events;
  if (created === undefined) return [];
  if (created.event !== "created") {
    throw new IcrlError("LOG_CORRUPT", `${path} does not begin with "created": restore it from a backup`, {
      file: path,
    });
  }
  const { seed, ...spec } = checkDocument(created.spec, `${path}, the spec of line 1`, SPEC);
  const record: JournalRecord = {
    id,
    spec: { ...spec, seed: BigInt(seed) } as TournamentSpec,
    seedKey: created.seed_key ?? "",
    declared: new Map(events.flatMap((event) => (event.event === "declared" ? [[event.entrant, event.tasks]] : []))),
    forfeits: events.flatMap((event) => (event.event === "forfeited" ? [event] : [])),
    left: events.flatMap((event) => (event.event === "left" ? [event] : [])),
    keys: new Map(events.flatMap((event) => (event.event === "keyed" ? [[event.entrant, event.hash]] : []))),
    finished: events.find((event) => event.event === "finished"),
    cancelled: events.some((event) => event.event === "cancelled"),
    from: created.from ?? 0,
    owner: created.owner,
    tokenId: created.token,
  };
  return [{ at: created.at, record }];
}

/** Cuts off what a crash left, of a file that is here. */
function cutOff(path: string, length: number): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    ftruncateSync(fd, length);
  } finally {
    closeSync(fd);
  }
}

/** An event as its line has it. */
type Line = JournalEvent extends infer E ? (E extends object ? SnakeCased<E> : never) : never;

function eventDocument({ z, count, name, text, list, options, sha256, seedKey, matching }: Parts) {
  return z.discriminatedUnion("event", [
    z.object({
      event: z.literal("created"),
      spec: options,
      seed_key: z.optional(seedKey),
      at: text(100),
      from: z.optional(count),
      owner: z.optional(sha256),
      token: z.optional(matching(/^[0-9a-f]{8}$/, "8 hexadecimal digits")),
    }),
    z.object({ event: z.literal("cancelled"), at: text(100) }),
    z.object({ event: z.literal("declared"), entrant: name, tasks: list(text()) }),
    z.object({ event: z.literal("keyed"), entrant: name, hash: z.string("a text") }),
    z.object({
      event: z.literal("forfeited"),
      task: name,
      entrant: name,
      reason: z.enum(Object.keys(REASONS) as [Reason, ...Reason[]]),
      message: z.string("a text"),
    }),
    z.object({ event: z.literal("left"), task: name, entrant: name, trial: count, taken: list(count) }),
    z.object({ event: z.literal("finished"), matches: count, forfeits: count, steps: count }),
  ]);
}

const DAMAGED = { reason: "LOG_CORRUPT", remedy: "restore it from a backup" } as const;

const JOURNAL: DocumentKind<Line> = { schema: schemaOf<Line>()(eventDocument), ...DAMAGED };

/** A spec as a journal has it. */
interface RecordedSpec {
  readonly name: string;
  readonly seed: string;
  readonly trials: number;
  readonly tasks: readonly {
    readonly id: string;
    readonly task: string;
    readonly options?: Options;
    readonly instances?: number;
  }[];
  readonly agents: readonly {
    readonly name: string;
    readonly agent: string;
    readonly options?: Options;
    readonly tasks: readonly string[];
  }[];
}

type Options = Readonly<Record<string, unknown>>;

function specDocument({ z, name, text, list, uint64, positive, options }: Parts) {
  return z.object({
    name: text(),
    seed: uint64,
    trials: positive,
    tasks: list(z.object({ id: name, task: text(), options: z.optional(options), instances: z.optional(positive) })),
    agents: list(z.object({ name, agent: text(), options: z.optional(options), tasks: list(name) })),
  });
}

const SPEC: DocumentKind<RecordedSpec> = { schema: schemaOf<RecordedSpec>()(specDocument), ...DAMAGED };
