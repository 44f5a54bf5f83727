/** Writing label shards: there in whole or not at all. Synchronous: it runs in the label worker. */
import {
  type Data,
  Field,
  Float32,
  Int32,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { replaceDurably } from "../../datasets/files/durable-file.js";
import { encodeParquet } from "../../datasets/files/encode-parquet.js";
import { ipcPieces } from "../../datasets/files/ipc-stream.js";
import type { CollectedLabels } from "./label-shard.js";

const ACTIONS = new List(new Field("item", new Int32(), false));
const PROBABILITIES = new List(new Field("item", new Float32(), false));

/** The columns that datasets/folder/label-folder.ts describes. */
const LABEL_SCHEMA = new Schema([
  new Field("episode_id", new Utf8(), false),
  new Field("actions", ACTIONS, false),
  new Field("probabilities", PROBABILITIES, true),
]);

/** A shard whose trials are all labelled. */
export interface LabelledShard {
  readonly labels: CollectedLabels;
  /** Where it goes. */
  readonly path: string;
  /** By row. */
  readonly episodeIds: readonly string[];
}

/** Writes one. */
export function writeLabelFile({ path, episodeIds, labels }: LabelledShard): void {
  replaceDurably(path, encodeParquet(Buffer.concat(ipcPieces(labelBatch(episodeIds, labels))), true));
}

function labelBatch(episodeIds: readonly string[], labels: CollectedLabels): RecordBatch {
  const length = episodeIds.length;
  const children: Data[] = [
    vectorFromArray(episodeIds, new Utf8()).data[0],
    makeData({
      type: ACTIONS,
      length,
      nullCount: 0,
      valueOffsets: labels.stepOffsets,
      child: makeData({ type: new Int32(), length: labels.actions.length, nullCount: 0, data: labels.actions }),
    }),
    probabilityList(labels),
  ];
  return new RecordBatch(
    LABEL_SCHEMA,
    makeData({ type: new Struct(LABEL_SCHEMA.fields), length, nullCount: 0, children }),
  );
}

/** The known rows' probabilities side by side, nulls between them. */
function probabilityList({ known, probabilities, probabilityOffsets }: CollectedLabels): Data {
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
    type: PROBABILITIES,
    length: rows,
    nullCount,
    nullBitmap,
    valueOffsets,
    child: makeData({ type: new Float32(), length, nullCount: 0, data: probabilities.subarray(0, length) }),
  });
}
