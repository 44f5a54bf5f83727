/** The Arrow file of an episode in a Minari dataset; minari.ts says what it holds. */
import {
  Bool,
  type DataType,
  Field,
  FixedSizeList,
  Float32,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
} from "apache-arrow";
import type { ObservationSpaceEntry } from "../folder/dataset-manifest.js";
import type { LabelledEpisode } from "./read-trials.js";

/**
 * Makes the function that gives the file.
 *
 * @param space what the task shows
 * @param labelled whether label actions are among the infos
 */
export function episodeWriter(
  space: ObservationSpaceEntry,
  labelled: boolean,
): (episode: LabelledEpisode) => Uint8Array {
  const size = (space.shape ?? []).reduce((product, n) => product * n, 1);
  const observationType: DataType =
    space.type === "box" ? new FixedSizeList(size, new Field("item", new Float32(), true)) : new Int64();
  const infoFields = [
    new Field("propensity", new Float32(), true),
    new Field("regret", new Float32(), true),
    new Field("optimal_action", new Int64(), true),
    ...(labelled ? [new Field("label_action", new Int64(), true)] : []),
  ];
  const schema = new Schema([
    new Field("observations", observationType, true),
    new Field("actions", new Int64(), true),
    new Field("rewards", new Float32(), true),
    new Field("terminations", new Bool(), true),
    new Field("truncations", new Bool(), true),
    new Field("infos", new Struct(infoFields), true),
  ]);
  return ({ row, labelActions }) => {
    const steps = row.length;
    const records = steps + 1;
    const observations =
      space.type === "box"
        ? makeData({
            type: observationType as FixedSizeList,
            length: records,
            nullCount: 0,
            child: float32Data(padded(row.step_features, records * size)),
          })
        : int64Data(row.observations?.map((state) => Math.max(0, state)) ?? null, records, 0, 0); // -1: not known
    const infos = makeData({
      type: new Struct(infoFields),
      length: records,
      nullCount: 0,
      children: [
        float32Data(shifted(row.propensities, records)),
        float32Data(shifted(row.regrets, records)),
        int64Data(row.optimal_actions, records, 1, -1),
        ...(labelled ? [int64Data(labelActions ?? null, records, 1, -1)] : []),
      ],
    });
    const children = [
      observations,
      int64Data(row.actions, records, 0, 0),
      float32Data(padded(row.rewards, records)),
      lastStepData(row.terminated, records),
      lastStepData(row.truncated, records),
      infos,
    ];
    const data = makeData({ type: new Struct(schema.fields), length: records, nullCount: 0, children });
    return RecordBatchFileWriter.writeAll([new RecordBatch(schema, data)]).toUint8Array(true);
  };
}

/** Values, then zeros. */
function padded(values: Float32Array | null, length: number): Float32Array {
  const all = new Float32Array(length);
  if (values !== null) all.set(values);
  return all;
}

/** NaN for the reset, then a value for each step. */
function shifted(values: Float32Array | null, length: number): Float32Array {
  const all = new Float32Array(length).fill(Number.NaN);
  if (values !== null) all.set(values, 1);
  return all;
}

function float32Data(data: Float32Array) {
  return makeData({ type: new Float32(), length: data.length, nullCount: 0, data });
}

/** `values` from `first` on, `fill` elsewhere. */
function int64Data(values: Int32Array | null, length: number, first: number, fill: number) {
  const data = new BigInt64Array(length).fill(BigInt(fill));
  for (let i = 0; values !== null && i < values.length; i += 1) data[first + i] = BigInt(values[i]);
  return makeData({ type: new Int64(), length, nullCount: 0, data });
}

/** `value` at the last step, which stands before the last record; false elsewhere. */
function lastStepData(value: boolean, length: number) {
  const data = new Uint8Array((length + 7) >> 3);
  const last = length - 2;
  if (value && last >= 0) data[last >> 3] |= 1 << (last & 7);
  return makeData({ type: new Bool(), length, nullCount: 0, data });
}
