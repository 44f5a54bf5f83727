import { type DatasetManifest, readDatasetManifest } from "../folder/dataset-manifest.js";
import type { Lists } from "../log/batch-columns.js";
import { TRAJECTORY_COLUMNS, type TrajectoryRow } from "../log/trajectory-schema.js";
import { readDataset } from "./read-dataset.js";

type Json<T> = T extends Int32Array | Float32Array ? (number | null)[] : T extends bigint ? string : T;

/** An episode as JSON holds it: seeds as decimal texts, times as ISO 8601 texts, unknown numbers null. */
export type DatasetHeadRow = { readonly [N in keyof TrajectoryRow]: Json<TrajectoryRow[N]> } & {
  readonly labels: Readonly<
    Record<string, { readonly actions: (number | null)[]; readonly probabilities: (number | null)[] | null }>
  >;
};

/**
 * The first episodes of a dataset with everything that belongs to them.
 *
 * @throws what readDataset throws
 */
export async function datasetHead(dir: string, episodes: number): Promise<DatasetHeadRow[]> {
  const manifest: DatasetManifest = readDatasetManifest(dir);
  const columns = TRAJECTORY_COLUMNS.map(({ name }) => name);
  for await (const batch of readDataset(dir, { columns, labels: Object.keys(manifest.labels), batchUnits: episodes })) {
    return Array.from({ length: batch.rows }, (_, row) => {
      const cells = TRAJECTORY_COLUMNS.map(({ name, type }) => [name, jsonOf(batch.columns[name], row, type)]);
      const labels = Object.entries(batch.labels).map(([name, { actions, probabilities }]) => [
        name,
        {
          actions: listOf(actions, row),
          probabilities: probabilities === undefined ? null : listOf(probabilities, row),
        },
      ]);
      return { ...Object.fromEntries(cells), labels: Object.fromEntries(labels) } as DatasetHeadRow;
    });
  }
  return [];
}

function jsonOf(values: unknown, row: number, type: string): unknown {
  if (type.startsWith("list<")) return listOf(values as Lists<Float32Array>, row);
  const value = (values as ArrayLike<unknown>)[row];
  if (type === "timestamp") return new Date(value as number).toISOString();
  if (type === "bool") return value === 1;
  if (typeof value === "bigint") return String(value);
  return typeof value === "number" && Number.isNaN(value) ? null : value;
}

function listOf({ offsets, values, nulls }: Lists<Int32Array | Float32Array>, row: number): (number | null)[] | null {
  if (nulls?.[row] === 1) return null;
  return Array.from(values.subarray(offsets[row], offsets[row + 1]), (value) => (Number.isNaN(value) ? null : value));
}
