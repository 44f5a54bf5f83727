/** Reading a log while it is written: what is seen, what it leaves, and how many may at once. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { ipcRows } from "#icrl/datasets/log/batch-rows.js";
import { listSegments, listShards } from "#icrl/datasets/log/log-folder.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { logPieces, pieceRows } from "#icrl/server/trajectories/log-pieces.js";
import { createLogReads, type LogReads } from "#icrl/server/trajectories/log-reads.js";
import { createGate } from "#icrl/server/trajectories/read-gate.js";
import { openTrajectoryLog, type TrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { randomEpisode } from "./random-episodes.mjs";

let dir: string;
let log: TrajectoryLog;
let reads: LogReads;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "icrl-reads-"));
  log = await openTrajectoryLog(dir, { durability: "process", commitRows: 5, commitMs: 1 });
  reads = createLogReads({ dir, log, maxReads: 2 });
});
afterEach(async () => {
  await reads.close();
  await log.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Appends random episodes of numbers from..to - 1, durably. */
async function write(from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) log.append(randomEpisode(i));
  await log.whenDurable(to);
}

const never = () => new AbortController().signal;

async function streamed(filter = {}, limit = 0): Promise<TrajectoryRow[]> {
  const rows: TrajectoryRow[] = [];
  for await (const { arrowIpc, rows: count } of reads.stream(filter, { limit }, never())) {
    const before = rows.length;
    rows.push(...ipcRows(arrowIpc));
    expect(rows.length - before).toBe(count);
  }
  return rows;
}

const idsOf = (numbers: readonly number[]) =>
  numbers.map((n) => `${randomEpisode(n).trialId}-${randomEpisode(n).episodeIndex}`);
const upTo = (end: number) => Array.from({ length: end }, (_, n) => n);

test("lists and streams see all that is durable, in order, whether it is in shards or not, and leave no shard", async () => {
  await write(0, 90);
  await log.seal();
  await write(90, 200);
  await log.seal();
  await write(200, 230);
  const shards = listShards(dir).map(({ name }) => name);
  expect(shards.length).toBeGreaterThan(1);
  expect(listSegments(dir).length).toBeGreaterThan(0);
  const paged: string[] = [];
  for (let token: string | undefined; token !== ""; ) {
    const page = await reads.list({}, { size: 37, token });
    paged.push(...page.trajectories.map(({ episodeId }) => episodeId));
    token = page.nextToken;
  }
  expect(paged).toEqual(idsOf(upTo(230)));
  expect((await streamed()).map((row) => row.episode_id)).toEqual(idsOf(upTo(230)));
  expect((await streamed({}, 203)).length).toBe(203);
  const { agent } = randomEpisode(215).run;
  const own = upTo(230).filter((n) => randomEpisode(n).run.agent === agent);
  expect((await streamed({ agent })).map((row) => row.episode_id)).toEqual(idsOf(own));
  expect((await reads.list({ agent }, { size: 1000 })).trajectories.map((each) => each.episodeId)).toEqual(idsOf(own));
  expect(listShards(dir).map(({ name }) => name)).toEqual(shards);
});

test("hundreds of reads while somebody plays leave the files that there were without", async () => {
  let seen = 0;
  for (let n = 0; n < 30; n++) {
    await write(n, n + 1);
    const lists = await Promise.all(upTo(10).map(() => reads.list({}, { size: 1000 })));
    for (const { trajectories } of lists) expect(trajectories.length).toBe(n + 1);
    seen += lists.length;
  }
  expect([seen, listShards(dir).length, listSegments(dir).length]).toEqual([300, 0, 1]);
});

test("what a list says of an episode is the same before and after it is in a shard", async () => {
  await write(0, 30);
  const before = await reads.list({}, { size: 1000 });
  const rows = await streamed();
  await log.seal();
  expect(await reads.list({}, { size: 1000 })).toEqual(before);
  expect(await streamed()).toEqual(rows);
});

test("a segment that becomes a shard while it is read is read as the shard", async () => {
  await write(0, 20);
  const pieces = logPieces(dir, 0, 20);
  expect(pieces.every(({ segment }) => segment !== undefined)).toBe(true);
  await log.seal();
  expect(listSegments(dir)).toEqual([]);
  const found: number[] = [];
  for (const piece of pieces) for await (const { index } of pieceRows(dir, piece, 3, 18)) found.push(index);
  expect(found).toEqual(upTo(18).slice(3));
});

test("a read shows nothing of what becomes durable after it was called", async () => {
  await write(0, 50);
  const chunks = reads.stream({}, { limit: 0 }, never());
  const first = chunks.next();
  await write(50, 400);
  const { value } = await first;
  let rows = value === undefined ? 0 : value.rows;
  for await (const chunk of chunks) rows += chunk.rows;
  expect(rows).toBe(50);
});

test("streams beyond so many are SERVER_BUSY, and one that is left makes room", async () => {
  await write(0, 10);
  const open = upTo(64).map(() => reads.stream({}, { limit: 0 }, never()));
  for (const each of open) expect((await each.next()).value?.rows).toBe(10);
  const more = () => streamed();
  await expect(more()).rejects.toMatchObject({ reason: "SERVER_BUSY" });
  await open[0].return(undefined);
  expect((await more()).length).toBe(10);
  for (const each of open) await each.return(undefined);
});

test("a filter that is longer than any name is refused, and costs nothing", async () => {
  const agent = "a".repeat(1025);
  await expect(reads.list({ agent }, {})).rejects.toMatchObject({ reason: "REQUEST_TOO_COSTLY" });
  await expect(streamed({ agent })).rejects.toMatchObject({ reason: "REQUEST_TOO_COSTLY" });
});

test("a gate lets so many through at once, in the order in which they came, and refuses those who find too many waiting", async () => {
  const gate = createGate(2, 3, "reads");
  const finish: (() => void)[] = [];
  const order: number[] = [];
  const pass = (n: number, signal?: AbortSignal) =>
    gate.pass(() => {
      order.push(n);
      return new Promise<void>((resolve) => finish.push(resolve));
    }, signal);
  const leaving = new AbortController();
  const passing = [pass(0), pass(1), pass(2), pass(3, leaving.signal), pass(4)];
  await expect(pass(5)).rejects.toMatchObject({ reason: "SERVER_BUSY" });
  leaving.abort(new Error("left"));
  await expect(passing[3]).rejects.toThrow("left");
  expect(order).toEqual([0, 1]);
  passing.push(pass(6)); // in the place of the one that left
  for (let n = 0; n < 5; n++) {
    await expect.poll(() => finish.length).toBeGreaterThan(n);
    finish[n]();
  }
  await Promise.allSettled(passing);
  expect(order).toEqual([0, 1, 2, 4, 6]);
  expect(gate.busy).toBe(0);
});

test("the threads that read are as many as reads at once, however many ask", async () => {
  await write(0, 30);
  const threads = () => readdirSync("/proc/self/task").length;
  await streamed();
  const before = threads();
  let most = 0;
  const watching = setInterval(() => (most = Math.max(most, threads())), 1);
  onTestFinished(() => clearInterval(watching));
  await Promise.all(upTo(40).map(() => streamed()));
  // A second reader's thread, with the helpers that Node gives to it; never one for each of forty.
  expect(most - before).toBeLessThan(8);
});
