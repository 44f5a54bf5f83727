/** What a labeller is shown of a shard, read into flat columns, row after row. It runs in the label worker. */

import { readParquetFile } from "../../datasets/files/read-parquet.js";
import { batchRows } from "../../datasets/log/batch-rows.js";
import { requireLengths } from "../../datasets/log/checked-batches.js";
import { trajectoryBatches } from "../../datasets/log/trajectory-batches.js";
import type { TrajectoryRow } from "../../datasets/log/trajectory-schema.js";

/** Lists of all rows: those of row i are items[offsets[i]] to items[offsets[i + 1] - 1]. */
export interface FlatLists<A extends Int32Array | Float32Array> {
  readonly items: A;
  readonly offsets: Int32Array<ArrayBuffer>;
}

/** An episode without its steps. */
export interface RecordedEpisode {
  readonly id: string;
  readonly trialId: string;
  readonly trialIndex: bigint;
  readonly episodeIndex: number;
  readonly task: string;
  readonly taskOptionsJson: string;
  readonly complete: boolean;
  readonly return: number;
}

/** A shard without what experts must not know or do not need. Null lists are empty. */
export interface RecordedShard {
  /** By row. */
  readonly episodes: readonly RecordedEpisode[];
  readonly actions: FlatLists<Int32Array>;
  readonly rewards: FlatLists<Float32Array>;
  readonly observations: FlatLists<Int32Array>;
  readonly stepFeatures: FlatLists<Float32Array>;
  readonly trialFeatures: FlatLists<Float32Array>;
}

const COLUMNS: readonly (keyof TrajectoryRow)[] = [
  "episode_id",
  "trial_id",
  "trial_index",
  "episode_index",
  "task",
  "task_options",
  "complete",
  "return",
  "observations",
  "step_features",
  "actions",
  "rewards",
  "trial_features",
];

/** Reads one. Throws what the file system or the Parquet reader throws. @throws LOG_CORRUPT */
export async function readRecordedShard(path: string): Promise<RecordedShard> {
  const rows: TrajectoryRow[] = [];
  for (const batch of trajectoryBatches(await readParquetFile(path, () => COLUMNS), path, COLUMNS)) {
    requireLengths(batch, path);
    rows.push(...batchRows(batch));
  }
  return {
    episodes: rows.map((row) => ({
      id: row.episode_id,
      trialId: row.trial_id,
      trialIndex: row.trial_index,
      episodeIndex: row.episode_index,
      task: row.task,
      taskOptionsJson: row.task_options,
      complete: row.complete,
      return: row.return,
    })),
    actions: flat(rows, (row) => row.actions, Int32Array),
    rewards: flat(rows, (row) => row.rewards, Float32Array),
    observations: flat(rows, (row) => row.observations, Int32Array),
    stepFeatures: flat(rows, (row) => row.step_features, Float32Array),
    trialFeatures: flat(rows, (row) => row.trial_features, Float32Array),
  };
}

/** The memory that a shard can be handed to another thread with. */
export function buffersOf(shard: RecordedShard): ArrayBuffer[] {
  const { actions, rewards, observations, stepFeatures, trialFeatures } = shard;
  return [actions, rewards, observations, stepFeatures, trialFeatures].flatMap(({ items, offsets }) => [
    items.buffer as ArrayBuffer,
    offsets.buffer,
  ]);
}

function flat<A extends Int32Array | Float32Array>(
  rows: readonly TrajectoryRow[],
  list: (row: TrajectoryRow) => A | null,
  type: new (length: number) => A,
): FlatLists<A> {
  const offsets = new Int32Array(rows.length + 1);
  for (const [i, row] of rows.entries()) offsets[i + 1] = offsets[i] + (list(row)?.length ?? 0);
  const items = new type(offsets[rows.length]);
  for (const [i, row] of rows.entries()) items.set(list(row) ?? [], offsets[i]);
  return { items, offsets };
}
