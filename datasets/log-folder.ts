/**
 * The layout of a log's folder:
 *
 *   data/trajectories-<first>.parquet   shards; `first` is the number, from 0, of its first episode in the whole log
 *   log/<first>.segment                 episodes that are durable but not yet in a shard
 *   log/<first>.segment.corrupt         a segment with damage in its middle, kept for inspection
 *   log/shards.jsonl                    one line per shard: file, rows, bytes, sha256, replaces
 *   log/*.parquet.tmp                   a shard being written
 *   log/lock                            who writes
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../common/errors.js";

const DIGITS = 12;

/** A shard or segment among its like. */
export interface LogFile {
  readonly path: string;
  /** File name without its folder. */
  readonly name: string;
  /** Number, from 0, of its first episode in the whole log. */
  readonly first: number;
}

/** A line of the manifest. */
export interface ShardEntry {
  /** Name in data/. */
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Names of the shards that it took the place of, its own included; absent when it was rolled from a segment. */
  readonly replaces?: readonly string[];
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
/** The segment whose first episode has number `first`. */
export const segmentPath = (dir: string, first: number): string =>
  join(dir, "log", `${String(first).padStart(DIGITS, "0")}.segment`);

function listFiles(folder: string, pattern: RegExp): LogFile[] {
  if (!existsSync(folder)) return [];
  const files: LogFile[] = [];
  for (const name of readdirSync(folder)) {
    const match = pattern.exec(name);
    if (match !== null) files.push({ path: join(folder, name), name, first: Number(match[1]) });
  }
  return files.sort((a, b) => a.first - b.first);
}

/** The shards, in log order. */
export const listShards = (dir: string): LogFile[] => listFiles(dataFolder(dir), /^trajectories-(\d+)\.parquet$/);
/** The segments, in log order. */
export const listSegments = (dir: string): LogFile[] => listFiles(logFolder(dir), /^(\d+)\.segment$/);
/** Segments that were kept because their middle is damaged. */
export const listCorruptSegments = (dir: string): LogFile[] => listFiles(logFolder(dir), /^(\d+)\.segment\.corrupt/);

/**
 * Every line of the manifest, oldest first, without a last line that was not finished.
 * @throws LOG_CORRUPT if a finished line is not JSON
 */
export function readManifest(dir: string): ShardEntry[] {
  const path = manifestPath(dir);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.slice(0, -1).map((line, index) => {
    try {
      return JSON.parse(line) as ShardEntry;
    } catch {
      throw new IcrlError("LOG_CORRUPT", `${path}, line ${index + 1} is not JSON: restore it from a backup`, {
        file: path,
      });
    }
  });
}

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
  ["log", /^(\d{12}\.segment(\.corrupt(-\d+)?)?|trajectories-\d{12}\.parquet\.tmp|probe|lock(\..+)?|shards\.jsonl)$/],
] as const;

/** Of those, what a folder of somebody else may have, too. */
const COMMON = /\/(probe|lock\..+)$/;

/** Whether a log's writer has left something in a folder. One that recorded nothing leaves no file, and so no log. */
export const isLog = (dir: string): boolean => writersFiles(dir).some((file) => !COMMON.test(file));

/** Files of a log, below its folder, with forward slashes: what says that it is one comes last. */
export const logFiles = (dir: string): string[] => [
  ...listShards(dir).map(({ name }) => `data/${name}`),
  ...writersFiles(dir),
];

function writersFiles(dir: string): string[] {
  return WRITERS_FILES.flatMap(([folder, pattern]) => {
    if (!existsSync(join(dir, folder))) return [];
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
