/** What an interrupted writer left behind, put right before a log is written again. */
import { closeSync, constants, fsyncSync, ftruncateSync, openSync, rmSync } from "node:fs";
import { readParquet } from "parquet-wasm";
import { IcrlError } from "../../common/errors.js";
import { firstOf, listSegments, listShards, readManifest } from "../../datasets/log-folder.js";
import { MAX_SHARD_BYTES, readRegularFile } from "../../datasets/read-file.js";
import { finishCompaction } from "./compact.js";
import { repairManifest } from "./manifest.js";
import { readSegment } from "./segment-file.js";

/** What was found. */
export interface Recovered {
  /** Number, from 0, of the next episode. */
  readonly next: number;
  /** Bytes of interrupted writes that were cut off. */
  readonly tornBytes: number;
  /** Segments to roll: the numbers of their first episodes. */
  readonly segments: readonly number[];
}

/** Puts a log right whose lock is held. */
export function recoverLog(dir: string): Recovered {
  repairManifest(dir);
  finishCompaction(dir);
  // Lines whose shard was replaced count too: a number that was given once is not given again.
  const entries = new Map(readManifest(dir).map((entry) => [entry.file, entry]));
  let next = 0;
  for (const [file, { rows }] of entries) next = Math.max(next, firstOf(file) + rows);
  for (const { name, path, first } of listShards(dir)) {
    if (!entries.has(name)) next = Math.max(next, first + shardRows(path));
  }
  let tornBytes = 0;
  const segments: number[] = [];
  for (const { path, first } of listSegments(dir)) {
    const scan = readSegment(path);
    if (scan.tornBytes > 0) cutOff(path, scan.goodBytes);
    tornBytes += scan.tornBytes;
    if (scan.goodBytes === 0) {
      rmSync(path);
      continue;
    }
    next = Math.max(next, first + scan.rows);
    segments.push(first);
  }
  return { next, tornBytes, segments };
}

function shardRows(path: string): number {
  try {
    return readParquet(readRegularFile(path, MAX_SHARD_BYTES), { columns: ["length"] })
      .recordBatches()
      .reduce((sum, batch) => sum + batch.numRows, 0);
  } catch (error) {
    const text = `${path} cannot be read (${(error as Error).message}): restore it from a backup`;
    throw new IcrlError("LOG_CORRUPT", text, { file: path });
  }
}

function cutOff(path: string, length: number): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    ftruncateSync(fd, length);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
