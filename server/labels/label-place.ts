/** The folder of labels that are being made: held by one server at a time, and one expert's for good. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { requireNoLinks, UnreadableFile } from "../../datasets/files/read-file.js";
import { type LabelHead, labelFolder } from "../../datasets/folder/label-folder.js";
import type { LabelRequest } from "../sessions/labels.js";
import { type FolderLock, lockFolder } from "../trajectories/lock.js";
import { enterLabels } from "./enter-labels.js";
import { checkSameExpert, findHead, headOf, LABEL_TMP, requireNobodys, writeHead } from "./label-head.js";
import type { LabelShard } from "./label-shard.js";
import { type LabelThread, startLabelThread } from "./label-thread.js";
import type { RecordedEpisode, RecordedShard } from "./recorded-shard.js";

/** A shard whose labels are there: its name, its rows, and they. */
export type LabelsToWrite = Pick<LabelShard, "name" | "labels"> & {
  readonly recorded: { readonly episodes: readonly Pick<RecordedEpisode, "id">[] };
};

/** The folder, and the thread that reads shards and writes labels. */
export interface LabelPlace {
  /** Whose labels it has; undefined until it is taken. */
  readonly head: LabelHead | undefined;
  /**
   * Locks the folder, puts it in order, and writes whose labels they are: once for all who ask, and again for whoever asks after it
   * failed.
   * @throws LOG_LOCKED, LOG_UNWRITABLE, LABEL_CONFLICT, OUTPUT_EXISTS, DATASET_CORRUPT
   */
  take(request: LabelRequest): Promise<void>;
  /** Reads the shard at a path. @throws Error with the reader's text if it cannot be read */
  read(path: string): Promise<RecordedShard>;
  /** Writes the labels of a shard; takes their memory. @throws LOG_UNWRITABLE */
  write(shard: LabelsToWrite): Promise<void>;
  /** The labels of all shards become part of the dataset. @throws LOG_UNWRITABLE */
  enter(): Promise<void>;
  /** Gives it back. */
  close(): void;
}

/**
 * The place of the labels of one name in a dataset, not taken yet.
 *
 * @param onLost called when somebody else has taken it
 */
export function labelPlace(dir: string, name: string, onLost: (error: unknown) => void): LabelPlace {
  const folder = labelFolder(dir, name);
  let head: LabelHead | undefined;
  let lock: FolderLock | undefined;
  let taking: Promise<void> | undefined;
  let thread: LabelThread | undefined;
  let closed = false;

  function threadOf(): LabelThread {
    thread ??= startLabelThread();
    return thread;
  }

  async function takeFolder(request: LabelRequest): Promise<void> {
    try {
      makeFolder(dir, name);
      lock = await lockFolder(folder, { onLost });
      if (closed) return lock.release();
      head = putInOrder(dir, name, request);
    } catch (error) {
      lock?.release();
      throw asUnwritable(dir, name, error);
    }
  }

  async function writing(work: () => Promise<void>): Promise<void> {
    try {
      lock?.check();
      await work();
    } catch (error) {
      throw asUnwritable(dir, name, error);
    }
  }

  return {
    get head() {
      return head;
    },
    async take(request) {
      const mine = taking ?? takeFolder(request);
      taking = mine;
      try {
        await mine;
      } catch (error) {
        if (taking === mine) taking = undefined; // whoever comes next may have better luck
        throw error;
      }
    },
    read: (path) => threadOf().read(path),
    write({ name: file, recorded, labels }) {
      const episodeIds = recorded.episodes.map(({ id }) => id);
      return writing(() => threadOf().write({ path: join(folder, file), episodeIds, labels }));
    },
    enter: () => writing(() => enterLabels(dir, name)),
    close() {
      closed = true;
      thread?.close();
      lock?.release();
    },
  };
}

/** Of a folder that is locked: whose labels it has, written where it had nobody's. What was left half written goes. */
function putInOrder(dir: string, name: string, request: LabelRequest): LabelHead {
  const folder = labelFolder(dir, name);
  const found = findHead(dir, name);
  if (found !== undefined) checkSameExpert(found, headOf(request));
  else requireNobodys(folder);
  for (const file of readdirSync(folder)) if (LABEL_TMP.test(file)) rmSync(join(folder, file), { force: true });
  if (found === undefined) writeHead(dir, headOf(request));
  return found ?? headOf(request);
}

/** Labels are written into the dataset, not where a link in it leads: @throws DATASET_CORRUPT */
function makeFolder(dir: string, name: string): void {
  const folder = labelFolder(dir, name);
  try {
    requireNoLinks(dir, "labels", join("labels", name));
    mkdirSync(folder, { recursive: true });
    requireNoLinks(folder, ...readdirSync(folder));
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new IcrlError("DATASET_CORRUPT", error.message, { folder: dir });
  }
}

/** What goes wrong when labels are written: as it is where it has a reason, else LOG_UNWRITABLE. */
function asUnwritable(dir: string, name: string, error: unknown): IcrlError {
  if (error instanceof IcrlError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new IcrlError(
    "LOG_UNWRITABLE",
    `labels "${name}" in ${dir} cannot be written (${text}): free space or mend the disk`,
    { folder: dir },
  );
}
