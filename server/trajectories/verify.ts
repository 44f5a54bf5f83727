/**
 * Whether a log is what was written, and what was written is what happened: bytes against the manifest's hashes, frames against
 * their checksums, rows against the schema and against themselves, and every episode played again.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ipcRows } from "../../datasets/batch-rows.js";
import { hashFile } from "../../datasets/durable-file.js";
import {
  dataFolder,
  listCorruptSegments,
  listSegments,
  listShards,
  liveShards,
  manifestPath,
  readManifest,
  requireLog,
  type ShardEntry,
  shardName,
} from "../../datasets/log-folder.js";
import { readShards } from "../../datasets/read-episodes.js";
import { inconsistency, type Replay, replayProblem } from "../../datasets/row-problems.js";
import { columnsOf, describeColumns } from "../../datasets/shard-columns.js";
import type { TrajectoryRow } from "../../datasets/trajectory-schema.js";
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
 * @param onProgress called now and then with the episodes verified so far
 * @throws NOT_A_LOG if the folder is no log
 */
export async function verifyLog(
  dir: string,
  replay: Replay,
  onProgress: (episodes: number) => void = () => {},
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
    if (episodes % 256 === 0) onProgress(episodes);
  };

  const manifest = manifestOf(dir, problems);
  const shards = listShards(dir);
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
      if (!listSegments(dir).some((s) => shardName(s.first) === name))
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

  const segments = listSegments(dir);
  for (const { path, first } of segments) {
    const scan = readSegment(path);
    bytes += scan.goodBytes;
    tornBytes += scan.tornBytes;
    for (const { from, to } of scan.damaged)
      problems.push({ file: path, problem: `bytes ${from} to ${to} are not what was written` });
    if (manifest.has(shardName(first)) || existsSync(join(dataFolder(dir), shardName(first)))) continue;
    for (const { offset, payload, rows } of scan.frames) {
      const before = episodes;
      try {
        for (const row of ipcRows(payload, path)) check(path, row);
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
    const { damaged } = readSegment(path);
    const ranges = damaged.map(({ from, to }) => `${from} to ${to}`).join(", ");
    problems.push({
      file: path,
      problem: `bytes ${ranges} are not what was written; what could be read is in data/. Delete it to accept the loss`,
    });
  }
  onProgress(episodes);
  return { shards: shards.length, segments: segments.length, episodes, steps, bytes, tornBytes, problems };
}

function manifestOf(dir: string, problems: LogProblem[]): Map<string, ShardEntry> {
  try {
    return liveShards(readManifest(dir));
  } catch (error) {
    problems.push({ file: manifestPath(dir), problem: (error as Error).message });
    return new Map();
  }
}
