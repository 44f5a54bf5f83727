/** Writing label shards: zstd Parquet, first under a temporary name, then in its place. Synchronous: it runs in the label worker. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import {
  type Data,
  Float32,
  Int32,
  type List,
  makeData,
  RecordBatch,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { Compression, Table as WasmTable, WriterPropertiesBuilder, writeParquet } from "parquet-wasm";
import { LABEL_SCHEMA } from "../../datasets/label-schema.js";
import { fsyncFolder } from "../trajectories/shard-file.js";
import type { CollectedLabels } from "./label-shard.js";

/** A shard whose trials are all labelled. */
export interface LabelledShard {
  readonly labels: CollectedLabels;
  /** Where it goes. */
  readonly path: string;
  /** By row. */
  readonly episodeIds: readonly string[];
}

/** Writes one durably: it is there in whole or not at all. */
export function writeLabelFile(shard: LabelledShard): void {
  const batch = labelBatch(shard);
  const stream = tableToIPC(new Table(batch), "stream");
  const properties = new WriterPropertiesBuilder()
    .setCompression(Compression.ZSTD)
    .setDictionaryEnabled(process.env.DICT === "1")
    .setCreatedBy("icrl")
    .build();
  const bytes = writeParquet(WasmTable.fromIPCStream(stream), properties);
  const temporary = `${shard.path}.tmp`;
  try {
    const fd = openSync(temporary, "w");
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, shard.path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  fsyncFolder(dirname(shard.path));
}

function labelBatch({ episodeIds, labels }: LabelledShard): RecordBatch {
  const rows = episodeIds.length;
  const [, actionsField, probabilitiesField] = LABEL_SCHEMA.fields;
  const actions = makeData({
    type: actionsField.type as List<Int32>,
    length: rows,
    nullCount: 0,
    valueOffsets: labels.stepOffsets,
    child: makeData({ type: new Int32(), length: labels.actions.length, nullCount: 0, data: labels.actions }),
  });
  const children: Data[] = [
    vectorFromArray(episodeIds, new Utf8()).data[0],
    actions,
    probabilityList(labels, probabilitiesField.type as List<Float32>),
  ];
  return new RecordBatch(
    LABEL_SCHEMA,
    makeData({ type: new Struct(LABEL_SCHEMA.fields), length: rows, nullCount: 0, children }),
  );
}

/** The known rows' probabilities side by side, nulls between them. */
function probabilityList({ known, probabilities, probabilityOffsets }: CollectedLabels, type: List<Float32>): Data {
  const rows = known.length;
  const valueOffsets = new Int32Array(rows + 1);
  const nullBitmap = new Uint8Array((rows + 7) >> 3);
  let nullCount = 0;
  for (let row = 0; row < rows; row++) {
    const from = probabilityOffsets[row];
    const to = probabilityOffsets[row + 1];
    const at = valueOffsets[row];
    if (known[row] === 1) {
      nullBitmap[row >> 3] |= 1 << (row & 7);
      if (at !== from) probabilities.copyWithin(at, from, to); // towards the front: what is overwritten was a null's, or moved
      valueOffsets[row + 1] = at + to - from;
    } else {
      nullCount += 1;
      valueOffsets[row + 1] = at;
    }
  }
  const length = valueOffsets[rows];
  return makeData({
    type,
    length: rows,
    nullCount,
    nullBitmap,
    valueOffsets,
    child: makeData({ type: new Float32(), length, nullCount: 0, data: probabilities.subarray(0, length) }),
  });
}
