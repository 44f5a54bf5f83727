/**
 * dataset.json: what a dataset is, and proof that it is whole. It is written last, so its presence means that the dataset is
 * finished. docs/datasets.md describes it; a field is never renamed or given another meaning within one `schema_version`.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { checkDocument, type DocumentKind, parseJson, readText, schemaOf } from "../files/document.js";
import { replaceDurably } from "../files/durable-file.js";
import { datasetDocument } from "./dataset-schema.js";

/** Raised when a field is renamed, removed or means something else, or the data gets another schema; new fields do not raise it. 2 may have data of the log's schema 2. */
export const DATASET_SCHEMA_VERSION = 3;

/** Option names to values, as JSON. */
export type Options = Readonly<Record<string, unknown>>;

/** A Parquet file of the dataset. */
export interface ShardFile {
  /** Path within the dataset's folder, with forward slashes. */
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** A part of the mixture that acted, as it is described. */
export interface BehaviourHead {
  /** `behaviour_component` in the data. */
  readonly name: string;
  readonly agent: string;
  readonly options: Options;
  /** Share of the trials it was drawn with, relative to the others'. */
  readonly weight: number;
}

/** A part of the mixture, with what it played. */
export interface BehaviourEntry extends BehaviourHead {
  readonly trials: number;
  readonly episodes: number;
}

/** What an agent observes; `n` for discrete, `shape` for box. */
export interface ObservationSpaceEntry {
  readonly type: "none" | "discrete" | "box";
  readonly n?: number;
  readonly shape?: readonly number[];
}

/** How rewards are distributed; bounds are inclusive, absent where there are none. */
export interface RewardEntry {
  readonly kind: string;
  readonly min?: number;
  readonly max?: number;
  readonly noise_std?: number;
}

/** A task of the dataset, as it is described. */
export interface TaskHead {
  /** Id in the spec; `task_id` in the data. */
  readonly id: string;
  /** Family. */
  readonly task: string;
  /** All options, defaults filled in. */
  readonly options: Options;
  readonly num_actions: number;
  /** Most steps of an episode. */
  readonly horizon: number;
  /** Episodes of a trial as it is played; a subsampled dataset holds fewer. */
  readonly episodes_per_trial: number;
  /** Most steps of a trial, where that is known to be less than so many episodes of so many steps. */
  readonly steps_per_trial?: number;
  readonly observation_space: ObservationSpaceEntry;
  /** Empty when there are none. */
  readonly trial_features_shape: readonly number[];
  readonly reward: RewardEntry;
}

/** A task, with what was played of it. */
export interface TaskEntry extends TaskHead {
  readonly trials: number;
  readonly episodes: number;
  /** How many instances are in the data; absent where that is not known: it was imported, or an earlier version finished it. */
  readonly instances?: number;
}

/** A label that is a column of the data. */
export interface ColumnLabel {
  readonly column: "actions" | "optimal_actions";
}

/** A label that stands beside the data. */
export interface FolderLabel {
  /** `labels/NAME`. */
  readonly folder: string;
  /** The expert. */
  readonly agent: string;
  readonly agent_version: string;
  readonly agent_options: Options;
  /** Whether the expert gave probabilities, for some episode at least. */
  readonly probabilities: boolean;
  /** One for each shard of the data, in the same order. */
  readonly shards: readonly ShardFile[];
}

/** What a dataset was made from. */
export interface SourceEntry {
  readonly id: string;
  readonly name: string;
  readonly made_by: MadeBy;
  readonly seed: string | null;
  readonly episodes: number;
  readonly spec: unknown;
  readonly made_with: Options;
  readonly sources: readonly SourceEntry[];
}

/** What made a dataset. */
export type MadeBy = "collect" | "merge" | "split" | "filter" | "import";

/** What of a manifest does not follow from the files. */
export interface DatasetHead {
  /** A name for people. */
  readonly name: string;
  /** Of the collection, or derived from what it was made from and how. */
  readonly id: string;
  readonly made_by: MadeBy;
  /** Arguments of merge, split, filter or import; empty for a collection. */
  readonly made_with: Options;
  /** False where the truth of its instances is not known, for it was imported: no seeds, no regret, no best actions. Absent: it is. */
  readonly truth_known?: boolean;
  /** The spec, resolved; null when it is not one collection's. */
  readonly spec: unknown;
  /** Seed of all trials, decimal; null when they have several. */
  readonly seed: string | null;
  /** SPDX identifier or Hugging Face's name of a license; null when none was given. */
  readonly license: string | null;
  readonly versions: { readonly icrl: string; readonly node: string };
  /** Every k-th episode of each trial was kept, beginning with the first; null: all. */
  readonly subsample: number | null;
  readonly behaviours: readonly BehaviourHead[];
  readonly tasks: readonly TaskHead[];
  readonly sources: readonly SourceEntry[];
}

/** dataset.json. */
export interface DatasetManifest extends Omit<DatasetHead, "versions" | "behaviours" | "tasks"> {
  readonly schema_version: number;
  readonly versions: DatasetHead["versions"] & {
    /** Task families to the versions that were played. */
    readonly tasks: Readonly<Record<string, number>>;
    /** Agents to the versions that acted. */
    readonly agents: Readonly<Record<string, string>>;
  };
  readonly trials: number;
  readonly episodes: number;
  readonly steps: number;
  /** Whether a behaviour saw the truth. */
  readonly privileged: boolean;
  readonly behaviours: readonly BehaviourEntry[];
  readonly tasks: readonly TaskEntry[];
  readonly labels: Readonly<Record<string, ColumnLabel | FolderLabel>>;
  readonly shards: readonly ShardFile[];
}

/** The manifest of a dataset. */
export const datasetPath = (dir: string): string => join(dir, "dataset.json");
/** Where everything lies while a dataset is collected: a server's log folder. */
export const collectingFolder = (dir: string): string => join(dir, "collecting");

/** Whether a folder is a finished dataset. */
export const isDataset = (dir: string): boolean => existsSync(datasetPath(dir));

/** Labels that stand beside the data, by name. */
export function folderLabels({ labels }: DatasetManifest): Map<string, FolderLabel> {
  return new Map(Object.entries(labels).flatMap(([name, label]) => ("folder" in label ? [[name, label]] : [])));
}

/** All files that a manifest lists: the data's shards, then the labels'. */
export const listedFiles = (manifest: DatasetManifest): ShardFile[] => [
  ...manifest.shards,
  ...Array.from(folderLabels(manifest).values(), ({ shards }) => shards).flat(),
];

/**
 * The manifest.
 *
 * @throws NOT_A_DATASET if there is none: the folder is missing, is something else, or is not finished
 * @throws DATASET_CORRUPT if it is not what was written
 * @throws DATASET_TOO_NEW if a later version of icrl wrote it
 */
export function readDatasetManifest(dir: string): DatasetManifest {
  const path = datasetPath(dir);
  if (!existsSync(path)) throw notADataset(dir);
  const content = parseJson(readText(path, MANIFEST), path, MANIFEST);
  // Asked first: what a later version wrote need not fit this one's schema.
  const version = (content as Partial<DatasetManifest> | null)?.schema_version;
  if (typeof version === "number" && version > DATASET_SCHEMA_VERSION) {
    throw new IcrlError(
      "DATASET_TOO_NEW",
      `${path} has schema_version ${version}, this version of icrl reads ${DATASET_SCHEMA_VERSION}: install a newer one`,
      { file: path },
    );
  }
  return checkDocument(content, path, MANIFEST);
}

const MANIFEST: DocumentKind<DatasetManifest> = {
  schema: schemaOf<DatasetManifest>()(datasetDocument),
  reason: "DATASET_CORRUPT",
  remedy: "restore it from a backup",
};

/** Writes it: whoever reads sees the old one or the new one, also after a crash. */
export function writeDatasetManifest(dir: string, manifest: DatasetManifest): void {
  replaceDurably(datasetPath(dir), Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
}

function notADataset(dir: string): IcrlError {
  const text = existsSync(collectingFolder(dir))
    ? `${dir} is not finished: \`icrl dataset collect SPEC --out ${dir}\` with the same spec goes on with it`
    : !existsSync(dir)
      ? `${dir} does not exist: give a dataset's folder`
      : !statSync(dir).isDirectory()
        ? `${dir} is a file: give a dataset's folder`
        : existsSync(join(dir, "data"))
          ? `${dir} has data/ and no dataset.json: it is a log, or a dataset whose manifest was lost (restore it from a backup)`
          : `${dir} has no dataset.json: give a dataset's folder`;
  return new IcrlError("NOT_A_DATASET", text, { folder: dir });
}
