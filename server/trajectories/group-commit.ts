/**
 * Group commit: rows collect in columns until there are enough of them, or the first has waited long enough, and are written to a segment
 * together. Two builders take turns: one collects while the other's memory is being written. Where more comes meanwhile than a batch may
 * have, others wait full.
 */
import { IcrlError } from "../../common/errors.js";
import { type BatchBuilder, batchBuilder } from "../../datasets/log/batch-builder.js";
import type { SegmentFile } from "../../datasets/log/log-folder.js";
import type { TrajectoryRow } from "../../datasets/log/trajectory-schema.js";
import { createDurableWaits } from "./durable-waits.js";
import type { LogEvent } from "./log-event.js";
import type { SegmentWriter } from "./segment-writer.js";

/** When rows are written, and when a segment ends. */
export interface CommitLimits {
  /** Most rows that wait for a commit. */
  readonly commitRows: number;
  /** Most bytes that wait for a commit. */
  readonly commitBytes: number;
  /** Longest time, in milliseconds, that a row waits for a commit. */
  readonly commitMs: number;
  /** A segment of this many bytes is rolled into a shard. */
  readonly segmentBytes: number;
}

/** A row of more bytes is not taken. The longest episode of the tasks that there are has some megabytes, where arms are shown at every step. */
export const MAX_ROW_BYTES = 128 << 20;

/** A batch of so many bytes takes no further row, so that it can always be built: Arrow counts with 31 bits, and a frame's header with 32. */
const MAX_BATCH_BYTES = 64 << 20;

/** Rows that are written together. */
interface Batch {
  readonly builder: BatchBuilder;
  /** Number of its last row. */
  readonly upTo: number;
}

/** The rows on their way to the disk. */
export interface GroupCommit {
  /** Number of the last row that was taken. */
  readonly appended: number;
  /** All rows up to this number are durable, those that were lost apart. */
  readonly durable: number;
  /** Rows that became durable. */
  readonly committed: number;
  /** Bytes of rows that wait for a commit. */
  readonly backlogBytes: number;
  /** Why nothing can be written now. */
  readonly failure: IcrlError | undefined;
  /** How often rows were lost. */
  readonly failures: number;
  /** Whether any row of these numbers was lost. */
  hasLost(from: number, to: number): boolean;
  /** Takes a row; gives its number. @throws REQUEST_TOO_COSTLY if it is too large; TypeError if it is none. Nothing was taken then */
  append(row: TrajectoryRow): number;
  /** @throws the failure, if the row was lost */
  whenDurable(number: number): Promise<void>;
  /** Runs `use` after everybody who asked before: nothing is written meanwhile. */
  exclusively(use: () => Promise<void>): Promise<void>;
  /** Writes what is collected and ends the segment. @throws the failure */
  flush(): Promise<void>;
  /** Ends the segment, so that the next commit starts another; within `exclusively`. */
  endSegment(): Promise<void>;
  /** Another has the log: nothing is written any more, for good. */
  replace(error: IcrlError): void;
  /** Tries again from here on. */
  forgetFailure(): void;
  /** Commits nothing more by itself. */
  stop(): void;
}

/** What commits are made with. */
export interface CommitContext extends CommitLimits {
  readonly dir: string;
  readonly writer: SegmentWriter;
  /** Takes segments that are complete. */
  readonly enqueue: (segment: SegmentFile) => void;
  /** What everybody is told of an error of the system. */
  readonly errorOf: (error: unknown) => IcrlError;
  readonly tell: (event: LogEvent) => void;
  /** Builds batches; for tests. */
  readonly newBuilder?: () => BatchBuilder;
}

/** Commits of a log that has just been opened. */
export function createGroupCommit(context: CommitContext): GroupCommit {
  const {
    dir,
    writer,
    enqueue,
    errorOf,
    tell,
    commitRows,
    commitBytes,
    commitMs,
    segmentBytes,
    newBuilder = batchBuilder,
  } = context;
  const waits = createDurableWaits();
  let collecting = newBuilder();
  let spare: BatchBuilder | undefined = newBuilder();
  /** Those that are full, in order. */
  let full: Batch[] = [];
  let appended = 0;
  let durable = 0;
  let committed = 0;
  let failure: IcrlError | undefined;
  let failures = 0;
  let replaced = false;
  let timer: NodeJS.Timeout | undefined;
  /** Uses of the writer that have not ended, and the end of the last of them: one at a time, in order. */
  let uses = 0;
  let lastUse: Promise<void> = Promise.resolve();

  function fail(error: IcrlError): void {
    failure = error;
    failures += 1;
    const lost = waits.lose(durable, appended, failure);
    tell({ event: "log_unwritable", folder: dir, lost, message: failure.message });
    full = [];
    collecting = newBuilder();
  }

  /** Whatever is wrong with a batch is not the disk's fault: its rows are lost, and no others. */
  function lose({ upTo }: Pick<Batch, "upTo">, rows: number, cause: unknown): void {
    failures += 1;
    const error = errorOf(cause);
    waits.loseSome(upTo - rows + 1, upTo, error);
    tell({ event: "log_unwritable", folder: dir, lost: rows, message: error.message });
  }

  /** What is to be written next, which is no longer collected. */
  function nextBatch(): Batch | undefined {
    if (full.length > 0) return full.shift();
    if (collecting.rows === 0) return undefined;
    const batch = { builder: collecting, upTo: appended };
    collecting = spare ?? newBuilder();
    spare = undefined;
    return batch;
  }

  function exclusively(use: () => Promise<void>): Promise<void> {
    uses += 1;
    const mine = lastUse.then(use);
    lastUse = mine
      .catch(() => {})
      .then(() => {
        uses -= 1;
        schedule();
      });
    return mine;
  }

  async function commit(): Promise<void> {
    if (failure !== undefined) return;
    const batch = nextBatch();
    if (batch === undefined) return;
    const { builder, upTo } = batch;
    const { rows } = builder;
    const startedAt = performance.now();
    let pieces: Uint8Array[];
    try {
      pieces = builder.finish();
    } catch (error) {
      lose(batch, rows, error);
      durable = upTo;
      waits.settle(durable);
      return;
    }
    try {
      const bytes = await writer.write(pieces, rows);
      spare ??= builder;
      durable = upTo;
      committed += rows;
      tell({ event: "log_committed", rows, bytes, seconds: (performance.now() - startedAt) / 1000 });
      waits.settle(durable);
      if (writer.bytes >= segmentBytes) await endSegment();
    } catch (error) {
      if (!replaced) fail(errorOf(error)); // else it is told
    }
  }

  async function endSegment(): Promise<void> {
    const segment = await writer.end();
    if (segment !== undefined) enqueue(segment);
  }

  function commitNow(): void {
    clearTimeout(timer);
    timer = undefined;
    void exclusively(commit);
  }

  function schedule(): void {
    if (uses > 0 || failure !== undefined || (collecting.rows === 0 && full.length === 0)) return;
    if (full.length > 0 || collecting.rows >= commitRows || collecting.bytes >= commitBytes) commitNow();
    else timer ??= setTimeout(commitNow, commitMs);
  }

  return {
    get appended() {
      return appended;
    },
    get durable() {
      return durable;
    },
    get committed() {
      return committed;
    },
    get backlogBytes() {
      return full.reduce((sum, { builder }) => sum + builder.bytes, collecting.bytes);
    },
    get failure() {
      return failure;
    },
    get failures() {
      return failures;
    },
    hasLost: waits.hasLost,
    append(row) {
      const bytes = collecting.bytesOf(row);
      if (bytes > MAX_ROW_BYTES) {
        throw new IcrlError(
          "REQUEST_TOO_COSTLY",
          `an episode of ${bytes} bytes: the log takes at most ${MAX_ROW_BYTES}`,
        );
      }
      if (collecting.rows > 0 && collecting.bytes + bytes > MAX_BATCH_BYTES) {
        full.push({ builder: collecting, upTo: appended });
        collecting = spare ?? newBuilder();
        spare = undefined;
      }
      try {
        collecting.append(row);
      } catch (error) {
        // Memory ran out in the middle of it: nothing that was collected with it can be trusted.
        const { rows } = collecting;
        collecting = newBuilder();
        lose({ upTo: appended }, rows, error);
        throw errorOf(error);
      }
      appended += 1;
      schedule();
      return appended;
    },
    whenDurable: (number) => waits.when(number, durable, (why) => failure ?? errorOf(why)),
    exclusively,
    flush: () =>
      exclusively(async () => {
        const upTo = appended;
        do await commit();
        while (failure === undefined && durable < upTo && full.length + collecting.rows > 0);
        if (failure !== undefined) throw failure;
        await endSegment();
      }),
    endSegment,
    replace(error) {
      replaced = true;
      if (failure === undefined) fail(error);
      else failure = error;
    },
    forgetFailure() {
      failure = undefined;
    },
    stop: () => clearTimeout(timer),
  };
}
