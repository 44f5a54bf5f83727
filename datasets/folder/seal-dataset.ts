/** The last step of making a dataset: its files are counted and hashed, and the manifest says so. */
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { IcrlError } from "../../common/errors.js";
import { hashFile, replaceDurably } from "../files/durable-file.js";
import { quoted, shardPaths, shardsSql, withDuckDb } from "../log/duckdb.js";
import { dataFolder, type LogFile, listShards } from "../log/log-folder.js";
import { datasetCard } from "./dataset-card.js";
import {
  type ColumnLabel,
  DATASET_SCHEMA_VERSION,
  type DatasetHead,
  type DatasetManifest,
  type FolderLabel,
  readDatasetManifest,
  type ShardFile,
  writeDatasetManifest,
} from "./dataset-manifest.js";
import { BEHAVIOUR_SQL, corruptIfRefused, countInstances } from "./dataset-sql.js";
import { labelFolder, listLabels, readLabelHead } from "./label-folder.js";
import { truthKnown } from "./truth-known.js";

/** How far it is, in episodes. */
export type OnProgress = (done: number, total: number) => void;

/** Labels that a dataset has as columns: the behaviour's own actions, and, where the truth is known, the best ones. */
const columnLabels = (head: DatasetHead): Record<string, ColumnLabel> => ({
  self: { column: "actions" },
  ...(truthKnown(head) && { optimal: { column: "optimal_actions" } }),
});

/**
 * Counts and hashes DIR/data and DIR/labels, and writes README.md and then dataset.json: the dataset is finished.
 *
 * @throws DATASET_CORRUPT if a shard or label cannot be read, labels and data do not agree, or the data has tasks or behaviours
 *   that the head does not name
 */
export async function sealDataset(
  dir: string,
  head: DatasetHead,
  onProgress: OnProgress = () => {},
): Promise<DatasetManifest> {
  const shards = listShards(dir);
  if (shards.length === 0) throw new IcrlError("SELECTION_EMPTY", `${dir} would have no episodes`);
  const paths = shards.map(({ path }) => path);
  const labels: Record<string, ColumnLabel | FolderLabel> = columnLabels(head);
  const { counts, instances, total, files } = await withDuckDb(
    [...paths, ...labelPaths(dir, shards)],
    async (connection) => {
      const counts = await corruptIfRefused(dir, () => countDataset(connection, dir));
      const instances = await corruptIfRefused(dir, () => countInstances(connection, dir));
      const total = counts.reduce((sum, { episodes }) => sum + episodes, 0);
      const files = await describeFiles(connection, "data", shards, (done) => onProgress(done, total));
      for (const name of listLabels(dir)) labels[name] = await describeLabel(connection, dir, name, files);
      return { counts, instances, total, files };
    },
  );

  const sum = (of: readonly Count[], what: "trials" | "episodes" | "steps") => of.reduce((all, c) => all + c[what], 0);
  const unknown = counts.find(
    ({ task, behaviour }) =>
      !head.tasks.some(({ id }) => id === task) || !head.behaviours.some(({ name }) => name === behaviour),
  );
  if (unknown !== undefined) {
    throw new IcrlError(
      "DATASET_CORRUPT",
      `${dir} has ${unknown.episodes} episodes of task "${unknown.task}" by "${unknown.behaviour}", which the spec does not name: they belong to another dataset`,
    );
  }
  const manifest: DatasetManifest = {
    schema_version: DATASET_SCHEMA_VERSION,
    ...head,
    versions: {
      ...head.versions,
      tasks: Object.fromEntries(counts.map(({ family, familyVersion }) => [family, familyVersion])),
      agents: Object.fromEntries(counts.map(({ agent, agentVersion }) => [agent, agentVersion])),
    },
    trials: sum(counts, "trials"),
    episodes: total,
    steps: sum(counts, "steps"),
    privileged: counts.some(({ privileged }) => privileged),
    behaviours: head.behaviours.map((entry) => {
      const own = counts.filter(({ behaviour }) => behaviour === entry.name);
      return { ...entry, trials: sum(own, "trials"), episodes: sum(own, "episodes") };
    }),
    tasks: head.tasks.map((entry) => {
      const own = counts.filter(({ task }) => task === entry.id);
      const known = truthKnown(head) && { instances: instances.get(entry.id) ?? 0 };
      return { ...entry, trials: sum(own, "trials"), episodes: sum(own, "episodes"), ...known };
    }),
    labels,
    shards: files,
  };
  writeManifestAndCard(dir, manifest);
  return manifest;
}

/**
 * Enters a label whose folder DIR/labels/NAME was added to a finished dataset, or made again.
 *
 * @throws NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW as readDatasetManifest does
 * @throws DATASET_CORRUPT if its rows are not those of the data
 */
export async function enterLabel(dir: string, name: string, beforeWriting: () => void): Promise<DatasetManifest> {
  const manifest = readDatasetManifest(dir);
  const label = await withDuckDb([...shardPaths(dir), ...labelPaths(dir, listShards(dir))], (connection) =>
    describeLabel(connection, dir, name, manifest.shards),
  );
  const entered = { ...manifest, labels: { ...manifest.labels, [name]: label } };
  beforeWriting();
  writeManifestAndCard(dir, entered);
  return entered;
}

/** Where the labels of shards lie. */
const labelPaths = (dir: string, shards: readonly LogFile[]): string[] =>
  listLabels(dir).flatMap((label) => shards.map(({ name }) => join(labelFolder(dir, label), name)));

function writeManifestAndCard(dir: string, manifest: DatasetManifest): void {
  replaceDurably(join(dir, "README.md"), Buffer.from(datasetCard(manifest)));
  writeDatasetManifest(dir, manifest);
}

/** What one behaviour played of one task. */
interface Count {
  readonly task: string;
  readonly behaviour: string;
  readonly family: string;
  readonly familyVersion: number;
  readonly agent: string;
  readonly agentVersion: string;
  readonly trials: number;
  readonly episodes: number;
  readonly steps: number;
  readonly privileged: boolean;
}

async function countDataset(connection: DuckDBConnection, dir: string): Promise<Count[]> {
  const result = await connection.run(`SELECT task_id, ${BEHAVIOUR_SQL} AS behaviour,
      any_value(task), max(task_version), any_value(agent), max(agent_version),
      count(DISTINCT trial_id)::DOUBLE, count(*)::DOUBLE, sum("length")::DOUBLE, bool_or(privileged)
    FROM ${shardsSql(dir)} GROUP BY task_id, behaviour ORDER BY task_id, behaviour`);
  return (await result.getRows()).map((row) => ({
    task: row[0] as string,
    behaviour: row[1] as string,
    family: row[2] as string,
    familyVersion: row[3] as number,
    agent: row[4] as string,
    agentVersion: row[5] as string,
    trials: row[6] as number,
    episodes: row[7] as number,
    steps: row[8] as number,
    privileged: row[9] as boolean,
  }));
}

/** Hashes and rows of Parquet files of one folder. */
async function describeFiles(
  connection: DuckDBConnection,
  folder: string,
  files: readonly LogFile[],
  onProgress: OnProgress = () => {},
): Promise<ShardFile[]> {
  const described: ShardFile[] = [];
  let done = 0;
  for (const { name, path } of files) {
    const rows = await corruptIfRefused(path, () => rowsOf(connection, path));
    described.push({ file: `${folder}/${name}`, rows, ...(await corruptIfRefused(path, () => hashFile(path))) });
    done += rows;
    onProgress(done, done);
  }
  return described;
}

async function rowsOf(connection: DuckDBConnection, path: string): Promise<number> {
  const result = await connection.run(`SELECT num_rows::DOUBLE FROM parquet_file_metadata(${quoted(path)})`);
  return (await result.getRows())[0][0] as number;
}

async function describeLabel(
  connection: DuckDBConnection,
  dir: string,
  name: string,
  shards: readonly ShardFile[],
): Promise<FolderLabel> {
  const head = readLabelHead(dir, name);
  const folder = labelFolder(dir, name);
  const files = shards.map(({ file }): LogFile => {
    const shard = file.slice("data/".length);
    return { name: shard, path: join(folder, shard), first: 0 };
  });
  let probabilities = false;
  for (const { name: shard, path } of files) {
    const [other, any] = await corruptIfRefused(path, async () => {
      // Rows that differ in their episode, also where one of the two files has more rows.
      const result = await connection.run(`SELECT
          count(*) FILTER (d.episode_id IS DISTINCT FROM l.episode_id)::DOUBLE, count(l.probabilities) > 0
        FROM (SELECT episode_id FROM read_parquet(${quoted(join(dataFolder(dir), shard))})) d
        POSITIONAL JOIN (SELECT episode_id, probabilities FROM read_parquet(${quoted(path)})) l`);
      return (await result.getRows())[0] as [number, boolean];
    });
    if (other > 0) {
      const text = `${path} has ${other} rows that are not those of data/${shard}: label again, or restore it from a backup`;
      throw new IcrlError("DATASET_CORRUPT", text, { file: path });
    }
    probabilities ||= any;
  }
  return {
    folder: `labels/${name}`,
    agent: head.agent,
    agent_version: head.agent_version,
    agent_options: head.agent_options,
    probabilities,
    shards: await describeFiles(connection, `labels/${name}`, files),
  };
}
