/**
 * Reading a dataset: batches of columns, as typed arrays, in bounded memory; the one way in for whatever learns from it.
 *
 * Shuffling is that of windows: shards come in a random order; the units (episodes or trials) of so many shards at a time are put
 * together and shuffled in full. What does not fill a batch goes on into the next window. Each epoch is a permutation of the
 * units, the same for the same seed; it is a uniform one where a window holds all shards.
 *
 * Memory: the wanted columns of `windowShards` + 1 decoded shards (a shard's rows are about 16 MB with all columns) and a batch.
 * Decoding runs in a thread of its own, one shard ahead. Shards that fit one window are decoded once, for all epochs.
 */
import type { RecordBatch } from "apache-arrow";
import { IcrlError } from "../../common/errors.js";
import { type Rng, rngFromSeed } from "../../common/rng.js";
import { type DatasetManifest, folderLabels, readDatasetManifest } from "../folder/dataset-manifest.js";
import { requireTruth } from "../folder/truth-known.js";
import { batchColumns, type ColumnName, type ColumnsByName, type Lists, listsOf } from "../log/batch-columns.js";
import { valuesOf } from "../log/batch-values.js";
import { type DatasetShard, readDatasetShards } from "./dataset-shards.js";
import { INSTANCE_COLUMNS, instanceSplit, type Parts, SPLITS_BY_INSTANCE } from "./instance-split.js";
import { type RowRanges, takeRows } from "./take-rows.js";

/** What is read, and in which order. */
export interface ReadOptions<C extends ColumnName> {
  /** Columns of the data. */
  readonly columns: readonly C[];
  /** Labels by name; `self` and `optimal` are always there. None by default. */
  readonly labels?: readonly string[];
  /** What stays together: single episodes (default), or the episodes of a trial in their order, a learning history. */
  readonly unit?: "episode" | "trial";
  /** Units in a batch; the last of an epoch may have fewer. 256 by default. */
  readonly batchUnits?: number;
  /** Seed of the order; absent: the dataset's own. */
  readonly shuffle?: bigint;
  /** Shards that are shuffled together; 4 by default, and 1 where nothing is shuffled. */
  readonly windowShards?: number;
  /** How often everything is read; 1 by default, Infinity for ever. */
  readonly epochs?: number;
  /**
   * Where to begin: this batch (from 0) of this epoch. What is read then is what follows there when reading began at the
   * beginning, with the same order and `batchUnits`. Batches before it in its epoch are decoded and not made.
   */
  readonly from?: { readonly epoch: number; readonly batch: number };
  /** Only this task, by its id. */
  readonly task?: string;
  /** Only what this behaviour did. */
  readonly behaviour?: string;
  /** Only one part of a split by instance, as `icrl dataset split` makes it. */
  readonly split?: { readonly parts: Parts; readonly seed: bigint; readonly part: string };
}

/** What an expert says, beside a batch's rows. */
export interface LabelColumns {
  /** [T] of each row. */
  readonly actions: Lists<Int32Array>;
  /** [T x A] of each row, row-major; undefined where the label has none at all. */
  readonly probabilities: Lists<Float32Array> | undefined;
}

/** Some rows. All arrays are the batch's own. */
export interface DatasetBatch<C extends ColumnName> {
  /** From 0. */
  readonly epoch: number;
  /** Which batch of the epoch, from 0. */
  readonly index: number;
  readonly rows: number;
  /** Unit i has the rows units[i] to units[i + 1] - 1. */
  readonly units: Int32Array;
  readonly columns: ColumnsByName<C>;
  readonly labels: Readonly<Record<string, LabelColumns>>;
}

/** Shards whose rows are being handed out: the data, and each folder label. */
interface Source {
  readonly data: RecordBatch;
  readonly labels: ReadonlyMap<string, RecordBatch>;
}

/**
 * Batches of a dataset.
 *
 * @throws NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW, LOG_CORRUPT if it is missing or not what was written
 * @throws LABEL_UNKNOWN if it has no such label
 * @throws TRUTH_UNKNOWN if it is to be split, and has no instances' seeds
 * @throws SELECTION_EMPTY if nothing matches
 */
export async function* readDataset<C extends ColumnName>(
  dir: string,
  options: ReadOptions<C>,
): AsyncGenerator<DatasetBatch<C>> {
  const manifest = readDatasetManifest(dir);
  if (options.split !== undefined) requireTruth(dir, manifest, SPLITS_BY_INSTANCE);
  const { shuffle, unit = "episode", batchUnits = 256, epochs = 1, from = { epoch: 0, batch: 0 } } = options;
  const windowShards = options.windowShards ?? (shuffle === undefined ? 1 : 4);
  const beside = requireLabels(dir, manifest, options.labels ?? []);
  const filter = rowFilter(options);
  const columns = wantedColumns(options, filter.columns);
  const names = manifest.shards.map(({ file }) => file.slice("data/".length));
  const shards = shardReader(dir, beside, columns, names.length <= windowShards ? names.length : 0);
  for (let epoch = from.epoch; epoch < epochs; epoch += 1) {
    const first = epoch === from.epoch ? from.batch : 0;
    const rng = shuffle === undefined ? undefined : rngFromSeed(shuffle).split(`epoch-${epoch}`);
    const order = names.slice();
    if (rng !== undefined) shuffleInPlace(order, rng);
    /** Units that wait, as ranges of `sources`, and where each of them begins in `ranges`. */
    let sources: Source[] = [];
    let units: number[][] = [];
    let unread = 0;
    let decoded = 0;
    let index = 0;

    for await (const shard of shards(order)) {
      decoded += 1;
      unread += 1;
      const source = sources.push(shard) - 1;
      for (const range of unitsOf(shard, source, unit, filter.matches(shard.data))) units.push(range);
      if (unread < windowShards && decoded < order.length) continue;
      if (rng !== undefined) shuffleInPlace(units, rng);
      let at = 0;
      for (; at + batchUnits <= units.length; at += batchUnits, index += 1) {
        if (index >= first) yield makeBatch(epoch, index, sources, units.slice(at, at + batchUnits), options);
      }
      ({ sources, units } = carry(sources, units.slice(at)));
      unread = 0;
    }
    if (units.length > 0 && index >= first) yield makeBatch(epoch, index, sources, units, options);
    if (units.length === 0 && index === 0)
      throw new IcrlError("SELECTION_EMPTY", `nothing in ${dir} matches: ${describe(options)}`);
  }
}

/**
 * Makes the function that reads shards by name, in that order.
 *
 * @param kept how many shards there are, if all of them are kept in memory once they were read; 0: none is
 */
function shardReader(dir: string, labels: readonly string[], columns: readonly ColumnName[], kept: number) {
  const memory = new Map<string, DatasetShard>();
  return async function* (names: readonly string[]): AsyncGenerator<DatasetShard> {
    if (kept > 0 && memory.size === kept) {
      for (const name of names) yield memory.get(name) as DatasetShard;
      return;
    }
    for await (const shard of readDatasetShards(dir, names, labels, columns)) {
      if (kept > 0) memory.set(shard.name, shard);
      yield shard;
    }
  };
}

/** Names of the labels that stand beside the data. @throws LABEL_UNKNOWN */
function requireLabels(dir: string, manifest: DatasetManifest, wanted: readonly string[]): string[] {
  const unknown = wanted.find((name) => !Object.hasOwn(manifest.labels, name));
  if (unknown !== undefined) {
    const names = Object.keys(manifest.labels).join(", ");
    throw new IcrlError("LABEL_UNKNOWN", `${dir} has no label "${unknown}": it has ${names}`, { label: unknown });
  }
  const beside = folderLabels(manifest);
  return wanted.filter((name) => beside.has(name));
}

const COLUMN_OF: Readonly<Record<string, ColumnName>> = { self: "actions", optimal: "optimal_actions" };

function wantedColumns<C extends ColumnName>(options: ReadOptions<C>, more: readonly ColumnName[]): ColumnName[] {
  const ofLabels = (options.labels ?? []).flatMap((name) => COLUMN_OF[name] ?? []);
  // Labels are held against the episodes' ids, trials are told apart by theirs.
  const always: ColumnName[] = options.unit === "trial" ? ["episode_id", "trial_id"] : ["episode_id"];
  return [...new Set<ColumnName>([...options.columns, ...ofLabels, ...always, ...more])];
}

/** Which rows match, and the columns that it takes to know. */
function rowFilter({ task, behaviour, split }: Pick<ReadOptions<ColumnName>, "task" | "behaviour" | "split">) {
  const partOf = split && instanceSplit(split.parts, split.seed);
  const part = split === undefined ? -1 : Object.keys(split.parts).indexOf(split.part);
  if (split !== undefined && part < 0) {
    const names = Object.keys(split.parts).join(", ");
    throw new IcrlError("OPTION_INVALID", `the split has no part "${split.part}": it has ${names}`, {
      option: "split",
    });
  }
  const columns: ColumnName[] = [];
  if (task !== undefined) columns.push("task_id");
  if (behaviour !== undefined) columns.push("behaviour_component", "entrant", "agent");
  if (partOf !== undefined) columns.push(...INSTANCE_COLUMNS);
  return {
    columns,
    matches(data: RecordBatch): (row: number) => boolean {
      const get = Object.fromEntries(columns.map((name) => [name, valuesOf(data, name)]));
      return (row) =>
        (task === undefined || get.task_id(row) === task) &&
        (behaviour === undefined ||
          (get.behaviour_component(row) ?? get.entrant(row) ?? get.agent(row)) === behaviour) &&
        (partOf === undefined ||
          partOf(get.task(row) as string, get.instance(row) as string | null, get.task_seed(row) as bigint) === part);
    },
  };
}

/** Units of a shard whose rows match, each as one range. Rows of a trial stand side by side. */
function unitsOf(
  { data }: DatasetShard,
  source: number,
  unit: "episode" | "trial",
  matches: (row: number) => boolean,
): number[][] {
  const ranges: number[][] = [];
  const trialId = unit === "trial" ? valuesOf(data, "trial_id") : undefined;
  let last: unknown;
  for (let row = 0; row < data.numRows; row += 1) {
    if (!matches(row)) continue;
    const trial = trialId?.(row);
    if (trial !== undefined && trial === last) ranges[ranges.length - 1][2] = row + 1;
    else ranges.push([source, row, row + 1]);
    last = trial;
  }
  return ranges;
}

/** What is left of a window, copied, so that the window's memory is free. */
function carry(sources: readonly Source[], left: readonly number[][]): { sources: Source[]; units: number[][] } {
  if (left.length === 0) return { sources: [], units: [] };
  const ranges = Int32Array.from(left.flat());
  let row = 0;
  const units = left.map(([, from, to]) => {
    row += to - from;
    return [0, row - (to - from), row];
  });
  return { sources: [takeSource(sources, ranges)], units };
}

function takeSource(sources: readonly Source[], ranges: RowRanges): Source {
  const taken = (pick: (source: Source) => RecordBatch) => takeRows(sources.map(pick), ranges);
  const labels = Array.from(sources[0].labels.keys(), (name): [string, RecordBatch] => [
    name,
    taken((source) => source.labels.get(name) as RecordBatch),
  ]);
  return { data: taken(({ data }) => data), labels: new Map(labels) };
}

function makeBatch<C extends ColumnName>(
  epoch: number,
  index: number,
  sources: readonly Source[],
  taken: readonly number[][],
  { columns, labels = [] }: ReadOptions<C>,
): DatasetBatch<C> {
  const { data, labels: beside } = takeSource(sources, Int32Array.from(taken.flat()));
  const units = new Int32Array(taken.length + 1);
  for (const [i, [, from, to]] of taken.entries()) units[i + 1] = units[i] + to - from;
  const labelColumns = labels.map((name): [string, LabelColumns] => {
    const label = beside.get(name);
    if (label === undefined) return [name, { actions: listsOf(data, COLUMN_OF[name]), probabilities: undefined }];
    return [name, { actions: listsOf(label, "actions"), probabilities: listsOf(label, "probabilities") }];
  });
  return {
    epoch,
    index,
    rows: data.numRows,
    units,
    columns: batchColumns(data, columns),
    labels: Object.fromEntries(labelColumns),
  };
}

/** Fisher and Yates' shuffle. */
function shuffleInPlace(items: unknown[], rng: Rng): void {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = rng.integer(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}

function describe({ task, behaviour, split }: ReadOptions<ColumnName>): string {
  return JSON.stringify({ task, behaviour, part: split?.part });
}
