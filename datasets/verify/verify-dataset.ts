/**
 * Whether a dataset is what was written, and what was written is what happened: files against the manifest's hashes, rows against the
 * schema, the task and themselves, labels against the rows, counts against the manifest, and a sample played again.
 */
import { join } from "node:path";
import { rngFromSeed } from "../../common/rng.js";
import {
  type DatasetManifest,
  folderLabels,
  listedFiles,
  readDatasetManifest,
  type ShardFile,
} from "../folder/dataset-manifest.js";
import { truthKnown } from "../folder/truth-known.js";
import { batchRows } from "../log/batch-rows.js";
import { withDuckDb } from "../log/duckdb.js";
import { inconsistency, type Replay, replayProblem } from "../log/row-problems.js";
import type { TrajectoryRow } from "../log/trajectory-schema.js";
import { type DatasetShard, readDatasetShards } from "../read/dataset-shards.js";
import type { DatasetProblem } from "./dataset-problem.js";
import { checkCounts } from "./verify-counts.js";
import { checkFiles } from "./verify-files.js";
import { labelChecker, orderProblem, taskProblem } from "./verify-row.js";

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
  /** Episodes that are played again, drawn by the seed; Infinity: all. None are where the truth is not known. */
  readonly sample: number;
  readonly seed: bigint;
  readonly replay: Replay;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Verifies a dataset: two shards and their labels in memory at a time.
 *
 * @throws NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW as readDatasetManifest does
 */
export async function verifyDataset(dir: string, options: VerifyOptions): Promise<DatasetReport> {
  const manifest = readDatasetManifest(dir);
  const problems: DatasetProblem[] = [];
  const { intact, labels, bytes } = await withDuckDb(
    listedFiles(manifest).map(({ file }) => join(dir, file)),
    (connection) => checkFiles(connection, dir, manifest, problems),
  );
  const { steps, replayed } = await checkEpisodes(dir, manifest, intact, labels, options, problems);
  if (problems.length === 0) await checkCounts(dir, manifest, problems);
  const { shards, episodes } = manifest;
  return { shards: shards.length, labels: folderLabels(manifest).size, episodes, steps, replayed, bytes, problems };
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
  const known = truthKnown(manifest);
  const sampled = drawSample(manifest.episodes, known ? sample : 0, seed);
  let episodes = 0;
  let steps = 0;
  let replayed = 0;

  function checkShard(decoded: DatasetShard, file: string): void {
    const labelProblem = labelChecker(decoded, known ? 0 : -1);
    let row = 0;
    let last: TrajectoryRow | undefined;
    for (const episode of batchRows(decoded.data)) {
      const id = episode.task_id;
      const task = tasks.get(id);
      const again = sampled(episodes + row);
      const problem =
        inconsistency(episode) ??
        (task === undefined
          ? `is of task "${id}", which dataset.json does not list`
          : taskProblem(task, episode, known)) ??
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
      for await (const decoded of readDatasetShards(dir, names, labels, undefined, "any")) {
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
