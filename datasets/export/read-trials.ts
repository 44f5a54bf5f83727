/** A dataset's trials in order, each with its label: what every export is made from. */
import { basename } from "node:path";
import type { Data, RecordBatch } from "apache-arrow";
import { IcrlError } from "../../common/errors.js";
import { type DatasetManifest, folderLabels } from "../folder/dataset-manifest.js";
import { batchRows } from "../log/batch-rows.js";
import type { TrajectoryRow } from "../log/trajectory-schema.js";
import { readDatasetShards } from "../read/dataset-shards.js";

/** An episode with what its label says. */
export interface LabelledEpisode {
  readonly row: TrajectoryRow;
  /** [T] the label's actions; absent when no label was asked for. */
  readonly labelActions: Int32Array | undefined;
  /** [T x A], row-major; absent where the label has none. */
  readonly labelProbabilities: Float32Array | undefined;
}

/** A trial. */
export interface Trial {
  /** Id of its task in the manifest. */
  readonly taskId: string;
  /** In order, at least one. */
  readonly episodes: readonly LabelledEpisode[];
}

/** What of a dataset is read. */
export interface TrialSelection {
  /** Name of a label. */
  readonly label: string | undefined;
  /** Id of the only task that is wanted. */
  readonly task: string | undefined;
  /** Only episodes whose number in their trial is a multiple of this. */
  readonly every: number | undefined;
}

/**
 * The trials, in the dataset's order. Lists are views of a shard's memory; two shards are in memory at a time.
 *
 * @throws LOG_CORRUPT if a file cannot be read
 * @throws DATASET_CORRUPT if a label is not of the data it stands beside
 */
export async function* readTrials(
  dir: string,
  manifest: DatasetManifest,
  { label, task, every = 1 }: TrialSelection,
): AsyncGenerator<Trial> {
  const beside = label !== undefined && folderLabels(manifest).has(label) ? [label] : [];
  const names = manifest.shards.map(({ file }) => basename(file));
  let open: { id: string; taskId: string; episodes: LabelledEpisode[] } | undefined;
  for await (const shard of readDatasetShards(dir, names, beside)) {
    const labelOf = labelReader(label, label === undefined ? undefined : shard.labels.get(label), shard.name);
    let index = 0;
    for (const row of batchRows(shard.data)) {
      const taskId = row.task_id;
      const wanted = (task === undefined || task === taskId) && row.episode_index % every === 0;
      if (open !== undefined && open.id !== row.trial_id) {
        yield open;
        open = undefined;
      }
      if (wanted) {
        open ??= { id: row.trial_id, taskId, episodes: [] };
        open.episodes.push({ row, ...labelOf(row, index) });
      }
      index += 1;
    }
    // A trial is in one shard.
    if (open !== undefined) yield open;
    open = undefined;
  }
}

type Label = Pick<LabelledEpisode, "labelActions" | "labelProbabilities">;

const NO_LABEL: Label = { labelActions: undefined, labelProbabilities: undefined };

/** Reads the label of a shard's row. */
function labelReader(
  label: string | undefined,
  batch: RecordBatch | undefined,
  shard: string,
): (row: TrajectoryRow, index: number) => Label {
  if (label === undefined) return () => NO_LABEL;
  const corrupt = (row: TrajectoryRow, what: string) =>
    new IcrlError(
      "DATASET_CORRUPT",
      `label "${label}" of episode ${row.episode_id} in ${shard} ${what}: label again, or restore it from a backup`,
    );
  const checked = (row: TrajectoryRow, actions: Int32Array | null, probabilities?: Float32Array | null): Label => {
    if (actions === null) throw corrupt(row, "is missing");
    if (actions.length !== row.length) throw corrupt(row, `has ${actions.length} actions for ${row.length} steps`);
    return { labelActions: actions, labelProbabilities: probabilities ?? undefined };
  };
  if (batch === undefined) {
    return (row) => checked(row, label === "self" ? row.actions : row.optimal_actions);
  }
  const actions = listReader<Int32Array>(batch, "actions");
  const probabilities = listReader<Float32Array>(batch, "probabilities");
  return (row, index) => checked(row, actions(index), probabilities(index));
}

/** Lists of a column, as views of the batch's memory; null where the list is. */
function listReader<A extends Int32Array | Float32Array>(
  batch: RecordBatch,
  name: string,
): (index: number) => A | null {
  const vector = batch.getChild(name);
  const data: Data | undefined = vector?.data[0];
  if (data === undefined) return () => null;
  const values = data.children[0].values as A;
  return (index) =>
    vector?.isValid(index) ? (values.subarray(data.valueOffsets[index], data.valueOffsets[index + 1]) as A) : null;
}
