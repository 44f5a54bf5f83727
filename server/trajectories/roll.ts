/**
 * Segment to shard. Every step can be interrupted and done again: the shard has the segment's number, so that it takes its own
 * place; the segment is deleted last.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import { readManifest, segmentPath, shardName } from "../../datasets/log-folder.js";
import { appendToManifest } from "./manifest.js";
import { readSegment } from "./segment-file.js";
import { joinStreams, placeShard, writeShard } from "./shard-file.js";

/** What became of a segment. */
export interface RollResult {
  readonly rows: number;
  readonly bytes: number;
  /** Bytes in the segment's middle that are not what was written; the segment was kept as `*.segment.corrupt`. */
  readonly damagedBytes: number;
}

/** Rolls the segment whose first episode has number `first`; nothing is done when there is no such segment. */
export function rollSegment(dir: string, first: number): RollResult {
  const path = segmentPath(dir, first);
  if (!existsSync(path)) return { rows: 0, bytes: 0, damagedBytes: 0 };
  const scan = readSegment(path);
  const name = shardName(first);
  let entry = readManifest(dir).find((e) => e.file === name);
  if (entry === undefined && scan.rows > 0) {
    entry = writeShard(dir, name, scan.rows, joinStreams(scan.frames.map((frame) => frame.payload)));
    placeShard(dir, name);
    appendToManifest(dir, entry);
  }
  if (scan.damaged.length > 0) renameSync(path, freeName(`${path}.corrupt`));
  else rmSync(path);
  const damagedBytes = scan.damaged.reduce((sum, range) => sum + range.to - range.from, 0);
  return { rows: scan.rows, bytes: entry?.bytes ?? 0, damagedBytes };
}

function freeName(wanted: string): string {
  let name = wanted;
  for (let i = 1; existsSync(name); i += 1) name = `${wanted}-${i}`;
  return name;
}
