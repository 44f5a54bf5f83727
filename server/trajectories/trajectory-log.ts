/**
 * The log on one machine: episodes are collected in columns, written to a segment by group commit, and rolled into shards.
 *
 *   append -> builder -> (256 rows, 4 MB or 25 ms) -> segment, fdatasync -> durable -> (16 MB) -> shard, in a worker thread
 *
 * Two builders take turns: one collects while the other's memory is being written. Nothing here waits for the disk but the
 * promises that say so.
 */
import { mkdirSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { requireNoLinks } from "../../datasets/files/read-file.js";
import { batchBuilder } from "../../datasets/log/batch-builder.js";
import { dataFolder, epochOf, logFolder, readManifest } from "../../datasets/log/log-folder.js";
import { countEpisodes } from "./count-episodes.js";
import { type FolderLock, type LockOptions, lockFolder } from "./lock.js";
import type { LogEvent } from "./log-event.js";
import { appendToManifest } from "./manifest.js";
import { recordRow } from "./record-row.js";
import { recoverLog } from "./recover-log.js";
import { openRoller } from "./roller.js";
import { type Durability, segmentWriter } from "./segment-writer.js";
import type { TrajectorySink } from "./sink.js";

/** How a log is kept; all but durability are for tests and tuning. */
export interface TrajectoryLogOptions {
  /**
   * `fsync` (default): what is durable survives the loss of power. `process`: it survives the end of the process (`kill -9`),
   * the operating system writes it when it likes.
   */
  readonly durability?: Durability;
  /** Told what happens. */
  readonly tell?: (event: LogEvent) => void;
  /** Most rows that wait for a commit. */
  readonly commitRows?: number;
  /** Most bytes that wait for a commit. */
  readonly commitBytes?: number;
  /** Longest time, in milliseconds, that a row waits for a commit. */
  readonly commitMs?: number;
  /** A segment of this many bytes is rolled into a shard. */
  readonly segmentBytes?: number;
  /** How long others are watched, and how often this one shows that it lives. */
  readonly lock?: LockOptions;
}

/** Bytes that `probe` writes: enough to need blocks of its own. */
const PROBE_BYTES = 1 << 16;

/** The log as its server has it: a sink, and numbers of its own. */
export interface TrajectoryLog extends TrajectorySink {
  /** Number of the last episode that was taken. */
  readonly appended: number;
  /** Segments that wait to become shards. */
  readonly segmentsWaiting: number;
}

interface Waiter {
  readonly number: number;
  resolve(): void;
  reject(error: IcrlError): void;
}

/**
 * Opens the log in `dir` for writing, after putting right what an interrupted writer left behind; the folder is made if needed. Waits
 * where somebody else's heartbeat has to be watched.
 *
 * A writer that another takes for dead, as after a long pause, is replaced: it acknowledges nothing more, and is LOG_UNWRITABLE for good.
 *
 * @throws LOG_LOCKED if another process writes to it
 * @throws LOG_CORRUPT if its manifest cannot be read
 * @throws LOG_UNWRITABLE if it cannot be written
 */
export async function openTrajectoryLog(dir: string, options: TrajectoryLogOptions = {}): Promise<TrajectoryLog> {
  const { durability = "fsync", tell = () => {} } = options;
  const { commitRows = 256, commitBytes = 4 << 20, commitMs = 25, segmentBytes = 16 << 20 } = options;
  const unwritable = (error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    return new IcrlError(
      "LOG_UNWRITABLE",
      `the log in ${dir} cannot be written (${text}): free space or mend the disk`,
      {
        folder: dir,
        system_error: (error as NodeJS.ErrnoException).code ?? "",
      },
    );
  };

  let collecting = batchBuilder();
  let spare = batchBuilder();
  let appended = 0;
  let durable = 0;
  let failures = 0;
  let closed = false;
  /** Numbers from..to that could not be written. */
  const lost: { readonly from: number; readonly to: number }[] = [];
  let waiters: Waiter[] = [];
  let timer: NodeJS.Timeout | undefined;
  /** Uses of the writer that have not ended, and the end of the last of them: one at a time, in order. */
  let uses = 0;
  let lastUse: Promise<void> = Promise.resolve();

  let failure: IcrlError | undefined;
  /** Set for good once another has the log. */
  let replaced: IcrlError | undefined;
  let lock: FolderLock | undefined;
  let recovered: ReturnType<typeof recoverLog>;
  try {
    requireNoLinks(dir, "data", "log");
    requireNoLinks(logFolder(dir), "shards.jsonl");
    mkdirSync(dataFolder(dir), { recursive: true });
    mkdirSync(logFolder(dir), { recursive: true });
    lock = await lockFolder(logFolder(dir), {
      ...options.lock,
      shown: dir,
      remembered: () => epochOf(readManifest(dir)),
      onWatch: (holder, seconds) => tell({ event: "lock_watched", folder: dir, holder, seconds }),
      onLost(error) {
        replaced = new IcrlError("LOG_UNWRITABLE", error.message, error.metadata);
        tell({ event: "log_taken_over", folder: dir });
        if (failure === undefined) fail(replaced);
        else failure = replaced;
      },
    });
    recovered = recoverLog(dir, lock);
  } catch (error) {
    lock?.release();
    throw error instanceof IcrlError ? error : unwritable(error);
  }
  const held = lock;
  const { tornBytes, segments, lost: gone } = recovered;
  if (tornBytes > 0) tell({ event: "torn_bytes_cut", folder: dir, bytes: tornBytes });
  if (gone > 0) tell({ event: "episodes_missing", folder: dir, episodes: gone });

  const roller = openRoller(dir, { epoch: held.epoch, claim: held.claim }, tell);
  for (const segment of segments) roller.enqueue(segment);
  await roller.drain().catch(() => {}); // kept and told by the roller
  let episodes = countEpisodes(dir);
  const writer = segmentWriter(dir, recovered.next, durability, held);

  function settleWaiters(): void {
    const ready = waiters.filter((waiter) => waiter.number <= durable);
    if (ready.length === 0) return;
    waiters = waiters.filter((waiter) => waiter.number > durable);
    for (const waiter of ready) waiter.resolve();
  }

  function fail(error: unknown): void {
    failure = replaced ?? unwritable(error);
    failures += 1;
    const from = Math.max(durable, lost.at(-1)?.to ?? 0) + 1;
    tell({ event: "log_unwritable", folder: dir, lost: appended + 1 - from, message: failure.message });
    if (from <= appended) lost.push({ from, to: appended });
    if (collecting.rows > 0) collecting.finish();
    const told = waiters;
    waiters = [];
    for (const waiter of told) waiter.reject(failure);
  }

  /** Runs `use` after everybody who asked before. */
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
      episodes += rows;
      tell({ event: "log_committed", rows, bytes, seconds: (performance.now() - startedAt) / 1000 });
      settleWaiters();
      if (writer.bytes >= segmentBytes) await endSegment();
    } catch (error) {
      if (replaced === undefined) fail(error); // else it is told
    }
  }

  async function endSegment(): Promise<void> {
    const segment = await writer.end();
    if (segment !== undefined) roller.enqueue(segment);
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

  async function seal(): Promise<void> {
    await exclusively(async () => {
      await commit();
      if (failure !== undefined) throw failure;
      await endSegment();
    });
    await roller.drain().catch((error: unknown) => {
      throw replaced ?? unwritable(error);
    });
  }

  /** Notes how many episodes there are, where that is not noted already: a file that is taken away later is missed. */
  function noteEpisodes(): void {
    if (writer.next === recovered.next) return;
    try {
      held.check();
      appendToManifest(dir, { epoch: held.epoch, episodes: writer.next });
    } catch (error) {
      throw replaced ?? unwritable(error);
    }
  }

  return {
    get durable() {
      return durable;
    },
    get episodes() {
      return episodes;
    },
    get writable() {
      return failure === undefined && !closed;
    },
    tornBytes,
    get appended() {
      return appended;
    },
    get segmentsWaiting() {
      return roller.waiting;
    },
    get failures() {
      return failures;
    },
    get backlogBytes() {
      return collecting.bytes;
    },
    append(episode) {
      if (failure !== undefined) throw failure;
      if (closed) throw unwritable(new Error("it is closed"));
      collecting.append(recordRow(episode));
      appended += 1;
      schedule();
      return appended;
    },
    whenDurable(number) {
      if (lost.some(({ from, to }) => from <= number && number <= to)) {
        return Promise.reject(
          failure ?? unwritable(new Error(`episode ${number} was lost when the log could not be written`)),
        );
      }
      if (number <= durable) return Promise.resolve();
      return new Promise((resolve, reject) => waiters.push({ number, resolve, reject }));
    },
    async probe() {
      if (closed || replaced !== undefined) return false;
      const path = join(logFolder(dir), "probe");
      try {
        await exclusively(async () => {
          const handle = await open(path, "w");
          try {
            await handle.writeFile(Buffer.alloc(PROBE_BYTES, 1));
            await handle.datasync();
          } finally {
            await handle.close();
            await rm(path, { force: true });
          }
          held.check();
          if (failure === undefined) return;
          // After a failure no file is trusted further than it was known to be good: the next commit starts another.
          await endSegment();
          failure = undefined;
          tell({ event: "log_writable_again", folder: dir });
        });
        return true;
      } catch (error) {
        tell({ event: "log_still_unwritable", folder: dir, message: String(error) });
        return false;
      }
    },
    mustHold() {
      try {
        held.check();
      } catch (error) {
        throw replaced ?? unwritable(error);
      }
    },
    seal,
    async close() {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      try {
        await seal();
        noteEpisodes();
        await roller.compact();
      } catch (error) {
        // What is durable stays so; the next open rolls what could not be rolled now.
        await exclusively(endSegment).catch(() => {});
        await roller.drain().catch(() => {});
        throw error;
      } finally {
        await roller.close();
        held.release();
      }
    },
  };
}
