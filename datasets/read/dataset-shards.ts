/** A dataset's shards with their labels, decoded whole and unchanged: what rewriting starts from. */
import { join } from "node:path";
import { RecordBatch, RecordBatchReader } from "apache-arrow";
import { IcrlError } from "../../common/errors.js";
import { labelFolder } from "../folder/label-folder.js";
import { checkedBatches, LABEL_EXPECTED, requireLengths } from "../log/checked-batches.js";
import { decodeShards } from "../log/decode-shards.js";
import { dataFolder } from "../log/log-folder.js";
import { asCurrent, trajectoryBatches } from "../log/trajectory-batches.js";
import { rangesOf, takeRows } from "./take-rows.js";

/** A shard and what belongs to it; row i of each label is row i's. */
export interface DatasetShard {
  /** Its name in data/. */
  readonly name: string;
  readonly data: RecordBatch;
  readonly labels: ReadonlyMap<string, RecordBatch>;
}

/** So many rows in a batch that a shard is one. */
const WHOLE_SHARD = 1 << 30;

/**
 * Shards by name, in that order; two are in memory at a time, the second while the first is used.
 *
 * @param labels names of labels that are wanted too
 * @param columns of the data, `episode_id` among them; all where absent
 * @param lengths whether each row's lists must be as long as the row says: "any" is for whoever looks at that himself
 * @throws LOG_CORRUPT if one cannot be read
 * @throws DATASET_CORRUPT if a label's rows are not those of its shard
 */
export async function* readDatasetShards(
  dir: string,
  names: readonly string[],
  labels: readonly string[],
  columns?: readonly string[],
  lengths: "required" | "any" = "required",
): AsyncGenerator<DatasetShard> {
  const groups = names.map((name) => [
    { path: join(dataFolder(dir), name), batchRows: WHOLE_SHARD, columns },
    ...labels.map((label) => ({ path: join(labelFolder(dir, label), name), batchRows: WHOLE_SHARD })),
  ]);
  let index = 0;
  for await (const streams of decodeShards(groups)) {
    const paths = groups[index].map(({ path }) => path);
    const data =
      oneBatch(trajectoryBatches(streams[0], paths[0], columns)) ?? asCurrent(withoutRows(streams[0]), columns);
    if (lengths === "required") requireLengths(data, paths[0]);
    const beside = streams
      .slice(1)
      .map((stream, i) => oneBatch(checkedBatches(stream, paths[i + 1], () => LABEL_EXPECTED)) ?? withoutRows(stream));
    for (const [i, label] of beside.entries()) checkAligned(data, label, paths[i + 1], paths[0]);
    yield { name: names[index], data, labels: new Map(labels.map((label, i) => [label, beside[i]])) };
    index += 1;
  }
}

/** Batches as one; undefined where there are none. @throws what making them throws */
function oneBatch(all: Iterable<RecordBatch>): RecordBatch | undefined {
  const batches = [...all];
  if (batches.length < 2) return batches[0];
  const ranges = batches.flatMap((batch, source) => [source, 0, batch.numRows]);
  return takeRows(batches, Int32Array.from(ranges));
}

const withoutRows = (stream: Uint8Array): RecordBatch => new RecordBatch(RecordBatchReader.from(stream).open().schema);

function checkAligned(data: RecordBatch, label: RecordBatch, labelPath: string, dataPath: string): void {
  const row = data.numRows === label.numRows ? firstOtherEpisode(data, label) : Math.min(data.numRows, label.numRows);
  if (row === undefined) return;
  throw new IcrlError(
    "DATASET_CORRUPT",
    `row ${row} of ${labelPath} is not that of ${dataPath} (${label.numRows} rows beside ${data.numRows}): label again, or restore it from a backup`,
    { file: labelPath },
  );
}

/** The first row with another episode_id, or undefined when all agree. */
function firstOtherEpisode(data: RecordBatch, label: RecordBatch): number | undefined {
  const a = data.getChild("episode_id")?.data[0];
  const b = label.getChild("episode_id")?.data[0];
  if (a === undefined || b === undefined) return 0;
  const text = (of: typeof a, row: number) =>
    (of.values as Uint8Array).subarray(of.valueOffsets[row], of.valueOffsets[row + 1]);
  for (let row = 0; row < data.numRows; row += 1) if (Buffer.compare(text(a, row), text(b, row)) !== 0) return row;
  return undefined;
}

/** Values of an int32 column. */
export function int32Column(batch: RecordBatch, name: string): Int32Array {
  return batch.getChild(name)?.data[0]?.values as Int32Array;
}

/** All of the batch's rows, as ranges. */
export const allRows = (batch: RecordBatch): Int32Array =>
  batch.numRows === 0 ? rangesOf([]) : Int32Array.of(0, 0, batch.numRows);
