/** What an interrupted writer left behind, put right before a log is written again. */
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, rmSync } from "node:fs";
import { contentOf } from "../../datasets/durable-file.js";
import {
  episodesOf,
  listSegments,
  listShards,
  readManifest,
  rowsThatCount,
  type SegmentFile,
} from "../../datasets/log-folder.js";
import { finishCompaction } from "./compact.js";
import type { FolderLock } from "./lock.js";
import { appendToManifest, repairManifest } from "./manifest.js";
import { scanSegment } from "./segment-file.js";
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
    const bytes = contentOf(segment.path);
    if (bytes === undefined) continue;
    const scan = scanSegment(bytes, rowsThatCount(manifest, segment));
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
    if (!listed.has(name)) found = Math.max(found, first + shardRows(readFileSync(path)));
  }
  const next = Math.max(found, acknowledged);
  appendToManifest(dir, { epoch, episodes: next });
  return { next, lost: next - found, tornBytes, segments };
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
