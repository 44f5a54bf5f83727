/**
 * Whether a log is what was written, and what was written is what happened: bytes against the manifest's hashes, frames against
 * their checksums, rows against the schema and against themselves, numbers of episodes against what was acknowledged, trials against
 * each other, and every episode played again.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hashFile } from "../../datasets/files/durable-file.js";
import { ipcRows } from "../../datasets/log/batch-rows.js";
import {
  dataFolder,
  episodesOf,
  firstOf,
  listCorruptSegments,
  listSegments,
  listShards,
  liveShards,
  logFolder,
  type Manifest,
  manifestPath,
  readManifest,
  requireLog,
  rowsThatCount,
  shardName,
} from "../../datasets/log/log-folder.js";
import { readShards } from "../../datasets/log/read-episodes.js";
import { type OpenRow, type RepeatedTrials, repeatedTrials } from "../../datasets/log/repeated-trials.js";
import { inconsistency, type Replay, replayProblem } from "../../datasets/log/row-problems.js";
import { columnsOf, describeColumns } from "../../datasets/log/shard-columns.js";
import type { TrajectoryRow } from "../../datasets/log/trajectory-schema.js";
import { coverageProblems, type Piece } from "./coverage.js";
import { countedIn } from "./lock.js";
import { readSegment } from "./segment-file.js";

/** Something that is not as it should be; its reason is LOG_CORRUPT. */
export interface LogProblem {
  /** Path of the file. */
  readonly file: string;
  /** The episode, where it is one episode's. */
  readonly episodeId?: string;
  readonly problem: string;
}

/** What was looked at and what was found. */
export interface LogReport {
  readonly shards: number;
  /** Segments that wait to be rolled. */
  readonly segments: number;
  readonly episodes: number;
  /** Episodes that writers have acknowledged, as far as the folder knows. */
  readonly acknowledged: number;
  /** Trials that are there more than once, and their episodes beyond one of each. */
  readonly repeatedTrials: number;
  readonly repeatedEpisodes: number;
  readonly steps: number;
  /** Bytes of shards and segments. */
  readonly bytes: number;
  /** Bytes of an interrupted, never acknowledged write at a segment's end: no problem, cut off at the next open. */
  readonly tornBytes: number;
  readonly problems: readonly LogProblem[];
}

/**
 * Verifies a log that nobody writes to.
 *
 * @param onProgress called now and then with the episodes verified so far, and their steps
 * @throws NOT_A_LOG if the folder is no log
 */
export async function verifyLog(
  dir: string,
  replay: Replay,
  onProgress: (episodes: number, steps: number) => void = () => {},
): Promise<LogReport> {
  requireLog(dir);
  const problems: LogProblem[] = [];
  let episodes = 0;
  let steps = 0;
  let bytes = 0;
  let tornBytes = 0;

  const check = (file: string, row: TrajectoryRow) => {
    const problem = inconsistency(row) ?? replayProblem(row, replay);
    if (problem !== undefined) problems.push({ file, episodeId: row.episode_id, problem });
    episodes += 1;
    steps += row.length;
    if (episodes % 256 === 0) onProgress(episodes, steps);
  };

  // In the order in which they grow out of date, should somebody write to it after all.
  const counted = existsSync(logFolder(dir)) ? countedIn(logFolder(dir)) : 0;
  const segments = listSegments(dir);
  const lines = manifestOf(dir, problems);
  const manifest = liveShards(lines?.shards ?? []);
  const shards = listShards(dir);
  const acknowledged = Math.max(counted, lines === undefined ? 0 : episodesOf(lines));
  /** Undefined where files cannot be told from each other. */
  let pieces: Piece[] | undefined = lines && [];
  const holds = (file: string, from: number, rows: number, damaged = false) => {
    if (rows > 0) pieces?.push({ file, from, to: from + rows, damaged });
  };
  for (const { file, rows, damaged } of manifest.values()) {
    holds(join(dataFolder(dir), file), firstOf(file), rows, damaged);
  }
  const missing = new Set(manifest.keys());
  for (const { name, path } of shards) {
    missing.delete(name);
    const entry = manifest.get(name);
    let hashed: { readonly sha256: string; readonly bytes: number };
    try {
      hashed = await hashFile(path);
    } catch (error) {
      problems.push({ file: path, problem: (error as Error).message });
      continue;
    }
    const { sha256, bytes: size } = hashed;
    bytes += size;
    if (entry === undefined) {
      // Between the shard and the manifest's line a writer can be killed: its segment is still there then, and rolled again.
      if (!segments.some((s) => shardName(s.first) === name))
        problems.push({ file: path, problem: "is not in log/shards.jsonl" });
    } else if (sha256 !== entry.sha256) {
      problems.push({
        file: path,
        problem: `has sha256 ${sha256}, and ${entry.sha256} was written: bytes were changed; its episodes were not looked at`,
      });
      continue;
    }
    const before = episodes;
    try {
      const columns = describeColumns(await columnsOf(path));
      if (columns !== undefined) {
        problems.push({ file: path, problem: columns });
        continue;
      }
      for await (const row of readShards([path])) check(path, row);
    } catch (error) {
      problems.push({ file: path, problem: (error as Error).message });
      continue;
    }
    if (entry !== undefined && episodes - before !== entry.rows) {
      problems.push({ file: path, problem: `has ${episodes - before} episodes, and ${entry.rows} were written` });
    }
  }
  for (const name of missing)
    problems.push({ file: join(dataFolder(dir), name), problem: "is in log/shards.jsonl and is missing" });

  const open: OpenRow[] = [];
  for (const segment of segments) {
    const { path, first } = segment;
    const scan = readSegment(path, lines && rowsThatCount(lines, segment));
    if (scan === undefined) {
      pieces = undefined; // somebody writes to the log
      continue;
    }
    bytes += scan.goodBytes;
    tornBytes += scan.tornBytes;
    for (const { from, to } of scan.damaged)
      problems.push({ file: path, problem: `bytes ${from} to ${to} are not what was written` });
    if (manifest.has(shardName(first))) continue;
    holds(path, first, scan.rows, scan.damaged.length > 0);
    if (existsSync(join(dataFolder(dir), shardName(first)))) continue;
    for (const { offset, payload, rows } of scan.frames) {
      const before = episodes;
      try {
        for (const row of ipcRows(payload, path)) {
          check(path, row);
          const { trial_id, session_id, episode_index, complete } = row;
          open.push({ trial_id, session_id, episode_index, complete });
        }
      } catch (error) {
        problems.push({ file: path, problem: (error as Error).message });
        continue;
      }
      const found = episodes - before;
      if (found !== rows)
        problems.push({ file: path, problem: `has ${found} episodes at byte ${offset}, and ${rows} were written` });
    }
  }
  for (const { path } of listCorruptSegments(dir)) {
    const ranges = (readSegment(path)?.damaged ?? []).map(({ from, to }) => `${from} to ${to}`).join(", ");
    problems.push({
      file: path,
      problem: `bytes ${ranges} are not what was written; what could be read is in data/. Delete it to accept the loss`,
    });
  }
  if (pieces !== undefined) problems.push(...coverageProblems(logFolder(dir), pieces, acknowledged));
  const repeated = await repeatsIn(dir, open, episodes, problems);
  onProgress(episodes, steps);
  return {
    shards: shards.length,
    segments: segments.length,
    episodes,
    acknowledged,
    ...repeated,
    steps,
    bytes,
    tornBytes,
    problems,
  };
}

/** Counts what is there more than once; one problem, however much it is. */
async function repeatsIn(
  dir: string,
  open: readonly OpenRow[],
  episodes: number,
  problems: LogProblem[],
): Promise<Pick<LogReport, "repeatedTrials" | "repeatedEpisodes">> {
  let found: RepeatedTrials;
  try {
    found = await repeatedTrials(dir, open);
  } catch (error) {
    // Where a shard cannot be read, that is told already.
    if (problems.length === 0) problems.push({ file: dataFolder(dir), problem: (error as Error).message });
    return { repeatedTrials: 0, repeatedEpisodes: 0 };
  }
  const { trials, episodes: more, example } = found;
  if (example !== undefined) {
    problems.push({
      file: dataFolder(dir),
      problem: `${trials} trials are there more than once (${example.trialId} ${example.times} times): ${more} of ${episodes} episodes repeat others, and whoever averages counts them again`,
    });
  }
  return { repeatedTrials: trials, repeatedEpisodes: more };
}

function manifestOf(dir: string, problems: LogProblem[]): Manifest | undefined {
  try {
    return readManifest(dir);
  } catch (error) {
    problems.push({ file: manifestPath(dir), problem: (error as Error).message });
    return undefined;
  }
}
