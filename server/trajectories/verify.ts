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

/** What was found so far. */
interface Findings {
  readonly problems: LogProblem[];
  episodes: number;
  steps: number;
  bytes: number;
  tornBytes: number;
  /** Where numbered episodes lie; undefined where files cannot be told from each other. */
  pieces: Piece[] | undefined;
  /** Rows of segments that no shard has yet. */
  readonly open: OpenRow[];
  /** Takes a row of a file. */
  check(file: string, row: TrajectoryRow): void;
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
  // In the order in which they grow out of date, should somebody write to it after all.
  const counted = existsSync(logFolder(dir)) ? countedIn(logFolder(dir)) : 0;
  const segments = listSegments(dir);
  const problems: LogProblem[] = [];
  const lines = manifestOf(dir, problems);
  const manifest = liveShards(lines?.shards ?? []);
  const shards = listShards(dir);
  const acknowledged = Math.max(counted, lines === undefined ? 0 : episodesOf(lines));
  const found: Findings = {
    ...{ problems, episodes: 0, steps: 0, bytes: 0, tornBytes: 0, pieces: lines && [], open: [] },
    check(file, row) {
      const problem = inconsistency(row) ?? replayProblem(row, replay);
      if (problem !== undefined) problems.push({ file, episodeId: row.episode_id, problem });
      found.episodes += 1;
      found.steps += row.length;
      if (found.episodes % 256 === 0) onProgress(found.episodes, found.steps);
    },
  };

  for (const { file, rows, damaged } of manifest.values()) {
    holds(found, join(dataFolder(dir), file), firstOf(file), rows, damaged);
  }
  for (const { name, path } of shards) {
    // Between the shard and the manifest's line a writer can be killed: its segment is still there then, and rolled again.
    const isKnown = manifest.has(name) || segments.some(({ first }) => shardName(first) === name);
    await checkShard(found, path, manifest.get(name), isKnown);
  }
  const present = new Set(shards.map(({ name }) => name));
  for (const name of manifest.keys()) {
    if (present.has(name)) continue;
    problems.push({ file: join(dataFolder(dir), name), problem: "is in log/shards.jsonl and is missing" });
  }
  for (const segment of segments) {
    checkSegment(found, segment, lines && rowsThatCount(lines, segment), {
      isListed: manifest.has(shardName(segment.first)),
      isRolled: existsSync(join(dataFolder(dir), shardName(segment.first))),
    });
  }
  for (const { path } of listCorruptSegments(dir)) {
    const ranges = (readSegment(path)?.damaged ?? []).map(({ from, to }) => `${from} to ${to}`).join(", ");
    problems.push({
      file: path,
      problem: `bytes ${ranges} are not what was written; what could be read is in data/. Delete it to accept the loss`,
    });
  }
  const { episodes, steps, bytes, tornBytes, pieces, open } = found;
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

/** Notes which numbered episodes a file holds. */
function holds({ pieces }: Findings, file: string, from: number, rows: number, damaged = false): void {
  if (rows > 0) pieces?.push({ file, from, to: from + rows, damaged });
}

/** Looks at a shard: its bytes, its columns, its rows, and how many these are. */
async function checkShard(
  found: Findings,
  file: string,
  entry: { readonly sha256: string; readonly rows: number } | undefined,
  isKnown: boolean,
): Promise<void> {
  const report = (problem: string) => void found.problems.push({ file, problem });
  const before = found.episodes;
  try {
    const { sha256, bytes } = await hashFile(file);
    found.bytes += bytes;
    if (!isKnown) report("is not in log/shards.jsonl");
    if (entry !== undefined && sha256 !== entry.sha256) {
      return report(
        `has sha256 ${sha256}, and ${entry.sha256} was written: bytes were changed; its episodes were not looked at`,
      );
    }
    const columns = describeColumns(await columnsOf(file));
    if (columns !== undefined) return report(columns);
    for await (const row of readShards([file])) found.check(file, row);
  } catch (error) {
    return report((error as Error).message);
  }
  const rows = found.episodes - before;
  if (entry !== undefined && rows !== entry.rows) report(`has ${rows} episodes, and ${entry.rows} were written`);
}

/**
 * Looks at a segment: its frames, and the rows of those that no shard has.
 *
 * @param countedRows how many of its rows count; undefined where the manifest cannot tell
 * @param shard whether a shard of its rows is in the manifest, and whether there is one
 */
function checkSegment(
  found: Findings,
  { path, first }: { readonly path: string; readonly first: number },
  countedRows: number | undefined,
  shard: { readonly isListed: boolean; readonly isRolled: boolean },
): void {
  const report = (problem: string) => void found.problems.push({ file: path, problem });
  const scan = readSegment(path, countedRows);
  if (scan === undefined) {
    found.pieces = undefined; // somebody writes to the log
    return;
  }
  found.bytes += scan.goodBytes;
  found.tornBytes += scan.tornBytes;
  for (const { from, to } of scan.damaged) report(`bytes ${from} to ${to} are not what was written`);
  if (shard.isListed) return;
  holds(found, path, first, scan.rows, scan.damaged.length > 0);
  if (shard.isRolled) return;
  for (const { offset, payload, rows } of scan.frames) {
    const before = found.episodes;
    try {
      for (const row of ipcRows(payload, path)) {
        found.check(path, row);
        const { trial_id, session_id, episode_index, complete } = row;
        found.open.push({ trial_id, session_id, episode_index, complete });
      }
    } catch (error) {
      report((error as Error).message);
      continue;
    }
    const seen = found.episodes - before;
    if (seen !== rows) report(`has ${seen} episodes at byte ${offset}, and ${rows} were written`);
  }
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
