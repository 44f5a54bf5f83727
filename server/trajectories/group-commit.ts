/**
 * Group commit: rows collect in columns until there are enough of them, or the first has waited long enough, and are written to a segment
 * together.
 */
import type { IcrlError } from "../../common/errors.js";
import type { BatchBuilder } from "../../datasets/log/batch-builder.js";
import type { SegmentFile } from "../../datasets/log/log-folder.js";
import type { TrajectoryRow } from "../../datasets/log/trajectory-schema.js";
import { createDurableWaits } from "./durable-waits.js";
import { createExclusiveUses } from "./exclusive-uses.js";
import type { LogEvent } from "./log-event.js";
import { createRowBatches } from "./row-batches.js";
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
  /** Sees that there is room on the disk, before each commit; absent: nobody does. @throws where there is none */
  readonly requireRoom?: () => void;
  /** Builds batches; for tests. */
  readonly newBuilder?: () => BatchBuilder;
}

/** A batch as it is written, or why it cannot be built. */
function piecesOf(builder: BatchBuilder): Uint8Array[] | Error {
  try {
    return builder.finish();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Commits of a log that has just been opened. */
export function createGroupCommit(context: CommitContext): GroupCommit {
  const { dir, writer, enqueue, errorOf, tell, commitRows, commitBytes, commitMs, segmentBytes } = context;
  const waits = createDurableWaits();
  const batches = createRowBatches(lose, context.newBuilder);
  let durable = 0;
  let committed = 0;
  let failure: IcrlError | undefined;
  let failures = 0;
  let replaced = false;
  let timer: NodeJS.Timeout | undefined;
  const uses = createExclusiveUses(schedule);

  function fail(error: IcrlError): void {
    failure = error;
    failures += 1;
    const lost = waits.lose(durable, batches.appended, failure);
    tell({ event: "log_unwritable", folder: dir, lost, message: failure.message });
    batches.drop();
  }

  /** What is wrong with these rows is not the disk's fault: they are lost, and no others. */
  function lose(from: number, to: number, cause: unknown): IcrlError {
    const error = errorOf(cause);
    if (from > to) return error;
    failures += 1;
    waits.loseSome(from, to, error);
    tell({ event: "log_unwritable", folder: dir, lost: to - from + 1, message: error.message });
    return error;
  }

  async function commit(): Promise<void> {
    const batch = failure === undefined ? batches.next() : undefined;
    if (batch === undefined) return;
    const { builder, upTo } = batch;
    const [rows, startedAt] = [builder.rows, performance.now()];
    const pieces = piecesOf(builder);
    if (pieces instanceof Error) {
      lose(upTo - rows + 1, upTo, pieces);
      durable = upTo;
      waits.settle(durable);
      return;
    }
    try {
      context.requireRoom?.();
      const bytes = await writer.write(pieces, rows);
      batches.recycle(builder);
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
    void uses.run(commit);
  }

  function schedule(): void {
    if (uses.any || failure !== undefined || batches.empty) return;
    if (batches.anyFull || batches.rows >= commitRows || batches.bytes >= commitBytes) commitNow();
    else timer ??= setTimeout(commitNow, commitMs);
  }

  return {
    get appended() {
      return batches.appended;
    },
    get durable() {
      return durable;
    },
    get committed() {
      return committed;
    },
    get backlogBytes() {
      return batches.bytes;
    },
    get failure() {
      return failure;
    },
    get failures() {
      return failures;
    },
    hasLost: waits.hasLost,
    append(row) {
      const number = batches.append(row);
      schedule();
      return number;
    },
    whenDurable: (number) => waits.when(number, durable, (why) => failure ?? errorOf(why)),
    exclusively: uses.run,
    flush: () =>
      uses.run(async () => {
        const upTo = batches.appended;
        do await commit();
        while (failure === undefined && durable < upTo && !batches.empty);
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
