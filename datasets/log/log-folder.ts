/**
 * The layout of a log's folder:
 *
 *   data/trajectories-<first>.parquet   shards; `first` is the number, from 0, of its first episode in the whole log
 *   log/<first>.<epoch>.segment         episodes that are durable but not yet in a shard, by the writer of that epoch
 *   log/<first>.<epoch>.segment.corrupt a segment with damage in its middle, kept for inspection
 *   log/shards.jsonl                    the manifest: a line for each shard, and for what each writer found and left
 *   log/*.parquet.<epoch>.tmp           a shard being written
 *   log/lock-<epoch>                    who writes, and how many episodes it has acknowledged
 *   access/                             tokens and the audit log of a server that asks for tokens
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { type DocumentKind, type Parts, parseDocument, readText, schemaOf } from "../files/document.js";

const DIGITS = 12;
/** The greatest number of an episode, or of an epoch, that names can hold; some of it is left to be counted on from. */
const MAX_NUMBER = 10 ** (DIGITS - 1);

/** A shard or segment among its like. */
export interface LogFile {
  readonly path: string;
  /** File name without its folder. */
  readonly name: string;
  /** Number, from 0, of its first episode in the whole log. */
  readonly first: number;
}

/** A segment among its like. */
export interface SegmentFile extends LogFile {
  /** Its writer's. */
  readonly epoch: number;
}

/** A line of the manifest that is about a shard. */
export interface ShardEntry {
  /** Name in data/. */
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Names of the shards that it took the place of, its own included; absent when it was rolled from a segment. */
  readonly replaces?: readonly string[];
  /** Of the writer of this line; absent in lines of earlier versions. */
  readonly epoch?: number;
  /** Whether episodes behind its last are lost: its segment was damaged, and kept. */
  readonly damaged?: true;
}

/**
 * A line of the manifest that is about a writer. The first of an epoch says that the log is that writer's: lines that writers before it
 * append later do not count. The others say how many episodes the log had when it was put right, and when it was closed.
 */
export interface WriterEntry {
  readonly epoch: number;
  /** Episodes that were acknowledged: every number below is in a shard or a segment. */
  readonly episodes?: number;
}

/** What a manifest says. */
export interface Manifest {
  /** Every line about a shard, oldest first. */
  readonly shards: readonly ShardEntry[];
  /** Every line about a writer, oldest first. */
  readonly writers: readonly WriterEntry[];
}

/** Folder of the shards. */
export const dataFolder = (dir: string): string => join(dir, "data");
/** Folder of everything that is not a shard. */
export const logFolder = (dir: string): string => join(dir, "log");
/** The manifest. */
export const manifestPath = (dir: string): string => join(dir, "log", "shards.jsonl");
/** Name of the shard whose first episode has number `first`. */
export const shardName = (first: number): string => `trajectories-${String(first).padStart(DIGITS, "0")}.parquet`;
/** Number of the first episode of a shard, from its name. */
export const firstOf = (name: string): number => Number(/\d+/.exec(name)?.[0]);
/** The segment of a writer whose first episode has number `first`. */
export const segmentPath = (dir: string, first: number, epoch: number): string =>
  join(dir, "log", `${String(first).padStart(DIGITS, "0")}.${epoch}.segment`);

/** @throws LOG_CORRUPT if something else than a file has the name of one */
function listFiles(folder: string, pattern: RegExp): SegmentFile[] {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) {
    throw new IcrlError("LOG_CORRUPT", `${folder} is no folder: move it away, or restore it from a backup`, { folder });
  }
  const files: SegmentFile[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const match = pattern.exec(entry.name);
    if (match === null) continue;
    const path = join(folder, entry.name);
    if (!entry.isFile() && statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
      const text = `${path} is no file, and has the name of one: remove it, or restore it from a backup`;
      throw new IcrlError("LOG_CORRUPT", text, { file: path });
    }
    files.push({ path, name: entry.name, first: Number(match[1]), epoch: Number(match[2] ?? 0) });
  }
  return files.sort((a, b) => a.first - b.first || a.epoch - b.epoch);
}

/** The shards, in log order. */
export const listShards = (dir: string): LogFile[] => listFiles(dataFolder(dir), /^trajectories-(\d{12})\.parquet$/);
/** The segments, in log order; those of earlier versions have epoch 0, and no number of it in their names. */
export const listSegments = (dir: string): SegmentFile[] =>
  listFiles(logFolder(dir), /^(\d{12})(?:\.(\d{1,12}))?\.segment$/);
/** Segments that were kept because their middle is damaged. */
export const listCorruptSegments = (dir: string): LogFile[] =>
  listFiles(logFolder(dir), /^(\d{12})(?:\.(\d{1,12}))?\.segment\.corrupt/);

/**
 * Every line of the manifest that counts, oldest first, without a last line that was not finished.
 * @throws LOG_CORRUPT if a finished line is not what was written
 */
export function readManifest(dir: string): Manifest {
  const path = manifestPath(dir);
  const shards: ShardEntry[] = [];
  const writers: WriterEntry[] = [];
  if (!existsSync(path)) return { shards, writers };
  const lines = readText(path, MANIFEST).split("\n").slice(0, -1);
  let current = 0;
  for (const [index, line] of lines.entries()) {
    const entry = parseDocument(line, `${path}, line ${index + 1}`, MANIFEST);
    const { epoch = 0 } = entry;
    if (epoch < current) continue; // by a writer that had been replaced and did not know
    current = epoch;
    if ("file" in entry) shards.push(entry);
    else writers.push(entry);
  }
  return { shards, writers };
}

/** The greatest epoch that a manifest knows of; 0 where no writer has one. */
export const epochOf = ({ writers }: Manifest): number => writers.at(-1)?.epoch ?? 0;

/** Episodes that a manifest says were acknowledged, at least. */
export function episodesOf({ shards, writers }: Manifest): number {
  let episodes = 0;
  // Lines whose shard was replaced count too: a number that was given once is not given again.
  for (const { file, rows } of shards) episodes = Math.max(episodes, firstOf(file) + rows);
  for (const writer of writers) episodes = Math.max(episodes, writer.episodes ?? 0);
  return episodes;
}

/** Most rows of a segment that count: what its writer wrote after the next one had put the log right was never acknowledged. */
export function rowsThatCount({ writers }: Manifest, { first, epoch }: SegmentFile): number {
  const next = writers.find((writer) => writer.epoch > epoch && writer.episodes !== undefined);
  return next?.episodes === undefined ? Number.POSITIVE_INFINITY : Math.max(0, next.episodes - first);
}

function entryDocument({ z, count, sha256, list, matching }: Parts) {
  // A path in it would be read, and what a line replaces is deleted.
  const file = matching(/^trajectories-\d{12}\.parquet$/, "a shard's name, trajectories-000000000000.parquet say");
  // A name has so many digits: whoever wrote on behind a greater number could not be found again.
  const number = count.refine((value) => value <= MAX_NUMBER, `a whole number of at most ${MAX_NUMBER}`);
  return z.union([
    z
      .object({
        file,
        rows: number,
        bytes: count,
        sha256,
        replaces: z.optional(list(file)),
        epoch: z.optional(number),
        damaged: z.optional(z.literal(true)),
      })
      .refine((entry) => firstOf(entry.file) + entry.rows <= MAX_NUMBER, `episodes below number ${MAX_NUMBER}`),
    z.object({ epoch: number, episodes: z.optional(number) }),
  ]);
}

const MANIFEST: DocumentKind<ShardEntry | WriterEntry> = {
  schema: schemaOf<ShardEntry | WriterEntry>()(entryDocument),
  reason: "LOG_CORRUPT",
  remedy: "restore it from a backup",
};

/** What the manifest says is there: shards by name, those that were replaced left out. */
export function liveShards(entries: readonly ShardEntry[]): Map<string, ShardEntry> {
  const live = new Map<string, ShardEntry>();
  for (const entry of entries) {
    for (const replaced of entry.replaces ?? []) live.delete(replaced);
    live.set(entry.file, entry);
  }
  return live;
}

/** What a log's writer leaves outside data/: folder, and names that no other program gives. */
const WRITERS_FILES = [
  ["tournaments", /^[0-9a-f]{32}\.jsonl$/],
  [
    "log",
    /^(\d{12}(\.\d+)?\.segment(\.corrupt(-\d+)?)?|trajectories-\d{12}\.parquet(\.\d+)?\.tmp|probe|lock([-.].+)?|shards\.jsonl)$/,
  ],
] as const;

/** Of those, what a folder of somebody else may have, too. */
const COMMON = /\/(probe|lock\..+)$/;

/** Whether a log's writer has left something in a folder. One that recorded nothing leaves no file, and so no log. */
export const isLog = (dir: string): boolean =>
  writersFiles(dir).some((file) => !COMMON.test(file)) || hasTokens(join(dir, "access"));

/** Tokens are there before their server is. They are no part of the log: what it leaves is removed without them. */
const hasTokens = (folder: string): boolean =>
  statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true &&
  readdirSync(folder).some((name) => /^token-[0-9a-f]{8}\.json$/.test(name));

/** Files of a log, below its folder, with forward slashes: what says that it is one comes last. */
export const logFiles = (dir: string): string[] => [
  ...listShards(dir).map(({ name }) => `data/${name}`),
  ...writersFiles(dir),
];

function writersFiles(dir: string): string[] {
  return WRITERS_FILES.flatMap(([folder, pattern]) => {
    if (statSync(join(dir, folder), { throwIfNoEntry: false })?.isDirectory() !== true) return [];
    const entries = readdirSync(join(dir, folder), { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isFile() && pattern.test(entry.name) ? [`${folder}/${entry.name}`] : []));
  });
}

/** @throws NOT_A_LOG if the folder has neither shards nor a log's own folder */
export function requireLog(dir: string): void {
  if (existsSync(logFolder(dir)) || listShards(dir).length > 0) return;
  throw new IcrlError("NOT_A_LOG", `${dir} is no log: give a folder that has data/trajectories-*.parquet`, {
    folder: dir,
  });
}
