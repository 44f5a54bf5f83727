/**
 * Many tiny shards to one. The new shard has the first one's name, so that an episode's number, `first` of its shard plus its
 * row, stays what it was. The manifest's line decides: once it is durable the replacement is completed, now or at the next open.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readParquet } from "parquet-wasm";
import { fsyncFolder } from "../../datasets/durable-file.js";
import {
  dataFolder,
  listSegments,
  listShards,
  liveShards,
  logFolder,
  readManifest,
  type ShardEntry,
} from "../../datasets/log-folder.js";
import { MAX_SHARD_BYTES, readRegularFile } from "../../datasets/read-file.js";
import { appendToManifest } from "./manifest.js";
import { joinStreams, placeShard, temporaryPath, writeShard } from "./shard-file.js";

/** Shards below this size are worth joining. */
const TINY_BYTES = 1 << 20;
/** About the most bytes of what they are joined to. */
const JOINED_BYTES = 8 << 20;
/** Fewer are left alone, so that opening and closing often does not rewrite the same rows each time. */
const FEWEST = 8;

/** Joins runs of tiny shards; returns how many files there are fewer. Nothing is done while segments wait to be rolled. */
export function compactShards(dir: string): number {
  if (listSegments(dir).length > 0) return 0;
  const live = liveShards(readManifest(dir));
  let removed = 0;
  let group: ShardEntry[] = [];
  let groupBytes = 0;
  const joinGroup = () => {
    if (group.length >= FEWEST) {
      joinShards(dir, group);
      removed += group.length - 1;
    }
    group = [];
    groupBytes = 0;
  };
  for (const { name } of listShards(dir)) {
    const entry = live.get(name);
    if (entry === undefined || entry.bytes >= TINY_BYTES || groupBytes + entry.bytes > JOINED_BYTES) joinGroup();
    if (entry === undefined || entry.bytes >= TINY_BYTES) continue;
    group.push(entry);
    groupBytes += entry.bytes;
  }
  joinGroup();
  return removed;
}

function joinShards(dir: string, group: readonly ShardEntry[]): void {
  const streams = group.map((entry) => {
    const bytes = readRegularFile(join(dataFolder(dir), entry.file), MAX_SHARD_BYTES);
    // A damaged shard must not be laundered into a new one with a good hash.
    if (sha256(bytes) !== entry.sha256) return undefined;
    return readParquet(bytes).intoIPCStream();
  });
  if (streams.some((stream) => stream === undefined)) return;
  const rows = group.reduce((sum, entry) => sum + entry.rows, 0);
  const name = group[0].file;
  const written = writeShard(dir, name, rows, joinStreams(streams as Uint8Array[]));
  const entry = { ...written, replaces: group.map((e) => e.file) };
  appendToManifest(dir, entry);
  completeReplacement(dir, entry);
}

function completeReplacement(dir: string, entry: ShardEntry): void {
  const written = temporaryPath(dir, entry.file);
  if (existsSync(written) && sha256(readRegularFile(written, MAX_SHARD_BYTES)) === entry.sha256)
    placeShard(dir, entry.file);
  for (const name of entry.replaces ?? [])
    if (name !== entry.file) rmSync(join(dataFolder(dir), name), { force: true });
  fsyncFolder(dataFolder(dir));
}

/** Completes a replacement that was interrupted, and deletes what interrupted writes left behind. */
export function finishCompaction(dir: string): void {
  const last = readManifest(dir).at(-1);
  if (last?.replaces !== undefined) completeReplacement(dir, last);
  for (const name of readdirSync(logFolder(dir))) if (name.endsWith(".parquet.tmp")) rmSync(join(logFolder(dir), name));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
