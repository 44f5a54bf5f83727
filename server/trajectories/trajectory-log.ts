/**
 * The log on one machine: episodes are collected in columns, written to a segment by group commit, and rolled into shards.
 *
 *   append -> builder -> (256 rows, 4 MB or 25 ms) -> segment, fdatasync -> durable -> (16 MB) -> shard, in a worker thread
 *
 * Nothing here waits for the disk but the promises that say so.
 */
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { makeFolders } from "../../datasets/files/make-folders.js";
import { PRIVATE_FILE, PRIVATE_FOLDER } from "../../datasets/files/private.js";
import { requireNoLinks } from "../../datasets/files/read-file.js";
import { dataFolder, epochOf, logFolder, readManifest } from "../../datasets/log/log-folder.js";
import { countEpisodes } from "./count-episodes.js";
import { type DiskReserve, requireRoom } from "./disk-reserve.js";
import { type CommitLimits, createGroupCommit, type GroupCommit } from "./group-commit.js";
import { type FolderLock, type LockOptions, lockFolder } from "./lock.js";
import type { LogEvent } from "./log-event.js";
import { appendToManifest } from "./manifest.js";
import { recordRow } from "./record-row.js";
import { type Recovered, recoverLog } from "./recover-log.js";
import { openRoller } from "./roller.js";
import { type Durability, segmentWriter } from "./segment-writer.js";
import type { TrajectorySink } from "./sink.js";

/** How a log is kept; all but durability are for tests and tuning. */
export interface TrajectoryLogOptions extends Partial<CommitLimits> {
  /**
   * `fsync` (default): what is durable survives the loss of power. `process`: it survives the end of the process (`kill -9`),
   * the operating system writes it when it likes.
   */
  readonly durability?: Durability;
  /** Room that is left on the disk; none by default. */
  readonly reserve?: DiskReserve;
  /** Told what happens. */
  readonly tell?: (event: LogEvent) => void;
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
  let commits: GroupCommit | undefined;
  /** Set for good once another has the log. */
  let replaced: IcrlError | undefined;
  let closed = false;
  const errorOf = (error: unknown) => replaced ?? unwritableLog(dir, error);
  const { lock, recovered } = await takeLog(dir, options.lock, tell, ({ message, metadata }) => {
    replaced = IcrlError.told("LOG_UNWRITABLE", message, metadata);
    tell({ event: "log_taken_over", folder: dir });
    commits?.replace(replaced);
  });

  const roller = openRoller(dir, { epoch: lock.epoch, claim: lock.claim }, tell);
  for (const segment of recovered.segments) roller.enqueue(segment);
  await roller.drain().catch(() => {}); // kept and told by the roller
  const earlier = countEpisodes(dir);
  const writer = segmentWriter(dir, recovered.next, durability, lock);
  const room = () => requireRoom(dir, options.reserve ?? { bytes: 0 });
  const limits = { commitRows, commitBytes, commitMs, segmentBytes };
  const rows = createGroupCommit({ dir, writer, enqueue: roller.enqueue, errorOf, tell, requireRoom: room, ...limits });
  commits = rows;
  if (replaced !== undefined) rows.replace(replaced);

  async function seal(): Promise<void> {
    await rows.flush();
    await roller.drain().catch((error: unknown) => {
      throw errorOf(error);
    });
  }

  /** @throws LOG_UNWRITABLE for any error of `use` */
  function orUnwritable(use: () => void): void {
    try {
      use();
    } catch (error) {
      throw errorOf(error);
    }
  }

  const mustHold = () => orUnwritable(lock.check);
  /** Notes how many episodes there are, where that is not noted already: a file that is taken away later is missed. */
  function noteEpisodes(): void {
    if (writer.next === recovered.next) return;
    mustHold();
    orUnwritable(() => appendToManifest(dir, { epoch: lock.epoch, episodes: writer.next }));
  }

  return {
    get durable() {
      return rows.durable;
    },
    get end() {
      return writer.next;
    },
    get episodes() {
      return earlier + rows.committed;
    },
    get writable() {
      return rows.failure === undefined && !closed;
    },
    tornBytes: recovered.tornBytes,
    get appended() {
      return rows.appended;
    },
    get segmentsWaiting() {
      return roller.waiting;
    },
    get failures() {
      return rows.failures;
    },
    hasLost: rows.hasLost,
    get backlogBytes() {
      return rows.backlogBytes;
    },
    append(episode) {
      if (rows.failure !== undefined) throw rows.failure;
      if (closed) throw errorOf(new Error("it is closed"));
      return rows.append(recordRow(episode));
    },
    whenDurable: rows.whenDurable,
    probe: async () => !closed && replaced === undefined && (await probe(dir, rows, { check: lock.check, room }, tell)),
    mustHold,
    seal,
    async close() {
      if (closed) return;
      closed = true;
      rows.stop();
      try {
        await seal();
        noteEpisodes();
        await roller.compact();
      } catch (error) {
        // What is durable stays so; the next open rolls what could not be rolled now.
        await rows.exclusively(rows.endSegment).catch(() => {});
        await roller.drain().catch(() => {});
        throw error;
      } finally {
        await roller.close();
        lock.release();
      }
    },
  };
}

/** Sees whether a log can be written; one that failed can be from then on. */
async function probe(
  dir: string,
  rows: GroupCommit,
  { check, room }: Pick<FolderLock, "check"> & { readonly room: () => void },
  tell: (event: LogEvent) => void,
): Promise<boolean> {
  try {
    await rows.exclusively(async () => {
      room();
      await writeProbe(join(logFolder(dir), "probe"));
      check();
      if (rows.failure === undefined) return;
      // After a failure no file is trusted further than it was known to be good: the next commit starts another.
      await rows.endSegment();
      rows.forgetFailure();
      tell({ event: "log_writable_again", folder: dir });
    });
    return true;
  } catch (error) {
    tell({ event: "log_still_unwritable", folder: dir, message: String(error) });
    return false;
  }
}

/** LOG_UNWRITABLE for what the system says. */
function unwritableLog(dir: string, error: unknown): IcrlError {
  const text = error instanceof Error ? error.message : String(error);
  return new IcrlError(
    "LOG_UNWRITABLE",
    `the log in ${dir} cannot be written (${text}): free space or repair the disk`,
    {
      folder: dir,
      system_error: (error as NodeJS.ErrnoException).code ?? "",
    },
  );
}

/** Makes the folders, locks the log, and puts it in order. @throws LOG_LOCKED, LOG_CORRUPT, LOG_UNWRITABLE */
async function takeLog(
  dir: string,
  options: LockOptions | undefined,
  tell: (event: LogEvent) => void,
  onLost: (error: IcrlError) => void,
): Promise<{ lock: FolderLock; recovered: Recovered }> {
  let lock: FolderLock | undefined;
  try {
    requireNoLinks(dir, "data", "log");
    requireNoLinks(logFolder(dir), "shards.jsonl");
    makeFolders(dir, PRIVATE_FOLDER);
    for (const folder of [dataFolder(dir), logFolder(dir)]) makeFolders(folder, PRIVATE_FOLDER);
    lock = await lockFolder(logFolder(dir), {
      ...options,
      shown: dir,
      remembered: () => epochOf(readManifest(dir)),
      onWatch: (holder, seconds) => tell({ event: "lock_watched", folder: dir, holder, seconds }),
      onLost,
    });
    const recovered = recoverLog(dir, lock);
    const { tornBytes, lost } = recovered;
    if (tornBytes > 0) tell({ event: "torn_bytes_cut", folder: dir, bytes: tornBytes });
    if (lost > 0) tell({ event: "episodes_missing", folder: dir, episodes: lost });
    return { lock, recovered };
  } catch (error) {
    lock?.release();
    throw error instanceof IcrlError ? error : unwritableLog(dir, error);
  }
}

/** Writes enough to need blocks of its own, and takes it away again. @throws the file system's error */
async function writeProbe(path: string): Promise<void> {
  const handle = await open(path, "w", PRIVATE_FILE);
  try {
    await handle.writeFile(Buffer.alloc(PROBE_BYTES, 1));
    await handle.datasync();
  } finally {
    await handle.close();
    await rm(path, { force: true });
  }
}
