/** What an interrupted writer left behind, put right before a log is written again. */
import { closeSync, constants, fsyncSync, ftruncateSync, openSync, rmSync } from "node:fs";
import {
  episodesOf,
  listSegments,
  listShards,
  readManifest,
  rowsThatCount,
  type SegmentFile,
} from "../../datasets/log/log-folder.js";
import { finishCompaction } from "./compact.js";
import type { FolderLock } from "./lock.js";
import { appendToManifest, repairManifest } from "./manifest.js";
import { readSegment } from "./segment-file.js";
import { shardRows } from "./shard-file.js";

/** What was found. */
export interface Recovered {
  /** Number, from 0, of the next episode. */
  readonly next: number;
  /** Episodes at the log's end that were acknowledged and are not there. */
  readonly lost: number;
  /** Bytes of interrupted writes that were cut off. */
  readonly tornBytes: number;
  /** Segments to roll. */
  readonly segments: readonly SegmentFile[];
}

/** Puts a log right whose lock is held. */
export function recoverLog(
  dir: string,
  { epoch, countedBefore }: Pick<FolderLock, "epoch" | "countedBefore">,
): Recovered {
  repairManifest(dir);
  appendToManifest(dir, { epoch }); // before anything is read: what a replaced writer appends from here on does not count
  finishCompaction(dir);
  const manifest = readManifest(dir);
  const listed = new Set(manifest.shards.map(({ file }) => file));
  const acknowledged = Math.max(episodesOf(manifest), countedBefore);
  let found = manifest.shards.length === 0 ? 0 : episodesOf({ ...manifest, writers: [] });
  let tornBytes = 0;
  const segments: SegmentFile[] = [];
  // Segments before shards: what a replaced writer's thread takes away meanwhile is in a shard by then.
  for (const segment of listSegments(dir)) {
    const scan = readSegment(segment.path, rowsThatCount(manifest, segment));
    if (scan === undefined) continue;
    if (scan.tornBytes > 0) cutOff(segment.path, scan.goodBytes);
    tornBytes += scan.tornBytes;
    if (scan.goodBytes === 0) {
      rmSync(segment.path, { force: true });
      continue;
    }
    found = Math.max(found, segment.first + scan.rows);
    segments.push(segment);
  }
  for (const { name, path, first } of listShards(dir)) {
    if (!listed.has(name)) found = Math.max(found, first + shardRows(path));
  }
  const next = Math.max(found, acknowledged);
  appendToManifest(dir, { epoch, episodes: next });
  return { next, lost: next - found, tornBytes, segments };
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
