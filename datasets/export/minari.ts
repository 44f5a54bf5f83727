/**
 * `minari`: a folder that the Minari package loads, in its `arrow` format, one folder per episode:
 *
 *   data/metadata.json              spaces, totals, who and what
 *   data/<i>/part-0.arrow           T + 1 records of episode i: observations, actions, rewards, terminations, truncations, infos
 *   data/<i>/metadata.json          its length, its seed, and what is constant in it
 *
 * The last record of an episode holds its last observation and zeros, as Minari itself pads. Info k is what the k-th step
 * returned, info 0 what the reset did: NaN and -1.
 *
 * Observations are Discrete(n) where states are, Box where what is shown is drawn anew at each step, and Discrete(1) where there is
 * nothing to observe; a bandit's fixed arms are `trial_features` in the episode's metadata. The log has no box after the last
 * step: that record is zeros.
 * Source: Minari 0.5.4, minari/dataset/_storages/arrow_storage.py and minari/serialization.py; versions 0.5.0 to 0.5.4 read it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
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
import { IcrlError } from "../../common/errors.js";
import { VERSION } from "../../common/version.js";
import type { ObservationSpaceEntry } from "../folder/dataset-manifest.js";
import type { ExportFormat, ExportSource, FormatOptions } from "./export-format.js";
import type { LabelledEpisode } from "./read-trials.js";

/** The first version of Minari that reads this layout: it is what a dataset says it was made for. */
const MINARI_VERSION = "0.5.0";

/** Minari's names of datasets, without namespaces. */
const DATASET_ID = /^[-\w]+-v\d+$/;

/** The format. */
export const minari: ExportFormat = {
  defaultLabel: undefined,
  rows: "episodes",
  load: (path) => `minari.MinariDataset(${JSON.stringify(`${path}/data`)})`,
  check(source, out) {
    if (!DATASET_ID.test(basename(out))) {
      throw new IcrlError(
        "EXPORT_UNSUPPORTED",
        `"${basename(out)}" is not the name of a Minari dataset: end PATH in a name with a version, like ${join(out, "..", `${source.manifest.name.replaceAll(/[^-\w]+/g, "-")}-v0`)}`,
      );
    }
    const tasks = [...source.tasks.values()];
    const other = tasks.find((task) => spacesText(task) !== spacesText(tasks[0]));
    if (other === undefined) return;
    throw new IcrlError(
      "EXPORT_UNSUPPORTED",
      `a Minari dataset has one observation space and one action space, but tasks "${tasks[0].id}" and "${other.id}" differ in them: export one with --task ID`,
    );
  },
  open(source, options, path, out) {
    const [task] = source.tasks.values();
    const writeEpisode = episodeWriter(task.observation_space, source.label !== undefined);
    const data = join(path, "data");
    mkdirSync(data);
    let episodes = 0;
    let steps = 0;
    let bytes = 0;
    return {
      append(trial) {
        for (const episode of trial.episodes) {
          const folder = join(data, String(episodes));
          const arrow = writeEpisode(episode);
          const metadata = episodeMetadata(episode, trial.taskId, episodes, source.label);
          mkdirSync(folder);
          writeFileSync(join(folder, "part-0.arrow"), arrow);
          writeFileSync(join(folder, "metadata.json"), metadata);
          episodes += 1;
          steps += episode.row.length;
          bytes += arrow.length + metadata.length;
        }
        return trial.episodes.length;
      },
      close() {
        const totals = { total_episodes: episodes, total_steps: steps, dataset_size: Math.round(bytes / 1e5) / 10 };
        const about = { ...datasetMetadata(source, options, basename(out)), ...totals };
        writeFileSync(join(data, "metadata.json"), `${JSON.stringify(about, null, 2)}\n`);
      },
      abandon() {},
    };
  },
};

type Spaces = { readonly num_actions: number; readonly observation_space: ObservationSpaceEntry };

const spacesText = ({ num_actions, observation_space }: Spaces): string =>
  JSON.stringify([num_actions, observationSpace(observation_space)]);

/** As minari.serialization writes a Discrete space. */
const discrete = (n: number): string => JSON.stringify({ type: "Discrete", dtype: "int64", start: 0, n });

function observationSpace({ type, n, shape = [] }: ObservationSpaceEntry): string {
  if (type === "discrete") return discrete(n ?? 1);
  if (type === "none") return discrete(1);
  // Python's JSON has infinities, JavaScript's has not.
  const full = (value: string) => shape.reduceRight((inner, size) => `[${Array(size).fill(inner).join(", ")}]`, value);
  return `{"type": "Box", "dtype": "float32", "shape": ${JSON.stringify(shape)}, "low": ${full("-Infinity")}, "high": ${full("Infinity")}}`;
}

function datasetMetadata({ manifest, tasks, label }: ExportSource, options: FormatOptions, id: string): object {
  const all = [...tasks.values()];
  const behaviours = manifest.behaviours.filter(({ trials }) => trials > 0);
  const whole = behaviours.reduce((sum, { weight }) => sum + weight, 0);
  const algorithms = behaviours.map(({ name, weight }) =>
    behaviours.length === 1 ? name : `${name} (${Number((weight / whole).toPrecision(4))})`,
  );
  const { observation_space, num_actions } = all[0];
  return {
    dataset_id: id,
    minari_version: MINARI_VERSION,
    data_format: "arrow",
    observation_space: observationSpace(observation_space),
    action_space: discrete(num_actions),
    author: options.authors.length > 0 ? options.authors : [`icrl ${VERSION}`],
    ...(options.codePermalink === undefined ? {} : { code_permalink: options.codePermalink }),
    algorithm_name: algorithms.join(", "),
    description: `Trajectories of ${all.map(({ task }) => task).join(", ")}, exported from the icrl dataset "${manifest.name}" (${manifest.id}). Episode metadata has the trial that an episode belongs to; the episodes of a trial are consecutive. There is no Gymnasium environment to recover: the tasks are played by an icrl server, from each episode's seeds.`,
    icrl: {
      version: VERSION,
      dataset: { id: manifest.id, name: manifest.name, seed: manifest.seed },
      tasks: all,
      behaviours,
      label: label ?? null,
    },
  };
}

/** Of what is constant in an episode. Seeds are whole numbers, which Python reads exactly. */
function episodeMetadata({ row }: LabelledEpisode, task: string, id: number, label: string | undefined): string {
  const members: [string, string][] = [
    ["id", String(id)],
    ["total_steps", String(row.length)],
    ...(row.task_seed === null ? [] : ([["seed", String(row.task_seed)]] as [string, string][])),
    ["episode_id", JSON.stringify(row.episode_id)],
    ["trial_id", JSON.stringify(row.trial_id)],
    ["trial_index", String(row.trial_index)],
    ["episode_index", String(row.episode_index)],
    ["noise_seed", String(row.noise_seed)],
    ["task", JSON.stringify(task)],
    ["behaviour", JSON.stringify(row.behaviour_component ?? row.entrant ?? row.agent)],
    ["return", JSON.stringify(row.return)],
    ["regret", JSON.stringify(row.regret)],
    ["optimal_value", JSON.stringify(row.optimal_value)],
    ...(row.trial_features === null
      ? []
      : ([["trial_features", JSON.stringify(Array.from(row.trial_features))]] as [string, string][])),
    ...(label === undefined ? [] : ([["label", JSON.stringify(label)]] as [string, string][])),
  ];
  return `{${members.map(([name, value]) => `"${name}": ${value}`).join(", ")}}\n`;
}

/** Makes the Arrow file of an episode. */
function episodeWriter(space: ObservationSpaceEntry, labelled: boolean): (episode: LabelledEpisode) => Uint8Array {
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
        : int64Data(row.observations, records, 0, 0);
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
