/**
 * Labels beside a dataset's data: what an expert would have done at every step of somebody else's trajectories.
 *
 *   labels/<name>/label.json                       whose labels they are
 *   labels/<name>/trajectories-<first>.parquet     row i belongs to row i of the data shard of the same name
 *   labels/<name>/*.parquet.tmp, lock              while they are being made
 */
import { join } from "node:path";
import { Field, Float32, Int32, List, Schema, Utf8 } from "apache-arrow";

/** Raised whenever a column of the labels changes. */
export const LABEL_SCHEMA_VERSION = 1;

/** Columns of a label shard. T is the episode's length, A the task's number of actions. */
export const LABEL_SCHEMA = new Schema(
  [
    new Field("episode_id", new Utf8(), false),
    /** [T] what the expert chose. */
    new Field("actions", new List(new Field("item", new Int32(), false)), false),
    /** [T x A], row-major, the law of each choice; null where it is unknown at any step of the episode. */
    new Field("probabilities", new List(new Field("item", new Float32(), false)), true),
  ],
  new Map([["icrl.label_schema_version", String(LABEL_SCHEMA_VERSION)]]),
);

/** Names that are columns of the data, and so no labels of their own: the behaviour's action and the best one. */
export const COLUMN_LABELS: Readonly<Record<string, string>> = { self: "actions", optimal: "optimal_actions" };

/** What label.json says. */
export interface LabelHeader {
  readonly schema_version: number;
  readonly name: string;
  readonly agent: string;
  readonly agent_version: string;
  readonly agent_options: Readonly<Record<string, unknown>>;
}

/** Folder of the labels of a name. */
export const labelFolder = (dir: string, name: string): string => join(dir, "labels", name);
/** Who made them. */
export const labelHeaderPath = (dir: string, name: string): string => join(labelFolder(dir, name), "label.json");
/** The labels of a data shard. */
export const labelShardPath = (dir: string, name: string, shard: string): string => join(labelFolder(dir, name), shard);

/** Whether labels can have this name: it is a folder's, and no column's. */
export function isLabelName(name: string): boolean {
  return /^[A-Za-z0-9][\w.+-]{0,99}$/.test(name) && !Object.hasOwn(COLUMN_LABELS, name);
}
