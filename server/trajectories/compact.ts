/**
 * Many tiny shards to one. The new shard has the first one's name, so that an episode's number, `first` of its shard plus its
 * row, stays what it was. The manifest's line decides: once it is durable the replacement is completed, now or at the next open.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fsyncFolder, hashOf } from "../../datasets/files/durable-file.js";
import { joinStreams } from "../../datasets/files/join-streams.js";
import { parquetWasm } from "../../datasets/files/parquet-wasm.js";
import { MAX_SHARD_BYTES, readRegularFile } from "../../datasets/files/read-file.js";
import {
  dataFolder,
  listSegments,
  liveShards,
  logFolder,
  readManifest,
  type ShardEntry,
} from "../../datasets/log/log-folder.js";
import { currentStreams, type NamedStream } from "./current-streams.js";
import { appendToManifest } from "./manifest.js";
import { type LogWriter, mustHold } from "./roll.js";
import { replaceShard, temporaryPath, writeShard } from "./shard-file.js";
import { tinyShards } from "./tiny-shards.js";

/**
 * Joins runs of tiny shards; returns how many files there are fewer. Nothing is done while segments wait to be rolled.
 * @throws LOG_LOCKED if another has taken the log
 */
export async function compactShards(dir: string, writer: LogWriter): Promise<number> {
  if (listSegments(dir).length > 0) return 0;
  let removed = 0;
  for (const group of tinyShards(dir)) {
    await joinShards(dir, group, writer);
    removed += group.length - 1;
  }
  return removed;
}

async function joinShards(dir: string, group: readonly ShardEntry[], writer: LogWriter): Promise<void> {
  const read: NamedStream[] = [];
  for (const { file, sha256 } of group) {
    const bytes = readRegularFile(join(dataFolder(dir), file), MAX_SHARD_BYTES);
    // A damaged shard must not be laundered into a new one with a good hash.
    if (hashOf(bytes) !== sha256) return;
    read.push({ stream: parquetWasm().readParquet(bytes).intoIPCStream(), file });
  }
  const streams = await currentStreams(read);
  const rows = group.reduce((sum, entry) => sum + entry.rows, 0);
  const name = group[0].file;
  const written = writeShard(dir, name, rows, joinStreams(streams), writer.epoch);
  const damaged = group.at(-1)?.damaged;
  const entry = { ...written, replaces: group.map((e) => e.file), ...(damaged === undefined ? {} : { damaged }) };
  mustHold(writer.claim);
  appendToManifest(dir, entry);
  mustHold(writer.claim); // else the line may not count; if it does, whoever has the log completes it
  completeReplacement(dir, entry);
}

function completeReplacement(dir: string, entry: ShardEntry): void {
  const written = temporaryPath(dir, entry.file, entry.epoch);
  if (existsSync(written) && hashOf(readRegularFile(written, MAX_SHARD_BYTES)) === entry.sha256) {
    replaceShard(dir, entry.file, entry.epoch);
  }
  for (const name of entry.replaces ?? [])
    if (name !== entry.file) rmSync(join(dataFolder(dir), name), { force: true });
  fsyncFolder(dataFolder(dir));
}

/** Completes a replacement that was interrupted, and deletes what interrupted writes and replaced writers left behind. */
export function finishCompaction(dir: string): void {
  const { shards } = readManifest(dir);
  const last = shards.at(-1);
  if (last?.replaces !== undefined) completeReplacement(dir, last);
  const live = liveShards(shards);
  for (const { replaces = [] } of shards) {
    for (const name of replaces) if (!live.has(name)) rmSync(join(dataFolder(dir), name), { force: true });
  }
  for (const name of readdirSync(logFolder(dir))) {
    if (/\.parquet(\.\d+)?\.tmp$/.test(name)) rmSync(join(logFolder(dir), name), { force: true });
  }
}
