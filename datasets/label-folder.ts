/**
 * Labels beside the data:
 *
 *   labels/<name>/label.json                     who labelled
 *   labels/<name>/trajectories-<first>.parquet   row i belongs to row i of the data's shard of the same name
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../common/errors.js";
import type { Options } from "./dataset-manifest.js";

/** Columns of a label's shards, by their SQL types. T is the episode's length, A the number of actions. */
export const LABEL_COLUMNS = [
  { name: "episode_id", sql: "VARCHAR", help: "the episode" },
  { name: "actions", sql: "INTEGER[]", help: "[T] what the expert would have done" },
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

/** Names of the labels that have a folder, sorted. */
export function listLabels(dir: string): string[] {
  if (!existsSync(labelsFolder(dir))) return [];
  return readdirSync(labelsFolder(dir), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** @throws DATASET_CORRUPT if it is missing or not JSON */
export function readLabelHead(dir: string, name: string): LabelHead {
  const path = labelHeadPath(dir, name);
  try {
    return JSON.parse(readFileSync(path, "utf8")) as LabelHead;
  } catch (error) {
    const text = `${path} cannot be read (${(error as Error).message}): label again, or restore it from a backup`;
    throw new IcrlError("DATASET_CORRUPT", text, { file: path });
  }
}
