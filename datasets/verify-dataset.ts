/**
 * Whether a dataset is what was written, and what was written is what happened: files against the manifest's hashes, rows against the
 * schema, the task and themselves, labels against the rows, counts against the manifest, and a sample played again.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { rngFromSeed } from "../common/rng.js";
import { listsOf } from "./batch-columns.js";
import { batchRows } from "./batch-rows.js";
import {
  type DatasetManifest,
  datasetPath,
  folderLabels,
  readDatasetManifest,
  type ShardFile,
  type TaskEntry,
} from "./dataset-manifest.js";
import { type DatasetShard, readDatasetShards } from "./dataset-shards.js";
import { BEHAVIOUR_SQL, TASK_ID_SQL } from "./dataset-sql.js";
import { shardsSql, withDuckDb } from "./duckdb.js";
import { hashFile } from "./durable-file.js";
import { LABEL_COLUMNS, labelFolder } from "./label-folder.js";
import { dataFolder } from "./log-folder.js";
import { inconsistency, type Replay, replayProblem } from "./row-problems.js";
import { columnsWith, describeColumns } from "./shard-columns.js";
import type { TrajectoryRow } from "./trajectory-schema.js";
import { unfinishedLabels } from "./unfinished-labels.js";

/** Something that is not as it should be. */
export interface DatasetProblem {
  /** Path of the file. */
  readonly file: string;
  /** The episode, where it is one episode's. */
  readonly episodeId?: string;
  readonly problem: string;
}

/** What was looked at and what was found. */
export interface DatasetReport {
  readonly shards: number;
  readonly labels: number;
  readonly episodes: number;
  readonly steps: number;
  /** Episodes that were played again. */
  readonly replayed: number;
  readonly bytes: number;
  readonly problems: readonly DatasetProblem[];
}

/** How much is looked at. */
export interface VerifyOptions {
  /** Episodes that are played again, drawn by the seed; Infinity: all. */
  readonly sample: number;
  readonly seed: bigint;
  readonly replay: Replay;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Probabilities are float32, and there are as many as actions. */
const SUM_TOLERANCE = 1e-4;

/**
 * Verifies a dataset: two shards and their labels in memory at a time.
 *
 * @throws NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW as readDatasetManifest does
 */
export async function verifyDataset(dir: string, options: VerifyOptions): Promise<DatasetReport> {
  const manifest = readDatasetManifest(dir);
  const problems: DatasetProblem[] = [];
  const { intact, labels, bytes } = await withDuckDb((connection) => checkFiles(connection, dir, manifest, problems));
  const { steps, replayed } = await checkEpisodes(dir, manifest, intact, labels, options, problems);
  if (problems.length === 0) await checkCounts(dir, manifest, problems);
  const { shards, episodes } = manifest;
  return { shards: shards.length, labels: folderLabels(manifest).size, episodes, steps, replayed, bytes, problems };
}

/**
 * Holds the files against the manifest.
 *
 * @returns the shards that can be read, the labels of which all shards can, and the bytes of all that is as it was written
 */
async function checkFiles(
  connection: DuckDBConnection,
  dir: string,
  manifest: DatasetManifest,
  problems: DatasetProblem[],
): Promise<{ intact: Set<ShardFile>; labels: string[]; bytes: number }> {
  let bytes = 0;
  async function isIntact(shard: ShardFile, describe: typeof describeColumns): Promise<boolean> {
    const file = join(dir, shard.file);
    const problem = await fileProblem(file, shard, async () => describe(await columnsWith(connection, file)));
    if (problem === undefined) bytes += shard.bytes;
    else problems.push({ file, problem });
    return problem === undefined;
  }

  checkListed(dir, manifest, problems);
  const intact = new Set<ShardFile>();
  for (const shard of manifest.shards) if (await isIntact(shard, describeColumns)) intact.add(shard);
  const labels: string[] = [];
  for (const [name, { shards }] of folderLabels(manifest)) {
    const known = problems.length;
    if (shards.length !== manifest.shards.length) {
      const problem = `lists ${shards.length} shards of label ${name}, and ${manifest.shards.length} of the data`;
      problems.push({ file: datasetPath(dir), problem });
    }
    for (const shard of shards) await isIntact(shard, describeLabelColumns);
    if (problems.length === known) labels.push(name);
  }
  return { intact, labels, bytes };
}

/** Looks at every episode of the shards that can be read. */
async function checkEpisodes(
  dir: string,
  manifest: DatasetManifest,
  intact: ReadonlySet<ShardFile>,
  labels: readonly string[],
  { sample, seed, replay, onProgress = () => {} }: VerifyOptions,
  problems: DatasetProblem[],
): Promise<{ steps: number; replayed: number }> {
  const tasks = new Map(manifest.tasks.map((task) => [task.id, task]));
  const sampled = drawSample(manifest.episodes, sample, seed);
  let episodes = 0;
  let steps = 0;
  let replayed = 0;

  function checkShard(decoded: DatasetShard, file: string): void {
    const labelProblem = labelChecker(decoded);
    let row = 0;
    let last: TrajectoryRow | undefined;
    for (const episode of batchRows(decoded.data)) {
      const task = tasks.get(taskId(episode));
      const again = sampled(episodes + row);
      const problem =
        inconsistency(episode) ??
        (task === undefined
          ? `is of task "${taskId(episode)}", which dataset.json does not list`
          : taskProblem(task, episode)) ??
        orderProblem(last, episode) ??
        labelProblem(row, episode, task?.num_actions ?? 0) ??
        (again ? replayProblem(episode, replay) : undefined);
      if (problem !== undefined) problems.push({ file, episodeId: episode.episode_id, problem });
      if (again) replayed += 1;
      last = episode;
      row += 1;
      steps += episode.length;
      if (row % 256 === 0) onProgress(episodes + row, manifest.episodes);
    }
  }

  for (let rest = [...manifest.shards]; rest.length > 0; ) {
    // As many as can be read in one go; what breaks that off is one shard's problem.
    if (!intact.has(rest[0])) {
      episodes += (rest.shift() as ShardFile).rows;
      continue;
    }
    const end = rest.findIndex((shard) => !intact.has(shard));
    const readable = end < 0 ? rest : rest.slice(0, end);
    const names = readable.map(({ file }) => file.slice("data/".length));
    let read = 0;
    try {
      for await (const decoded of readDatasetShards(dir, names, labels)) {
        const { file, rows } = readable[read];
        if (decoded.data.numRows === rows) checkShard(decoded, join(dir, file));
        else
          problems.push({
            file: join(dir, file),
            problem: `has ${decoded.data.numRows} episodes, and ${rows} were written`,
          });
        episodes += rows;
        read += 1;
      }
    } catch (error) {
      problems.push({ file: join(dir, readable[read].file), problem: (error as Error).message });
      episodes += readable[read].rows;
      read += 1;
    }
    rest = rest.slice(read);
  }
  onProgress(manifest.episodes, manifest.episodes);
  return { steps, replayed };
}

/** Which of so many episodes belong to a sample of a given size. */
function drawSample(episodes: number, size: number, seed: bigint): (episode: number) => boolean {
  if (size >= episodes) return () => true;
  const rng = rngFromSeed(seed).split("sample");
  const drawn = new Set<number>();
  // Robert Floyd's way: as many draws as there are members, all subsets equally likely.
  for (let i = episodes - size; i < episodes; i += 1) {
    const candidate = rng.integer(i + 1);
    drawn.add(drawn.has(candidate) ? i : candidate);
  }
  return (episode) => drawn.has(episode);
}

/** Files that nobody listed. */
function checkListed(dir: string, manifest: DatasetManifest, problems: DatasetProblem[]): void {
  const labels = folderLabels(manifest);
  const listed = new Set(
    [manifest.shards, ...Array.from(labels.values(), (label) => label.shards)].flat().map((s) => s.file),
  );
  for (const { name, shards } of unfinishedLabels(dir, manifest)) {
    const problem = `is not in dataset.json: ${shards} of ${manifest.shards.length} shards of unfinished labels; label again to go on, or delete it`;
    problems.push({ file: labelFolder(dir, name), problem });
  }
  for (const folder of ["data", ...Array.from(labels.keys(), (name) => `labels/${name}`)]) {
    if (!existsSync(join(dir, folder))) continue;
    for (const name of readdirSync(join(dir, folder))) {
      if (!name.endsWith(".parquet") || listed.has(`${folder}/${name}`)) continue;
      problems.push({ file: join(dir, folder, name), problem: "is not in dataset.json" });
    }
  }
}

async function fileProblem(
  path: string,
  shard: ShardFile,
  describe: () => Promise<string | undefined>,
): Promise<string | undefined> {
  if (!existsSync(path)) return "is in dataset.json and is missing";
  const { sha256, bytes } = await hashFile(path);
  if (bytes !== shard.bytes)
    return `has ${bytes} bytes, and ${shard.bytes} were written; its episodes were not looked at`;
  if (sha256 !== shard.sha256) {
    return `has sha256 ${sha256}, and ${shard.sha256} was written: bytes were changed; its episodes were not looked at`;
  }
  try {
    return await describe();
  } catch (error) {
    return `cannot be read (${(error as Error).message.split("\n")[0]})`;
  }
}

function describeLabelColumns(columns: ReadonlyMap<string, string>): string | undefined {
  const wrong = LABEL_COLUMNS.find(({ name, sql }) => columns.get(name) !== sql);
  return wrong && `column ${wrong.name} is ${columns.get(wrong.name) ?? "missing"}: it should be ${wrong.sql}`;
}

function taskId({ tags, task }: TrajectoryRow): string {
  try {
    return (JSON.parse(tags) as { task?: string }).task ?? task;
  } catch {
    return task;
  }
}

/** What of an episode its task does not allow. */
function taskProblem(task: TaskEntry, row: TrajectoryRow): string | undefined {
  if (!row.complete) return "is not complete: datasets hold complete trials";
  if (row.length > task.horizon) return `has ${row.length} steps, and its task at most ${task.horizon}`;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = task.reward;
  for (let t = 0; t < row.length; t += 1) {
    const [action, reward, propensity] = [row.actions[t], row.rewards[t], row.propensities?.[t]];
    const best = row.optimal_actions?.[t] ?? 0;
    if (!(action >= 0 && action < task.num_actions))
      return `action ${t} is ${action}, outside [0, ${task.num_actions})`;
    if (!(best >= 0 && best < task.num_actions))
      return `optimal action ${t} is ${best}, outside [0, ${task.num_actions})`;
    if (!(reward >= min && reward <= max)) return `reward ${t} is ${reward}, outside [${min}, ${max}]`;
    if (propensity !== undefined && (propensity <= 0 || propensity > 1))
      return `propensity ${t} is ${propensity}, outside (0, 1]`;
  }
  return undefined;
}

/** Episodes of a trial stand side by side, in order. */
function orderProblem(last: TrajectoryRow | undefined, row: TrajectoryRow): string | undefined {
  if (last?.trial_id !== row.trial_id || last.episode_index < row.episode_index) return undefined;
  return `follows episode ${last.episode_index} of its trial: the episodes of a trial are in order`;
}

/** Checks what the labels of a shard say of a row. */
function labelChecker({ labels }: DatasetShard) {
  const lists = Array.from(labels, ([name, label]) => ({
    name,
    actions: listsOf<Int32Array>(label, "actions"),
    probabilities: listsOf<Float32Array>(label, "probabilities"),
  }));
  return (row: number, { length }: TrajectoryRow, numActions: number): string | undefined => {
    for (const { name, actions, probabilities } of lists) {
      const from = actions.offsets[row];
      const given = actions.offsets[row + 1] - from;
      if (given !== length) return `label ${name} has ${given} actions for ${length} steps`;
      for (let t = 0; t < length; t += 1) {
        const action = actions.values[from + t];
        if (!(action >= 0 && action < numActions))
          return `label ${name}: action ${t} is ${action}, outside [0, ${numActions})`;
      }
      if (probabilities.nulls?.[row] === 1) continue;
      const start = probabilities.offsets[row];
      const size = probabilities.offsets[row + 1] - start;
      if (size !== length * numActions) return `label ${name} has ${size} probabilities for ${length} x ${numActions}`;
      for (let t = 0; t < length; t += 1) {
        let sum = 0;
        for (let a = 0; a < numActions; a += 1) {
          const p = probabilities.values[start + t * numActions + a];
          if (p < 0 || p > 1) return `label ${name}: probability of action ${a} in step ${t} is ${p}, outside [0, 1]`;
          sum += p;
        }
        // NaN: the expert did not know them in this step.
        if (Math.abs(sum - 1) > SUM_TOLERANCE) return `label ${name}: probabilities of step ${t} add up to ${sum}`;
      }
    }
    return undefined;
  };
}

/** What a look at single rows cannot see: what is there twice, trials that are torn apart, and the manifest's counts. */
async function checkCounts(dir: string, manifest: DatasetManifest, problems: DatasetProblem[]): Promise<void> {
  const say = (problem: string) => problems.push({ file: datasetPath(dir), problem });
  await withDuckDb(async (connection) => {
    const rows = async (sql: string) => (await connection.run(sql)).getRows();
    const from = shardsSql(dir);
    const twice = await rows(`SELECT episode_id FROM ${from} GROUP BY episode_id HAVING count(*) > 1 LIMIT 5`);
    for (const [id] of twice)
      problems.push({ file: dataFolder(dir), episodeId: String(id), problem: "is there twice" });
    const torn = await rows(`SELECT trial_id FROM ${from} GROUP BY trial_id
      HAVING max(log_index) - min(log_index) + 1 <> count(*) OR min(shard_first) <> max(shard_first) LIMIT 5`);
    for (const [id] of torn)
      problems.push({ file: dataFolder(dir), problem: `trial ${id} does not stand side by side in one shard` });
    const counts =
      await rows(`SELECT ${TASK_ID_SQL}, ${BEHAVIOUR_SQL}, count(DISTINCT trial_id)::DOUBLE, count(*)::DOUBLE,
      sum("length")::DOUBLE, bool_or(privileged) FROM ${from} GROUP BY ALL`);
    const sum = (column: number, of = (_: (typeof counts)[number]) => true) =>
      counts.filter(of).reduce((all, row) => all + Number(row[column]), 0);
    const compare = (what: string, said: number | boolean, found: number | boolean) => {
      if (said !== found) say(`says ${said} ${what}, and there are ${found}`);
    };
    compare("trials", manifest.trials, sum(2));
    compare("episodes", manifest.episodes, sum(3));
    compare("steps", manifest.steps, sum(4));
    for (const { id, trials, episodes } of manifest.tasks) {
      compare(
        `trials of task ${id}`,
        trials,
        sum(2, (row) => row[0] === id),
      );
      compare(
        `episodes of task ${id}`,
        episodes,
        sum(3, (row) => row[0] === id),
      );
    }
    for (const { name, trials, episodes } of manifest.behaviours) {
      compare(
        `trials of behaviour ${name}`,
        trials,
        sum(2, (row) => row[1] === name),
      );
      compare(
        `episodes of behaviour ${name}`,
        episodes,
        sum(3, (row) => row[1] === name),
      );
    }
    const privileged = counts.some((row) => row[5] === true);
    if (privileged !== manifest.privileged) say(`says privileged: ${manifest.privileged}, and the data ${privileged}`);
  });
}
