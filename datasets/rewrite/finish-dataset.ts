/**
 * From DIR/collecting, the log folder in which a collection was played, to the finished dataset.
 *
 * Until dataset.json is there nothing in DIR/collecting changes: shards get a second name in DIR/data (a hard link), or are written
 * anew where episodes are left out. So it can be killed at any point; called again it begins anew, and if dataset.json is there
 * already it only removes what is left of DIR/collecting.
 */
import { chmodSync, linkSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { copyDurably, fsyncFolder } from "../files/durable-file.js";
import {
  collectingFolder,
  type DatasetHead,
  type DatasetManifest,
  isDataset,
  readDatasetManifest,
} from "../folder/dataset-manifest.js";
import { corruptIfRefused } from "../folder/dataset-sql.js";
import { labelFolder, labelHeadPath, listLabels, readLabelHead } from "../folder/label-folder.js";
import { type OnProgress, sealDataset } from "../folder/seal-dataset.js";
import { shardPaths, withDuckDb } from "../log/duckdb.js";
import { dataFolder, listShards } from "../log/log-folder.js";
import { earlierFiles } from "../log/shard-columns.js";
import { BEGUN_DATASET, COLLECTING } from "../output/output-kinds.js";
import { removeEmpty, removeFiles } from "../output/remove-files.js";
import { int32Column, readDatasetShards } from "../read/dataset-shards.js";
import { rangesOf } from "../read/take-rows.js";
import { createDatasetWriter } from "./dataset-writer.js";

/** What is kept, and who is told. */
export interface FinishOptions {
  /** Keep every k-th episode of each trial, beginning with the first; undefined: all. */
  readonly subsample: number | undefined;
  /** Told how many episodes are done. */
  readonly onProgress?: OnProgress;
}

/**
 * Finishes a dataset. Nobody may write to DIR/collecting.
 *
 * @throws NOT_A_DATASET if there is nothing collected
 * @throws DATASET_CORRUPT or LOG_CORRUPT if what was collected cannot be read, or data and labels do not agree
 */
export async function finishDataset(
  dir: string,
  head: Omit<DatasetHead, "subsample">,
  { subsample, onProgress }: FinishOptions,
): Promise<DatasetManifest> {
  const from = collectingFolder(dir);
  if (isDataset(dir)) {
    removeCollecting(dir);
    return readDatasetManifest(dir);
  }
  const names = listShards(from).map(({ name }) => name);
  if (names.length === 0) {
    throw new IcrlError("NOT_A_DATASET", `${from} has no shards: collect something first`, { folder: from });
  }
  const labels = listLabels(from);
  removeFiles(dir, leftBehind(dir));
  const every = subsample ?? 1;
  if (every === 1 && !(await haveEarlier(from))) linkShards(from, dir, names, labels);
  else await rewriteShards(from, dir, names, labels, every);
  fsyncFolder(dir);
  const manifest = await sealDataset(dir, { ...head, subsample: subsample ?? null }, onProgress);
  removeCollecting(dir);
  return manifest;
}

/** What others put there stays. */
function removeCollecting(dir: string): void {
  removeFiles(collectingFolder(dir), COLLECTING.files(collectingFolder(dir)));
  removeEmpty(collectingFolder(dir));
}

/** Shards and labels that an earlier attempt had put into place. */
const leftBehind = (dir: string): string[] =>
  BEGUN_DATASET.files(dir).filter((file) => file.startsWith("data/") || file.startsWith("labels/"));

function linkShards(from: string, dir: string, names: readonly string[], labels: readonly string[]): void {
  mkdirSync(dataFolder(dir), { recursive: true });
  for (const name of names) linkOrCopy(join(dataFolder(from), name), join(dataFolder(dir), name));
  fsyncFolder(dataFolder(dir));
  for (const label of labels) {
    mkdirSync(labelFolder(dir, label), { recursive: true });
    linkOrCopy(labelHeadPath(from, label), labelHeadPath(dir, label));
    for (const name of names) linkOrCopy(join(labelFolder(from, label), name), join(labelFolder(dir, label), name));
    fsyncFolder(labelFolder(dir, label));
  }
}

/**
 * A second name for a file; a copy where the file system knows no hard links. A log's files are their owner's alone, a dataset's have the
 * mode that new files have, as the folder that was just made for it shows.
 */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EMLINK") throw error;
    copyDurably(from, to);
  }
  chmodSync(to, statSync(dirname(to)).mode & 0o666);
}

/** Whether an earlier version of icrl began the collection: a finished dataset is of one schema. */
async function haveEarlier(from: string): Promise<boolean> {
  const paths = shardPaths(from);
  const old = withDuckDb(paths, (connection) => corruptIfRefused(from, () => earlierFiles(connection, paths)));
  return (await old).size > 0;
}

async function rewriteShards(
  from: string,
  dir: string,
  names: readonly string[],
  labels: readonly string[],
  every: number,
): Promise<void> {
  const heads = labels.map((name) => readLabelHead(from, name));
  const writer = createDatasetWriter(dir, heads);
  for await (const shard of readDatasetShards(from, names, labels)) {
    writer.append(shard, rangesOf(everyKth(int32Column(shard.data, "episode_index"), every)));
  }
  writer.close();
}

/** Rows whose episode's number in its trial is a multiple of `every`. */
export function everyKth(episodeIndex: Int32Array, every: number): number[] {
  const rows: number[] = [];
  for (let row = 0; row < episodeIndex.length; row += 1) if (episodeIndex[row] % every === 0) rows.push(row);
  return rows;
}
