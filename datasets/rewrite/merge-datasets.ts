/** Several datasets as one. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { IcrlError } from "../../common/errors.js";
import { VERSION } from "../../common/version.js";
import {
  type BehaviourHead,
  type DatasetHead,
  type DatasetManifest,
  readDatasetManifest,
  type TaskHead,
} from "../folder/dataset-manifest.js";
import { corruptIfRefused } from "../folder/dataset-sql.js";
import type { LabelHead } from "../folder/label-folder.js";
import { type OnProgress, sealDataset } from "../folder/seal-dataset.js";
import { truthKnown } from "../folder/truth-known.js";
import { valuesOf } from "../log/batch-values.js";
import { identifier, shardPaths, shardsSql, withDuckDb } from "../log/duckdb.js";
import { earlierFiles } from "../log/shard-columns.js";
import { TRAJECTORY_COLUMNS } from "../log/trajectory-schema.js";
import { makeOutput } from "../output/make-output.js";
import { DATASET } from "../output/output-kinds.js";
import { readDatasetShards } from "../read/dataset-shards.js";
import { rangesOf } from "../read/take-rows.js";
import { createDatasetWriter } from "./dataset-writer.js";
import { derivedId, labelHeads, sourceEntry } from "./derived-head.js";

/** Who is told, and what may be replaced. */
export interface MergeOptions {
  /** Of the Node.js that runs, for the manifest. */
  readonly nodeVersion: string;
  readonly overwrite?: boolean;
  readonly onProgress?: OnProgress;
}

/** Columns in which the records of one trajectory can differ: who recorded it, when and under which name. */
const OUTSIDE_CONTENT = [
  ...["session_id", "started_at", "agent_ms", "env_index", "server_version"],
  ...["task_id", "collection_id", "tags"],
];

/**
 * Merges datasets, one after the other. A trial that is in several of them with the same content is kept once, from the first.
 * Labels that all of them have are kept.
 *
 * @throws OUTPUT_EXISTS, what readDatasetManifest throws
 * @throws DATASET_MISMATCH if a task, a behaviour or a label of one name is not the same everywhere, a trial differs, or one was imported and
 *   another was not
 */
export async function mergeDatasets(
  dirs: readonly string[],
  out: string,
  { nodeVersion, overwrite = false, onProgress }: MergeOptions,
): Promise<DatasetManifest> {
  const sources = dirs.map(readDatasetManifest);
  const head = mergedHead(sources, dirs, nodeVersion);
  const labels = commonLabels(sources, dirs);
  return makeOutput(out, DATASET, overwrite, async (partial) => {
    const paths = dirs.flatMap(shardPaths);
    const { dropped, old } = await corruptIfRefused(dirs.join(", "), () =>
      withDuckDb(paths, async (c) => ({
        dropped: await repeatedTrials(c, dirs),
        old: await earlierFiles(c, paths),
      })),
    );
    const writer = createDatasetWriter(partial, labels);
    const total = sources.reduce((sum, { episodes }) => sum + episodes, 0);
    let done = 0;
    for (const [i, dir] of dirs.entries()) {
      const drop = dropped[i];
      // What is written is of one schema: files of an older one are not copied as they are.
      if (drop.size === 0 && !shardPaths(dir).some((path) => old.has(path))) {
        for (const shard of sources[i].shards) {
          writer.copy(dir, shard);
          done += shard.rows;
          onProgress?.(done, total);
        }
        continue;
      }
      const names = sources[i].shards.map(({ file }) => file.slice("data/".length));
      for await (const shard of readDatasetShards(
        dir,
        names,
        labels.map(({ name }) => name),
      )) {
        const trialId = valuesOf(shard.data, "trial_id");
        const rows: number[] = [];
        for (let row = 0; row < shard.data.numRows; row += 1) if (!drop.has(trialId(row) as string)) rows.push(row);
        writer.append(shard, rangesOf(rows));
        done += shard.data.numRows;
        onProgress?.(done, total);
      }
    }
    writer.close();
    return sealDataset(partial, head);
  });
}

function mergedHead(sources: readonly DatasetManifest[], dirs: readonly string[], nodeVersion: string): DatasetHead {
  for (const kind of ["tasks", "agents"] as const) {
    const versions = sources.map((source) => Object.entries(source.versions[kind]));
    same(versions, dirs, ([name]) => name, kind === "tasks" ? "the version of task" : "the version of agent");
  }
  const known = requireAlike(sources, dirs);
  const heads = sources.map((source) =>
    source.tasks.map(({ trials: _, episodes: __, instances: ___, ...head }): TaskHead => head),
  );
  const tasks = same(known ? heads : withCommonMeasures(heads), dirs, ({ id }) => id, "task");
  const behaviours = same(
    // Weights are relative to a set's other behaviours: those of several sets say nothing beside each other.
    sources.map((source) => source.behaviours.map(({ name, agent, options }) => ({ name, agent, options }))),
    dirs,
    ({ name }) => name,
    "behaviour",
  );
  const common = <T>(of: (manifest: DatasetManifest) => T): T | null =>
    sources.every((source) => of(source) === of(sources[0])) ? of(sources[0]) : null;
  return {
    name: [...new Set(sources.map(({ name }) => name))].join(" + "),
    id: derivedId("merge", {}, sources),
    made_by: "merge",
    made_with: {},
    ...(!known && { truth_known: false }),
    spec: null,
    seed: common(({ seed }) => seed),
    license: common(({ license }) => license),
    versions: { icrl: VERSION, node: nodeVersion },
    subsample: common(({ subsample }) => subsample),
    behaviours: behaviours.map((entry): BehaviourHead => ({ ...entry, weight: mergedWeight(entry.name, sources) })),
    tasks,
    sources: sources.map(sourceEntry),
  };
}

/** Whether the truth is known of all of them. @throws DATASET_MISMATCH if it is of some */
function requireAlike(sources: readonly DatasetManifest[], dirs: readonly string[]): boolean {
  const imported = sources.findIndex((source) => !truthKnown(source));
  const played = sources.findIndex(truthKnown);
  if (imported < 0 || played < 0) return imported < 0;
  const text = `${dirs[imported]} was imported, without the truth of its instances, and ${dirs[played]} has it: only like is merged with like`;
  throw new IcrlError("DATASET_MISMATCH", text);
}

/**
 * Tasks of imported data with the largest measures that those of one id have anywhere: they were measured, not given, so that two parts of one
 * data set differ in them.
 */
function withCommonMeasures(lists: readonly (readonly TaskHead[])[]): TaskHead[][] {
  const all = lists.flat();
  const largest = (id: string, of: (task: TaskHead) => number) =>
    Math.max(...all.filter((task) => task.id === id).map(of));
  return lists.map((tasks) =>
    tasks.map((task) => {
      const horizon = largest(task.id, (one) => one.horizon);
      const episodes = largest(task.id, (one) => one.episodes_per_trial);
      const steps = largest(task.id, (one) => one.steps_per_trial ?? one.horizon * one.episodes_per_trial);
      const { steps_per_trial: _, ...head } = { ...task, horizon, episodes_per_trial: episodes };
      return steps < horizon * episodes ? { ...head, steps_per_trial: steps } : head;
    }),
  );
}

/** The weight that all sources give a behaviour; where they disagree, the number of its trials. */
function mergedWeight(name: string, sources: readonly DatasetManifest[]): number {
  const mixture = ({ behaviours }: DatasetManifest) => JSON.stringify(behaviours.map((b) => [b.name, b.weight]));
  const own = sources.flatMap(({ behaviours }) => behaviours.filter((entry) => entry.name === name));
  if (sources.every((source) => mixture(source) === mixture(sources[0]))) return own[0].weight;
  return own.reduce((sum, { trials }) => sum + trials, 0);
}

/** Everybody's entries by key, each once. @throws DATASET_MISMATCH if entries of one key differ */
function same<T>(lists: readonly (readonly T[])[], dirs: readonly string[], keyOf: (entry: T) => string, what: string) {
  const known = new Map<string, { readonly entry: T; readonly dir: string }>();
  for (const [i, list] of lists.entries()) {
    for (const entry of list) {
      const other = known.get(keyOf(entry));
      if (other === undefined) known.set(keyOf(entry), { entry, dir: dirs[i] });
      else if (JSON.stringify(other.entry) !== JSON.stringify(entry)) {
        const text = `${what} "${keyOf(entry)}" is ${JSON.stringify(other.entry)} in ${other.dir} and ${JSON.stringify(entry)} in ${dirs[i]}: only what has the same name and is the same can be merged`;
        throw new IcrlError("DATASET_MISMATCH", text);
      }
    }
  }
  return Array.from(known.values(), ({ entry }) => entry);
}

function commonLabels(sources: readonly DatasetManifest[], dirs: readonly string[]): LabelHead[] {
  const heads = sources.map(labelHeads);
  const inAll = heads[0].filter(({ name }) => heads.every((list) => list.some((head) => head.name === name)));
  const kept = heads.map((list) => list.filter(({ name }) => inAll.some((head) => head.name === name)));
  return same(kept, dirs, ({ name }) => name, "label");
}

/** Trials of each dataset that an earlier one has too. */
async function repeatedTrials(connection: DuckDBConnection, dirs: readonly string[]): Promise<Set<string>[]> {
  const from = (select: (i: number) => string) =>
    dirs.map((dir, i) => `SELECT ${select(i)} FROM ${shardsSql(dir)}`).join(" UNION ALL ");
  await connection.run(`CREATE TEMP TABLE repeated AS SELECT trial_id
    FROM (SELECT DISTINCT * FROM (${from((i) => `${i} AS source, trial_id`)})) GROUP BY trial_id HAVING count(*) > 1`);
  const content = TRAJECTORY_COLUMNS.filter(({ name }) => !OUTSIDE_CONTENT.includes(name)).map(({ name }) =>
    identifier(name),
  );
  const result = await connection.run(`SELECT trial_id, source, count(*)::VARCHAR || '-' || bit_xor(content)::VARCHAR
    FROM (${from((i) => `${i}::INTEGER AS source, trial_id, hash(${content.join(", ")}) AS content`)})
    WHERE trial_id IN (SELECT trial_id FROM repeated) GROUP BY trial_id, source ORDER BY trial_id, source`);
  const dropped = dirs.map(() => new Set<string>());
  let first: { readonly trial: unknown; readonly source: number; readonly content: unknown } | undefined;
  for (const [trial, source, content] of await result.getRows()) {
    if (first?.trial !== trial) {
      first = { trial, source: source as number, content };
      continue;
    }
    if (first?.content !== content) {
      const text = `trial ${trial} is in ${dirs[first?.source ?? 0]} and in ${dirs[source as number]}, and its episodes differ: take it out of one of them (icrl dataset filter)`;
      throw new IcrlError("DATASET_MISMATCH", text, { trial_id: String(trial) });
    }
    dropped[source as number].add(trial as string);
  }
  return dropped;
}
