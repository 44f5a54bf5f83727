/** What an interrupted writer left behind, put right before a log is written again. */
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, rmSync } from "node:fs";
import { firstOf, listSegments, listShards, readManifest } from "../../datasets/log-folder.js";
import { finishCompaction } from "./compact.js";
import { shardRows } from "./count-episodes.js";
import { repairManifest } from "./manifest.js";
import { scanSegment } from "./segment-file.js";

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
    const scan = scanSegment(readFileSync(path));
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

function cutOff(path: string, length: number): void {
  const fd = openSync(path, "r+");
  try {
    ftruncateSync(fd, length);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
