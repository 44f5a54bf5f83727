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
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../common/errors.js";
import { type DocumentKind, type Parts, parseDocument, readText, schemaOf } from "./document.js";

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

/** @throws LOG_CORRUPT if something else than a file has the name of one */
function listFiles(folder: string, pattern: RegExp): LogFile[] {
  if (!existsSync(folder)) return [];
  const files: LogFile[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const match = pattern.exec(entry.name);
    if (match === null) continue;
    const path = join(folder, entry.name);
    if (!entry.isFile() && !statSync(path, { throwIfNoEntry: false })?.isFile()) {
      const text = `${path} is no file, and has the name of one: remove it, or restore it from a backup`;
      throw new IcrlError("LOG_CORRUPT", text, { file: path });
    }
    files.push({ path, name: entry.name, first: Number(match[1]) });
  }
  return files.sort((a, b) => a.first - b.first);
}

/** The shards, in log order. */
export const listShards = (dir: string): LogFile[] => listFiles(dataFolder(dir), /^trajectories-(\d{1,15})\.parquet$/);
/** The segments, in log order. */
export const listSegments = (dir: string): LogFile[] => listFiles(logFolder(dir), /^(\d{1,15})\.segment$/);
/** Segments that were kept because their middle is damaged. */
export const listCorruptSegments = (dir: string): LogFile[] =>
  listFiles(logFolder(dir), /^(\d{1,15})\.segment\.corrupt/);

/**
 * Every line of the manifest, oldest first, without a last line that was not finished.
 * @throws LOG_CORRUPT if a finished line is not what was written
 */
export function readManifest(dir: string): ShardEntry[] {
  const path = manifestPath(dir);
  if (!existsSync(path)) return [];
  const lines = readText(path, MANIFEST).split("\n");
  return lines.slice(0, -1).map((line, index) => parseDocument(line, `${path}, line ${index + 1}`, MANIFEST));
}

function entryDocument({ z, count, sha256, matching }: Parts) {
  // A path in it would be read, and what a line replaces is deleted.
  const file = matching(/^trajectories-\d{1,15}\.parquet$/, "a shard's name, trajectories-000000000000.parquet say");
  return z.object({ file, rows: count, bytes: count, sha256, replaces: z.optional(z.array(file)) });
}

const MANIFEST: DocumentKind<ShardEntry> = {
  schema: schemaOf<ShardEntry>()(entryDocument),
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

/** @throws NOT_A_LOG if the folder has neither shards nor a log's own folder */
export function requireLog(dir: string): void {
  if (existsSync(logFolder(dir)) || listShards(dir).length > 0) return;
  throw new IcrlError("NOT_A_LOG", `${dir} is no log: give a folder that has data/trajectories-*.parquet`, {
    folder: dir,
  });
}
