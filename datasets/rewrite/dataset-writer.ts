/** Writing the data and labels of a new dataset: chosen rows of other shards, gathered to shards of a good size. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { copyDurably, fsyncFolder, writeDurably } from "../files/durable-file.js";
import { encodeParquet } from "../files/encode-parquet.js";
import { ipcPieces } from "../files/ipc-stream.js";
import type { ShardFile } from "../folder/dataset-manifest.js";
import { type LabelHead, labelFolder, labelHeadPath } from "../folder/label-folder.js";
import { dataFolder, shardName } from "../log/log-folder.js";
import type { DatasetShard } from "../read/dataset-shards.js";
import { type RowRanges, rowsIn, takeRows } from "../read/take-rows.js";

/** About the most bytes of a shard's rows in memory, labels left out: as large as the log's segments. */
const SHARD_BYTES = 16 << 20;

/** A dataset being written. */
export interface DatasetWriter {
  /** Episodes taken so far. */
  readonly episodes: number;
  /**
   * Takes rows of a shard and of its labels. A shard that is written ends with the rows of some call, so a trial of which one call
   * takes all stays in one shard.
   */
  append(shard: DatasetShard, ranges: RowRanges): void;
  /** Takes a whole shard of another dataset, and its labels, as they are. */
  copy(dir: string, { file, rows }: ShardFile): void;
  /** Writes what is left. */
  close(): void;
}

/**
 * Starts one in a folder without data.
 *
 * @param labels labels that are kept; each appended shard has them
 */
export function createDatasetWriter(dir: string, labels: readonly LabelHead[]): DatasetWriter {
  const folders = new Map([
    ["", dataFolder(dir)],
    ...labels.map(({ name }) => [name, labelFolder(dir, name)] as const),
  ]);
  for (const folder of folders.values()) mkdirSync(folder, { recursive: true });
  for (const head of labels) writeFileSync(labelHeadPath(dir, head.name), `${JSON.stringify(head, null, 2)}\n`);
  /** Rows that wait, by folder: "" is the data's. */
  const waiting = new Map(Array.from(folders.keys(), (name): [string, RecordBatch[]] => [name, []]));
  let first = 0;
  let rows = 0;
  let bytes = 0;

  function flush(): void {
    if (rows === 0) return;
    for (const [name, folder] of folders) {
      const batches = waiting.get(name) ?? [];
      const ranges = batches.flatMap((batch, source) => [source, 0, batch.numRows]);
      const whole = batches.length === 1 ? batches[0] : takeRows(batches, Int32Array.from(ranges));
      writeDurably(join(folder, shardName(first)), encodeParquet(Buffer.concat(ipcPieces(whole))));
      waiting.set(name, []);
    }
    first += rows;
    rows = 0;
    bytes = 0;
  }

  return {
    get episodes() {
      return first + rows;
    },
    append(shard, ranges) {
      if (rowsIn(ranges) === 0) return;
      for (const [name, batches] of waiting) {
        const from = name === "" ? shard.data : (shard.labels.get(name) as RecordBatch);
        const taken = takeRows([from], ranges);
        batches.push(taken);
        if (name === "") bytes += taken.data.byteLength;
      }
      rows += rowsIn(ranges);
      if (bytes >= SHARD_BYTES) flush();
    },
    copy(from, { file, rows: copied }) {
      flush();
      const source = file.slice("data/".length);
      for (const [name, folder] of folders) {
        const path = name === "" ? dataFolder(from) : labelFolder(from, name);
        copyDurably(join(path, source), join(folder, shardName(first)));
      }
      first += copied;
    },
    close() {
      flush();
      for (const folder of folders.values()) fsyncFolder(folder);
    },
  };
}
