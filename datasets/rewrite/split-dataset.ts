import { join } from "node:path";
import { type DatasetManifest, readDatasetManifest } from "../folder/dataset-manifest.js";
import { type OnProgress, sealDataset } from "../folder/seal-dataset.js";
import { requireTruth } from "../folder/truth-known.js";
import { valuesOf } from "../log/batch-values.js";
import { makeOutput } from "../output/make-output.js";
import { SPLIT } from "../output/output-kinds.js";
import { readDatasetShards } from "../read/dataset-shards.js";
import {
  INSTANCE_COLUMNS,
  instanceSplit,
  type Parts,
  requireInstances,
  SPLITS_BY_INSTANCE,
} from "../read/instance-split.js";
import { rangesOf } from "../read/take-rows.js";
import { createDatasetWriter } from "./dataset-writer.js";
import { derivedHead, labelHeads } from "./derived-head.js";

/** How to split. */
export interface SplitOptions {
  /** Names of parts, which become folders, to their shares. */
  readonly parts: Parts;
  readonly seed: bigint;
  /** Of the Node.js that runs, for the manifest. */
  readonly nodeVersion: string;
  readonly overwrite?: boolean;
  readonly onProgress?: OnProgress;
}

/**
 * Splits a dataset by instance, so that no instance is in two parts, whoever acted in it. See instanceSplit.
 *
 * @returns manifests of OUT/PART, by name of the part
 * @throws OUTPUT_EXISTS, OPTION_INVALID, what readDatasetManifest throws
 * @throws TRUTH_UNKNOWN if nobody knows which instances they are
 * @throws SELECTION_EMPTY if a part gets nothing, or a task has fewer instances than there are parts
 */
export async function splitDataset(
  dir: string,
  out: string,
  { parts, seed, nodeVersion, overwrite = false, onProgress }: SplitOptions,
): Promise<Map<string, DatasetManifest>> {
  const source = readDatasetManifest(dir);
  requireTruth(dir, source, SPLITS_BY_INSTANCE);
  const partOf = instanceSplit(parts, seed);
  const names = Object.keys(parts);
  requireInstances(dir, source, names.length, "`icrl dataset filter` chooses trials by other columns");
  const labels = labelHeads(source);
  return makeOutput(out, SPLIT, overwrite, async (partial) => {
    const writers = names.map((name) => createDatasetWriter(join(partial, name), labels));
    const shards = source.shards.map(({ file }) => file.slice("data/".length));
    let done = 0;
    for await (const shard of readDatasetShards(
      dir,
      shards,
      labels.map(({ name }) => name),
    )) {
      const [task, instance, taskSeed] = INSTANCE_COLUMNS.map((name) => valuesOf(shard.data, name));
      const rows: number[][] = names.map(() => []);
      for (let row = 0; row < shard.data.numRows; row += 1) {
        rows[partOf(task(row) as string, instance(row) as string | null, taskSeed(row) as bigint)].push(row);
      }
      for (const [i, writer] of writers.entries()) writer.append(shard, rangesOf(rows[i]));
      done += shard.data.numRows;
      onProgress?.(done, source.episodes);
    }
    const made = new Map<string, DatasetManifest>();
    for (const [i, name] of names.entries()) {
      writers[i].close();
      const madeWith = { part: name, parts, seed: String(seed) };
      const head = derivedHead(source, "split", madeWith, `${source.name}, ${name}`, nodeVersion);
      made.set(name, await sealDataset(join(partial, name), head));
    }
    return made;
  });
}
