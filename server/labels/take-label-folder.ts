/** The folder of labels, taken by who makes them: locked, put in order, and with a label.json that says whose they are. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { requireNoLinks, UnreadableFile } from "../../datasets/files/read-file.js";
import { type LabelHead, labelFolder } from "../../datasets/folder/label-folder.js";
import type { LabelRequest } from "../sessions/labels.js";
import { type FolderLock, lockFolder } from "../trajectories/lock.js";
import { checkSameExpert, findHead, headOf, LABEL_TMP, requireNobodys, writeHead } from "./label-head.js";

/** A folder that is taken. */
export interface TakenFolder {
  readonly lock: FolderLock;
  readonly head: LabelHead;
}

/**
 * Takes the folder of the labels that are asked for; undefined, and nothing held, where it is not wanted any more once it is locked.
 *
 * @param dir the dataset
 * @param onLost told when another has the lock
 * @throws LOG_LOCKED, LABEL_CONFLICT, OUTPUT_EXISTS, DATASET_CORRUPT, LOG_UNWRITABLE
 */
export async function takeLabelFolder(
  dir: string,
  request: LabelRequest,
  onLost: (error: unknown) => void,
  isWanted: () => boolean,
): Promise<TakenFolder | undefined> {
  const { name } = request;
  const folder = labelFolder(dir, name);
  let lock: FolderLock | undefined;
  try {
    makeFolder(dir, name);
    lock = await lockFolder(folder, { onLost });
    if (!isWanted()) {
      lock.release();
      return undefined;
    }
    const found = findHead(dir, name);
    if (found !== undefined) checkSameExpert(found, headOf(request));
    else requireNobodys(folder);
    for (const file of readdirSync(folder)) if (LABEL_TMP.test(file)) rmSync(join(folder, file), { force: true });
    if (found === undefined) writeHead(dir, headOf(request));
    return { lock, head: found ?? headOf(request) };
  } catch (error) {
    lock?.release();
    throw unwritableLabels(dir, name, error);
  }
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

/** LOG_UNWRITABLE for what the system says; an error that has a reason already as it is. */
export function unwritableLabels(dir: string, name: string, error: unknown): IcrlError {
  if (error instanceof IcrlError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new IcrlError(
    "LOG_UNWRITABLE",
    `labels "${name}" in ${dir} cannot be written (${text}): free space or repair the disk`,
    { folder: dir },
  );
}
