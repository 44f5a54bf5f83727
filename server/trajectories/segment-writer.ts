/** Appending frames to segments, durably and without waiting: one frame at a time. */
import { type FileHandle, open, rm } from "node:fs/promises";
import { basename } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { PRIVATE_FILE } from "../../datasets/files/private.js";
import { logFolder, type SegmentFile, segmentPath } from "../../datasets/log/log-folder.js";
import type { FolderLock } from "./lock.js";
import { frameHeader } from "./segment-file.js";

/** How durable is durable. */
export type Durability = "fsync" | "process";

interface Segment {
  readonly handle: FileHandle;
  readonly path: string;
  readonly first: number;
  /** Bytes and rows of whole frames that are durable. */
  bytes: number;
  rows: number;
}

/** The open end of the log. */
export interface SegmentWriter {
  /** Number, from 0, of the next episode in the whole log. */
  readonly next: number;
  /** Bytes in the open segment. */
  readonly bytes: number;
  /**
   * Writes a frame, and gives its bytes; on failure the segment holds what it held before, as far as that can be had. One call at a time.
   * @throws the file system's error; LOG_LOCKED if another has taken the log: then it may hold the frame, which does not count
   */
  write(pieces: readonly Uint8Array[], rows: number): Promise<number>;
  /**
   * Ends the open segment, so that the next frame starts another; returns the one that was ended, undefined when there was none or it
   * was empty. What a failed write left is cut off first.
   * @throws the file system's error if it cannot be cut off
   */
  end(): Promise<SegmentFile | undefined>;
}

async function fsyncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes all pieces at a position; a short write (a disk that is almost full) goes on until there is an error. */
async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<number> {
  let left = pieces;
  let at = position;
  while (left.length > 0) {
    const { bytesWritten } = await handle.writev(left, at);
    at += bytesWritten;
    let skip = bytesWritten;
    let index = 0;
    while (index < left.length && skip >= left[index].length) {
      skip -= left[index].length;
      index += 1;
    }
    left = left.slice(index);
    if (skip > 0) left = [left[0].subarray(skip), ...left.slice(1)];
  }
  return at - position;
}

/**
 * The open end of a log that has `next` episodes. Its segments are in its epoch's name: whatever it writes after another has taken the
 * log, it writes to no file of the other's.
 */
export function segmentWriter(dir: string, next: number, durability: Durability, lock: FolderLock): SegmentWriter {
  let segment: Segment | undefined;
  /** Whether bytes of a failed write lie behind the segment's good ones. */
  let dirty = false;

  async function openSegment(): Promise<Segment> {
    const path = segmentPath(dir, next, lock.epoch);
    const handle = await open(path, "w", PRIVATE_FILE);
    // A file is only as durable as its name.
    if (durability === "fsync") await fsyncFolder(logFolder(dir));
    return { handle, path, first: next, bytes: 0, rows: 0 };
  }

  async function cutOff(failed: Segment): Promise<void> {
    lock.check(); // another may have counted what was whole of it
    await failed.handle.truncate(failed.bytes);
    if (durability === "fsync") await failed.handle.datasync();
    dirty = false;
  }

  return {
    get next() {
      return next;
    },
    get bytes() {
      return segment?.bytes ?? 0;
    },
    async write(pieces, rows) {
      lock.check();
      segment ??= await openSegment();
      try {
        const written = await writeAll(segment.handle, [frameHeader(pieces, rows), ...pieces], segment.bytes);
        if (durability === "fsync") await segment.handle.datasync();
        // Only now, and before anybody is told: if the log is still ours, whoever takes it from here on finds these rows.
        lock.count(next + rows);
        lock.check();
        segment.bytes += written;
        segment.rows += rows;
        next += rows;
        return written;
      } catch (error) {
        dirty = true;
        await cutOff(segment).catch(() => {}); // tried again by `end`
        throw error;
      }
    },
    async end() {
      if (segment === undefined) return undefined;
      const ended = segment;
      try {
        if (dirty) await cutOff(ended);
      } catch (error) {
        if (!(error instanceof IcrlError)) throw error;
        segment = undefined;
        await ended.handle.close();
        throw error;
      }
      segment = undefined;
      await ended.handle.close();
      const { path, first } = ended;
      if (ended.rows > 0) return { path, name: basename(path), first, epoch: lock.epoch };
      await rm(path, { force: true });
      return undefined;
    },
  };
}
