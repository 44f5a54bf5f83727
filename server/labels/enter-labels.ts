/** Finished labels become part of their dataset: they are named in its manifest, by whoever serves it. */
import { setTimeout } from "node:timers/promises";
import { IcrlError } from "../../common/errors.js";
import { isDataset } from "../../datasets/folder/dataset-manifest.js";
import { enterLabel } from "../../datasets/folder/seal-dataset.js";
import { type FolderLock, lockFolder } from "../trajectories/lock.js";

/** How long another process may be entering labels of its own: it reads and hashes them. */
const PATIENCE_MS = 600_000;
const RETRY_MS = 50;

/**
 * Enters labels whose shards are all there; nothing happens in a folder that is not a finished dataset, as while it is collected.
 * Others that enter labels in the same manifest are waited for: each would undo what the other wrote.
 *
 * @throws LOG_LOCKED if that takes forever, DATASET_CORRUPT if labels and data do not agree
 */
export async function enterLabels(dir: string, name: string): Promise<void> {
  if (!isDataset(dir)) return;
  const lock = await lockPatiently(dir);
  try {
    await enterLabel(dir, name, lock.check);
  } finally {
    lock.release();
  }
}

async function lockPatiently(dir: string): Promise<FolderLock> {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    try {
      return await lockFolder(dir);
    } catch (error) {
      const isTaken = error instanceof IcrlError && error.reason === "LOG_LOCKED";
      if (!isTaken || waitedMs >= PATIENCE_MS) throw error;
    }
    await setTimeout(RETRY_MS);
  }
}
