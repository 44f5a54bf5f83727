/**
 * Labels beside the data:
 *
 *   labels/<name>/label.json                     who labelled
 *   labels/<name>/trajectories-<first>.parquet   row i belongs to row i of the data's shard of the same name
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { isFileName } from "../../common/names.js";
import { type DocumentKind, readDocument, schemaOf, shown } from "../files/document.js";
import type { Options } from "./dataset-manifest.js";
import { labelDocument } from "./dataset-schema.js";

/** Columns of a label's shards, by their SQL types. T is the episode's length, A the number of actions. */
export const LABEL_COLUMNS = [
  { name: "episode_id", sql: "VARCHAR", help: "the episode" },
  {
    name: "actions",
    sql: "INTEGER[]",
    help: "[T] what the expert would have done; -1 where an imported one gave none",
  },
  { name: "probabilities", sql: "FLOAT[]", help: "[T x A], row-major, of all actions; null where unknown" },
] as const;

/** label.json. */
export interface LabelHead {
  readonly name: string;
  /** The expert. */
  readonly agent: string;
  readonly agent_version: string;
  readonly agent_options: Options;
  readonly schema_version: number;
}

/** Folder of all labels. */
export const labelsFolder = (dir: string): string => join(dir, "labels");
/** Folder of one. */
export const labelFolder = (dir: string, name: string): string => join(dir, "labels", name);
/** Who labelled. */
export const labelHeadPath = (dir: string, name: string): string => join(labelFolder(dir, name), "label.json");

/** Names of the labels that have a folder, sorted; folders whose name no label has are somebody else's. */
export function listLabels(dir: string): string[] {
  if (!existsSync(labelsFolder(dir))) return [];
  return readdirSync(labelsFolder(dir), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isFileName(entry.name))
    .map((entry) => entry.name)
    .sort();
}

/** @throws DATASET_CORRUPT if it is missing, or not what was written */
export function readLabelHead(dir: string, name: string): LabelHead {
  const path = labelHeadPath(dir, name);
  const head = readDocument(path, LABEL);
  if (head.name === name) return head;
  throw new IcrlError(
    "DATASET_CORRUPT",
    `${path} is of labels ${shown(head.name)}, in the folder of "${name}": ${LABEL.remedy}`,
    {
      file: path,
    },
  );
}

const LABEL: DocumentKind<LabelHead> = {
  schema: schemaOf<LabelHead>()(labelDocument),
  reason: "DATASET_CORRUPT",
  remedy: "label again, or restore it from a backup",
  mostBytes: 1 << 20,
};
