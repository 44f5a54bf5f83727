/**
 * Group commit: rows collect in columns until there are enough of them, or the first has waited long enough, and are written to a segment
 * together. Two builders take turns: one collects while the other's memory is being written.
 */
import type { IcrlError } from "../../common/errors.js";
import { batchBuilder } from "../../datasets/log/batch-builder.js";
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
  /** How often writing failed. */
  readonly failures: number;
  /** Takes a row; gives its number. */
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
}

/** Commits of a log that has just been opened. */
export function createGroupCommit(context: CommitContext): GroupCommit {
  const { dir, writer, enqueue, errorOf, tell, commitRows, commitBytes, commitMs, segmentBytes } = context;
  const waits = createDurableWaits();
  let collecting = batchBuilder();
  let spare = batchBuilder();
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
    if (collecting.rows > 0) collecting.finish();
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
    if (collecting.rows === 0 || failure !== undefined) return;
    const full = collecting;
    collecting = spare;
    spare = full;
    const upTo = appended;
    const { rows } = full;
    const startedAt = performance.now();
    try {
      const bytes = await writer.write(full.finish(), rows);
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
    if (uses > 0 || failure !== undefined || collecting.rows === 0) return;
    if (collecting.rows >= commitRows || collecting.bytes >= commitBytes) commitNow();
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
      return collecting.bytes;
    },
    get failure() {
      return failure;
    },
    get failures() {
      return failures;
    },
    append(row) {
      collecting.append(row);
      appended += 1;
      schedule();
      return appended;
    },
    whenDurable: (number) => waits.when(number, durable, (why) => failure ?? errorOf(why)),
    exclusively,
    flush: () =>
      exclusively(async () => {
        await commit();
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
