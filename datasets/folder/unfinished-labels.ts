import { readdirSync } from "node:fs";
import type { DatasetManifest } from "./dataset-manifest.js";
import { labelFolder, listLabels } from "./label-folder.js";

/** Labels that were begun and are not in the manifest: the same expert goes on with them. */
export interface UnfinishedLabel {
  readonly name: string;
  /** Shards that are labelled, of the manifest's. */
  readonly shards: number;
}

/** Those of a dataset, by name. */
export function unfinishedLabels(dir: string, { labels }: DatasetManifest): UnfinishedLabel[] {
  return listLabels(dir)
    .filter((name) => !Object.hasOwn(labels, name))
    .map((name) => ({
      name,
      shards: readdirSync(labelFolder(dir, name)).filter((file) => file.endsWith(".parquet")).length,
    }));
}
