/**
 * Segment to shard. Every step can be interrupted and done again: the shard has the segment's number, so that it takes its own
 * place; the segment is deleted last. Nor does it matter where a writer sleeps while another takes the log: what it wrote aside is
 * its own, no shard that is there is replaced, its line in the manifest does not count, and the segment stays.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hashOf } from "../../datasets/files/durable-file.js";
import { joinStreams } from "../../datasets/files/join-streams.js";
import { MAX_SHARD_BYTES, readRegularFile } from "../../datasets/files/read-file.js";
import {
  dataFolder,
  readManifest,
  rowsThatCount,
  type SegmentFile,
  type ShardEntry,
  shardName,
} from "../../datasets/log/log-folder.js";
import { currentStreams } from "./current-streams.js";
import { type Claim, isHeld, takenOver } from "./lock.js";
import { appendToManifest } from "./manifest.js";
import { readSegment } from "./segment-file.js";
import { placeShard, replaceShard, shardRows, writeShard } from "./shard-file.js";

/** Whoever holds the log. */
export interface LogWriter {
  readonly epoch: number;
  readonly claim: Claim;
}

/** What became of a segment. */
export interface RollResult {
  readonly rows: number;
  readonly bytes: number;
  /** Bytes in the segment's middle that are not what was written; the segment was kept as `*.segment.corrupt`. */
  readonly damagedBytes: number;
}

/** @throws LOG_LOCKED if another has taken the log */
export function mustHold(claim: Claim): void {
  if (!isHeld(claim)) throw takenOver(claim);
}

/**
 * Rolls a segment; nothing is done when it is not there.
 * @throws LOG_LOCKED if another has taken the log
 */
export async function rollSegment(dir: string, segment: SegmentFile, writer: LogWriter): Promise<RollResult> {
  const { path } = segment;
  const name = shardName(segment.first);
  const manifest = readManifest(dir);
  let entry = manifest.shards.find((e) => e.file === name);
  const scan = readSegment(path, rowsThatCount(manifest, segment));
  if (scan === undefined) {
    // Rolled by a writer that was replaced before its line was in the manifest.
    if (entry === undefined && existsSync(join(dataFolder(dir), name))) enterShard(dir, name, writer);
    return { rows: 0, bytes: 0, damagedBytes: 0 };
  }
  const damagedBytes = scan.damaged.reduce((sum, range) => sum + range.to - range.from, 0);
  if (entry === undefined && scan.rows > 0) {
    const payloads = scan.frames.map(({ payload }) => ({ stream: payload, file: path }));
    const streams = await currentStreams(payloads);
    entry = writeShard(dir, name, scan.rows, joinStreams(streams), writer.epoch);
    if (damagedBytes > 0) entry = { ...entry, damaged: true };
    mustHold(writer.claim);
    placeOrReplace(dir, name, writer);
    appendToManifest(dir, entry);
  }
  mustHold(writer.claim); // else the line may not count, and whoever has the log needs the segment
  if (damagedBytes > 0) renameSync(path, freeName(`${path}.corrupt`));
  else rmSync(path, { force: true });
  return { rows: scan.rows, bytes: entry?.bytes ?? 0, damagedBytes };
}

/** A shard that is there and not in the manifest was placed by somebody who came no further: it is this one, or half of it. */
function placeOrReplace(dir: string, name: string, { epoch, claim }: LogWriter): void {
  try {
    placeShard(dir, name, epoch);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    mustHold(claim);
    replaceShard(dir, name, epoch);
  }
}

function enterShard(dir: string, name: string, { epoch, claim }: LogWriter): void {
  const path = join(dataFolder(dir), name);
  const bytes = readRegularFile(path, MAX_SHARD_BYTES);
  const entry: ShardEntry = { file: name, rows: shardRows(path), bytes: bytes.length, sha256: hashOf(bytes), epoch };
  mustHold(claim);
  appendToManifest(dir, entry);
}

function freeName(wanted: string): string {
  let name = wanted;
  for (let i = 1; existsSync(name); i += 1) name = `${wanted}-${i}`;
  return name;
}
