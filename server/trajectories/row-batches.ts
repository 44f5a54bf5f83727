/** Rows as they collect for commits: in batches that can be built, whatever comes and however fast. */
import { IcrlError } from "../../common/errors.js";
import { type BatchBuilder, batchBuilder } from "../../datasets/log/batch-builder.js";
import type { TrajectoryRow } from "../../datasets/log/trajectory-schema.js";
import { MAX_ROW_BYTES } from "./sink.js";

/** A batch of so many bytes takes no further row, so that it can always be built: Arrow counts with 31 bits, and a frame's header with 32. */
const MAX_BATCH_BYTES = 64 << 20;

/** Rows that are written together. */
export interface Batch {
  readonly builder: BatchBuilder;
  /** Number of its last row; they are numbered from 1. */
  readonly upTo: number;
}

/** Batches on their way to the disk. */
export interface RowBatches {
  /** Number of the last row that was taken. */
  readonly appended: number;
  /** Whether no row is here. */
  readonly empty: boolean;
  /** Whether a batch waits that takes no further row. */
  readonly anyFull: boolean;
  /** Rows of the batch that collects. */
  readonly rows: number;
  /** Bytes of all. */
  readonly bytes: number;
  /**
   * Takes a row; gives its number.
   * @throws REQUEST_TOO_COSTLY if it is too large; TypeError if it is none. Nothing was taken then
   */
  append(row: TrajectoryRow): number;
  /** Takes the oldest batch out. */
  next(): Batch | undefined;
  /** A builder that is empty, and whose memory nobody reads any more, may be used again. */
  recycle(builder: BatchBuilder): void;
  /** Forgets all rows. */
  drop(): void;
}

/**
 * None yet.
 *
 * @param broken told that the rows from..to are lost, because memory ran out in the middle of another: nothing collected with it can be
 *   trusted. Gives what is thrown
 */
export function createRowBatches(
  broken: (from: number, to: number, error: unknown) => IcrlError,
  newBuilder: () => BatchBuilder = batchBuilder,
): RowBatches {
  let collecting = newBuilder();
  /** Two take turns: one collects while the other's memory is being written. */
  let spare: BatchBuilder | undefined = newBuilder();
  /** Those that are full, in order. */
  let full: Batch[] = [];
  let appended = 0;

  function collectAnew(): void {
    collecting = spare ?? newBuilder();
    spare = undefined;
  }

  return {
    get appended() {
      return appended;
    },
    get empty() {
      return collecting.rows === 0 && full.length === 0;
    },
    get anyFull() {
      return full.length > 0;
    },
    get rows() {
      return collecting.rows;
    },
    get bytes() {
      return full.reduce((sum, { builder }) => sum + builder.bytes, collecting.bytes);
    },
    append(row) {
      const bytes = collecting.bytesOf(row);
      if (bytes > MAX_ROW_BYTES) {
        throw new IcrlError(
          "REQUEST_TOO_COSTLY",
          `an episode of ${bytes} bytes: the log takes at most ${MAX_ROW_BYTES}`,
          { bound: "row_bytes", limit: MAX_ROW_BYTES, asked: bytes },
        );
      }
      if (collecting.rows > 0 && collecting.bytes + bytes > MAX_BATCH_BYTES) {
        full.push({ builder: collecting, upTo: appended });
        collectAnew();
      }
      try {
        collecting.append(row);
      } catch (error) {
        const { rows } = collecting;
        collecting = newBuilder();
        throw broken(appended - rows + 1, appended, error);
      }
      appended += 1;
      return appended;
    },
    next() {
      if (full.length > 0) return full.shift();
      if (collecting.rows === 0) return undefined;
      const batch = { builder: collecting, upTo: appended };
      collectAnew();
      return batch;
    },
    recycle(builder) {
      spare ??= builder;
    },
    drop() {
      full = [];
      collecting = newBuilder();
    },
  };
}
