/** Arrow to rows: the inverse of batch-builder.ts. */
import type { RecordBatch } from "apache-arrow";
import { valuesOf } from "./batch-values.js";
import type { RowValue } from "./columns.js";
import { trajectoryBatches } from "./trajectory-batches.js";
import { TRAJECTORY_COLUMNS, type TrajectoryRow } from "./trajectory-schema.js";

/**
 * Rows of a batch of the log, in order. Lists are views of the batch's memory.
 * Columns that the batch lacks are null.
 */
export function* batchRows(batch: RecordBatch): Generator<TrajectoryRow> {
  const getters = TRAJECTORY_COLUMNS.map(({ name }) => [name, valuesOf(batch, name)] as const);
  for (let index = 0; index < batch.numRows; index += 1) {
    const row: Record<string, RowValue> = {};
    for (const [name, get] of getters) row[name] = get(index);
    yield row as unknown as TrajectoryRow;
  }
}

/**
 * Rows of an Arrow IPC stream, in order.
 *
 * @param file where it is from, for messages
 * @param columns that it has; all by default
 * @throws LOG_CORRUPT if it is not what it says of itself
 */
export function* ipcRows(
  stream: Uint8Array,
  file = "an Arrow stream",
  columns?: readonly string[],
): Generator<TrajectoryRow> {
  for (const batch of trajectoryBatches(stream, file, columns)) yield* batchRows(batch);
}
