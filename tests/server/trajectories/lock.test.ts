/** Who holds a folder, and what becomes of a log's writer that was replaced while it slept, wherever it slept. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { listSegments, listShards, manifestPath, readManifest } from "#icrl/datasets/log/log-folder.js";
import { compactShards } from "#icrl/server/trajectories/compact.js";
import { lockFolder } from "#icrl/server/trajectories/lock.js";
import { recordRow } from "#icrl/server/trajectories/record-row.js";
import { rollSegment } from "#icrl/server/trajectories/roll.js";
import { openTrajectoryLog, type TrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { verifyLog } from "#icrl/server/trajectories/verify.js";
import { removeLocks } from "../../support/log-place.js";
import { readLog } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";
import { randomEpisode } from "./random-episodes.mjs";

let dir: string;
beforeEach(() => {
  const folder = tempDir();
  dir = folder.path;
  onTestFinished(() => folder.remove());
});

const ELSEWHERE = `{"pid":1,"host":"elsewhere","token":"t"}\n`;

async function append(log: TrajectoryLog, from: number, count: number): Promise<void> {
  let last = 0;
  for (let i = 0; i < count; i += 1) last = log.append(randomEpisode(from + i));
  await log.whenDurable(last);
}

const rowsFrom = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => recordRow(randomEpisode(from + i)));

const readStat = (path: string) => statSync(path, { bigint: true });

/** What a taker does to a lock of epoch 1. */
const removeLocksOf = (folder: string) => rmSync(join(folder, "lock-1"));

/** Somebody who holds the log. */
async function holder() {
  const lock = await lockFolder(join(dir, "log"));
  onTestFinished(() => lock.release());
  return { epoch: lock.epoch, claim: lock.claim };
}

const problems = async () => (await verifyLog(dir, () => undefined)).problems.map(({ problem }) => problem);

test("a holder elsewhere is alive while its lock changes, whatever the times say, and the error names it", async () => {
  const path = join(dir, "lock-4");
  writeFileSync(path, ELSEWHERE);
  let seconds = 1_000; // 1970: its clock is far behind ours, or ours ahead
  const beat = setInterval(() => utimesSync(path, seconds, seconds++), 2);
  onTestFinished(() => clearInterval(beat));
  const watched: unknown[] = [];
  const taking = lockFolder(dir, { watchMs: 3_000, onWatch: (holder, s) => watched.push([holder, s]) });
  await expect(taking).rejects.toMatchObject({
    reason: "LOG_LOCKED",
    message: `${dir} is written by process 1 on elsewhere: stop it, or give another folder`,
  });
  expect(watched).toEqual([["process 1 on elsewhere", 3]]);
  expect(readdirSync(dir)).toEqual(["lock-4"]);
});

test("a holder elsewhere that is silent while it is watched is replaced, by one with a greater epoch", async () => {
  writeFileSync(join(dir, "lock-4"), `${ELSEWHERE}0000000000000017\n`);
  utimesSync(join(dir, "lock-4"), 4e9, 4e9); // touched in 2096, it says
  const lock = await lockFolder(dir, { watchMs: 30 });
  expect(lock).toMatchObject({ epoch: 5, countedBefore: 17 });
  expect(readdirSync(dir)).toEqual(["lock-5"]);
  await expect(lockFolder(dir)).rejects.toThrow("is written by this process");
  lock.release();
  expect(readdirSync(dir)).toEqual([]);
});

test("a writer that was replaced neither removes the other's lock nor keeps it alive", async () => {
  const sleeper = await lockFolder(dir, { beatMs: 1 });
  removeLocksOf(dir);
  const other = await lockFolder(dir, { beatMs: 60_000 });
  const { mtimeNs } = readStat(join(dir, "lock-1"));
  expect(() => sleeper.check()).toThrow("has taken");
  sleeper.release();
  other.check();
  expect(readStat(join(dir, "lock-1")).mtimeNs).toBe(mtimeNs);
  other.release();
});

test("epochs of a log grow from writer to writer, also where nothing of the last one's lock is left", async () => {
  for (let i = 0; i < 3; i += 1) {
    const log = await openTrajectoryLog(dir);
    await append(log, i, 1);
    await log.close();
  }
  expect(readManifest(dir).writers).toEqual(
    [1, 2, 3].flatMap((epoch) => [{ epoch }, { epoch, episodes: epoch - 1 }, { epoch, episodes: epoch }]),
  );
  expect(readdirSync(join(dir, "log"))).toEqual(["shards.jsonl"]);
});

test("frames that a replaced writer wrote too late are nobody's, and its segments are not the next writer's", async () => {
  const sleeper = await openTrajectoryLog(dir);
  await append(sleeper, 0, 10);
  const [{ path }] = listSegments(dir);
  const frame = readFileSync(path);
  removeLocks(dir);
  const next = await openTrajectoryLog(dir);
  await append(next, 10, 5);
  // Asleep between its look at the lock and its write, it writes now: to its segment, which was rolled, and to another.
  writeFileSync(path, Buffer.concat([frame, frame]));
  writeFileSync(path.replace("000000000000", "000000000010"), frame);
  expect(listSegments(dir).map(({ first, epoch }) => [first, epoch])).toEqual([
    [0, 1],
    [10, 1],
    [10, 2],
  ]);
  expect((await verifyLog(dir, () => undefined)).episodes).toBe(15);
  expect(await problems()).toEqual([]);
  removeLocks(dir); // the second dies, too
  await (await openTrajectoryLog(dir)).close();
  expect(await readLog(dir)).toEqual(rowsFrom(0, 15));
  expect(await problems()).toEqual([]);
  expect(listSegments(dir)).toEqual([]);
  await expect(sleeper.close()).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
  await expect(next.close()).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
});

test("the thread of a replaced writer rolls and joins nothing, and its lines in the manifest do not count", async () => {
  mkdirSync(join(dir, "log"));
  const lock = await lockFolder(join(dir, "log"));
  lock.release();
  const log = await openTrajectoryLog(dir);
  for (let i = 0; i < 8; i += 1) {
    await append(log, i, 1);
    await log.seal();
  }
  await append(log, 8, 1);
  const [segment] = listSegments(dir);
  const before = [readFileSync(manifestPath(dir)), listShards(dir), readFileSync(segment.path)];
  const stale = { epoch: 1, claim: lock.claim };
  await expect(rollSegment(dir, segment, stale)).rejects.toThrow("has taken");
  expect(readFileSync(segment.path)).toEqual(before[2]);
  rmSync(segment.path); // nothing is joined while there is one
  await expect(compactShards(dir, stale)).rejects.toThrow("has taken");
  writeFileSync(segment.path, before[2] as Buffer);
  expect([readFileSync(manifestPath(dir)), listShards(dir)]).toEqual(before.slice(0, 2));
  // It slept between its look at the lock and its line.
  const line = { file: listShards(dir)[0].name, rows: 99, bytes: 1, sha256: "0", epoch: 0 };
  appendFileSync(manifestPath(dir), `${JSON.stringify(line)}\n`);
  expect(await problems()).toEqual([]);
  await log.close();
  expect(await readLog(dir)).toEqual(rowsFrom(0, 9));
});

test("a segment that a replaced writer took away is found in the shard that it had placed", async () => {
  const sleeper = await openTrajectoryLog(dir);
  await append(sleeper, 0, 10);
  const [segment] = listSegments(dir);
  const bytes = readFileSync(segment.path);
  await sleeper.close();
  // As if its thread had been replaced between placing the shard and its line: that does not count, and it went on.
  const [, second] = readFileSync(manifestPath(dir), "utf8").split("\n");
  writeFileSync(manifestPath(dir), `{"epoch":1}\n${second}\n`);
  writeFileSync(segment.path, bytes);
  expect(await rollSegment(dir, { ...segment, path: `${segment.path}.gone` }, await holder())).toMatchObject({
    rows: 0,
  });
  expect(readManifest(dir).shards).toMatchObject([{ file: listShards(dir)[0].name, rows: 10 }]);
});

test("a writer whose folder is out of reach for a while is not replaced", async () => {
  const log = await openTrajectoryLog(dir);
  await append(log, 0, 1);
  await log.seal();
  renameSync(join(dir, "log"), join(dir, "away"));
  await expect(append(log, 1, 1)).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
  renameSync(join(dir, "away"), join(dir, "log"));
  expect(await log.probe()).toBe(true);
  await append(log, 2, 1);
  await log.close();
  expect(await problems()).toEqual([]);
});

test("what was acknowledged and is gone is found: a segment, its end, a shard, and a shard with its line", async () => {
  const log = await openTrajectoryLog(dir, { commitMs: 0 });
  await append(log, 0, 20);
  await log.seal();
  await append(log, 20, 5);
  const [segment] = listSegments(dir);
  const bytes = readFileSync(segment.path);
  await append(log, 25, 5);
  const whole = readFileSync(segment.path);
  expect(await problems()).toEqual([]);
  const gone = (from: number, to: number, count: number) => [
    `episodes ${from} to ${to} (${count}) are in no file, and were acknowledged: a shard or segment is lost, or was cut`,
  ];
  writeFileSync(segment.path, bytes); // cut between two frames: no checksum is wrong
  expect(await problems()).toEqual(gone(25, 29, 5));
  rmSync(segment.path);
  expect(await problems()).toEqual(gone(20, 29, 10));
  writeFileSync(segment.path, whole);
  await log.close();
  expect(await problems()).toEqual([]);
  const lines = readFileSync(manifestPath(dir), "utf8");
  const [first, last] = listShards(dir);
  rmSync(last.path);
  expect(await problems()).toEqual(["is in log/shards.jsonl and is missing"]);
  writeFileSync(
    manifestPath(dir),
    lines
      .split("\n")
      .filter((line) => !line.includes(last.name))
      .join("\n"),
  );
  expect(await problems()).toEqual(gone(20, 29, 10));
  expect(existsSync(first.path)).toBe(true);
  // The next writer says so, and gives none of those numbers again.
  const told: unknown[] = [];
  const again = await openTrajectoryLog(dir, { tell: (event) => told.push(event) });
  await append(again, 30, 1);
  await again.close();
  expect(told).toContainEqual({ event: "episodes_missing", folder: dir, episodes: 10 });
  expect(await problems()).toEqual(gone(20, 29, 10));
});
