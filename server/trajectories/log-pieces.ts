/**
 * A log as a reader has it while it is written: shards, and segments that have yet to become one. Reading changes nothing in the folder, so
 * that however often somebody reads, the log has the files that its writer makes.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { readParquetFile } from "../../datasets/files/read-parquet.js";
import { batchRows } from "../../datasets/log/batch-rows.js";
import { columnsToDecode } from "../../datasets/log/earlier-schemas.js";
import {
  dataFolder,
  listSegments,
  listShards,
  type Manifest,
  manifestPath,
  readManifest,
  rowsThatCount,
  type SegmentFile,
  shardName,
} from "../../datasets/log/log-folder.js";
import type { NumberedRow } from "../../datasets/log/stream-trajectories.js";
import { trajectoryBatches } from "../../datasets/log/trajectory-batches.js";
import { readSegment } from "./segment-file.js";

/** Rows that lie side by side in one file. */
export interface LogPiece {
  /** Number, from 0, of its first episode in the whole log. */
  readonly first: number;
  /** The segment; undefined where it is a shard. */
  readonly segment: SegmentFile | undefined;
}

/** Rows of one record batch of a shard: a bounded amount to turn into values at a time. */
const BATCH_ROWS = 256;

/** A shard that was decoded, with all its columns. */
interface Decoded {
  readonly path: string;
  readonly stream: Uint8Array;
}

/** The last one: readers that take turns, and the next chunk of the same reader, mostly want the same. */
let last: Decoded | undefined;

/** Pieces that can hold a number from `from` on and below `end`, in log order. */
export function logPieces(dir: string, from: number, end: number): LogPiece[] {
  // Segments first: one that is rolled in between is a shard by then, and counts as that.
  const segments = listSegments(dir);
  const shards = listShards(dir);
  const firsts = new Set(shards.map(({ first }) => first));
  const all: LogPiece[] = [
    ...shards.map(({ first }) => ({ first, segment: undefined })),
    ...segments.filter(({ first }) => !firsts.has(first)).map((segment) => ({ first: segment.first, segment })),
  ];
  all.sort((a, b) => a.first - b.first);
  return all.filter(({ first }, i) => first < end && (i === all.length - 1 || all[i + 1].first > from));
}

/**
 * A piece's episodes of numbers from `from` on and below `end`, each with its number.
 *
 * @param columns absent: all
 * @throws LOG_CORRUPT if it is not what was written
 */
export async function* pieceRows(
  dir: string,
  piece: LogPiece,
  from: number,
  end: number,
  columns?: readonly string[],
): AsyncGenerator<NumberedRow> {
  let index = piece.first;
  for await (const { stream, path } of streamsOf(dir, piece, end, columns)) {
    for (const batch of trajectoryBatches(stream, path, columns)) {
      if (index + batch.numRows <= from) {
        index += batch.numRows;
        continue;
      }
      for (const row of batchRows(batch)) {
        if (index >= end) return;
        if (index >= from) yield { index, row };
        index += 1;
      }
    }
  }
}

/** Its Arrow streams. A segment that is there no more has become the shard of its number. */
async function* streamsOf(
  dir: string,
  { first, segment }: LogPiece,
  end: number,
  columns: readonly string[] | undefined,
): AsyncGenerator<Decoded> {
  if (segment !== undefined) {
    const { path } = segment;
    const scan = readSegment(path, Math.min(end - first, rowsThatCount(manifestOf(dir), segment)));
    if (scan !== undefined) {
      for (const { payload } of scan.frames) yield { path, stream: payload };
      return;
    }
  }
  yield await shardStream(join(dataFolder(dir), shardName(first)), columns);
}

/** The manifest as it was read last. */
let known: { readonly path: string; readonly bytes: number; readonly manifest: Manifest } | undefined;

/** It grows by lines, and a segment is looked at by every reader of what was played last. */
function manifestOf(dir: string): Manifest {
  const path = manifestPath(dir);
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (known?.path !== path || known.bytes !== bytes) known = { path, bytes, manifest: readManifest(dir) };
  return known.manifest;
}

async function shardStream(path: string, columns: readonly string[] | undefined): Promise<Decoded> {
  if (last?.path === path) return last;
  const wanted = columns && ((has: (name: string) => boolean) => columnsToDecode(columns, has));
  const decoded = { path, stream: await readParquetFile(path, wanted, BATCH_ROWS) };
  if (columns === undefined) last = decoded;
  return decoded;
}
