import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listSegments, listShards, readManifest, segmentPath } from "#icrl/datasets/log/log-folder.js";
import { readEpisodes } from "#icrl/datasets/log/read-episodes.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { recordRow } from "#icrl/server/trajectories/record-row.js";
import { scanSegment } from "#icrl/server/trajectories/segment-file.js";
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { verifyLog } from "#icrl/server/trajectories/verify.js";
import { randomEpisode } from "./random-episodes.mjs";

const WRITER = fileURLToPath(new URL("./writer-process.mjs", import.meta.url));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "icrl-log-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function rowsOf(folder: string): Promise<TrajectoryRow[]> {
  const rows = [];
  for await (const row of readEpisodes(folder)) rows.push(row);
  return rows;
}

/** A spawned writer and its lines. */
function writer(mode: string, first = 0, shell?: string) {
  const command = [process.execPath, WRITER, dir, mode, String(first)];
  const child =
    shell === undefined
      ? spawn(command[0], command.slice(1))
      : spawn("sh", ["-c", `${shell}; exec "$@"`, "sh", ...command]);
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += String(text);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async next(): Promise<Record<string, unknown>> {
      const line = await lines.next();
      if (line.done) throw new Error(`the writer said nothing more: ${stderr}`);
      return JSON.parse(line.value) as Record<string, unknown>;
    },
    lines,
  };
}

test("random episodes come out as they went in, in order, over many commits, segments and opens", async () => {
  const count = 700;
  for (let from = 0; from < count; from += 350) {
    const log = await openTrajectoryLog(dir, { segmentBytes: 100_000, commitRows: 37 });
    for (let i = from; i < from + 350; i += 1) expect(log.append(randomEpisode(i))).toBe(i - from + 1);
    await log.whenDurable(350);
    expect(log.durable).toBe(350);
    await log.close();
  }
  const rows = await rowsOf(dir);
  expect(rows.length).toBe(count);
  for (const [i, row] of rows.entries()) expect(row).toEqual(recordRow(randomEpisode(i)));
  expect(listSegments(dir)).toEqual([]);
});

test("an appended episode's memory can be used again at once", async () => {
  const log = await openTrajectoryLog(dir);
  const episode = { ...randomEpisode(1), length: 3, rewards: Float32Array.of(1, 2, 3) };
  log.append(episode);
  episode.rewards.fill(9);
  await log.close();
  expect((await rowsOf(dir))[0].rewards).toEqual(Float32Array.of(1, 2, 3));
});

test("a lone episode becomes durable without more of them, and seal makes it readable", async () => {
  const log = await openTrajectoryLog(dir);
  await log.whenDurable(log.append(randomEpisode(5)));
  await log.seal();
  expect(await rowsOf(dir)).toEqual([recordRow(randomEpisode(5))]);
  await log.seal();
  log.append(randomEpisode(6));
  await log.seal();
  expect((await rowsOf(dir)).length).toBe(2);
  await log.close();
});

test("tiny shards are joined at close, and keep their episodes, order and numbers", async () => {
  const log = await openTrajectoryLog(dir);
  for (let i = 0; i < 9; i += 1) {
    log.append(randomEpisode(2 * i));
    log.append(randomEpisode(2 * i + 1));
    await log.seal();
  }
  expect(listShards(dir).length).toBe(9);
  await log.close();
  expect(listShards(dir).map((shard) => shard.name)).toEqual(["trajectories-000000000000.parquet"]);
  const again = await openTrajectoryLog(dir);
  again.append(randomEpisode(18));
  await again.close();
  expect(listShards(dir).map((shard) => shard.first)).toEqual([0, 18]);
  const rows = await rowsOf(dir);
  for (const [i, row] of rows.entries()) expect(row).toEqual(recordRow(randomEpisode(i)));
  expect(rows.length).toBe(19);
  expect((await verifyLog(dir, () => undefined)).problems).toEqual([]);
});

test("a second writer in the same process or in another is refused, and a dead one's lock is taken over", async () => {
  const log = await openTrajectoryLog(dir);
  await expect(openTrajectoryLog(dir)).rejects.toMatchObject({ reason: "LOG_LOCKED" });
  await log.close();
  const other = writer("hold");
  await other.next();
  await expect(openTrajectoryLog(dir)).rejects.toMatchObject({ reason: "LOG_LOCKED" });
  other.child.kill("SIGKILL");
  await once(other.child, "exit");
  await (await openTrajectoryLog(dir)).close();
});

test("what was acknowledged survives kill -9 at random moments, in order and once", async () => {
  let first = 0;
  for (let kill = 0; kill < 4; kill += 1) {
    const { child, next, lines } = writer("forever", first);
    // The moment is as random as the machine; the count of lines waited for spreads it over commits and rolls.
    let acknowledged = first;
    for (let i = 0; i <= 3 * kill; i += 1) acknowledged = (await next()).durable as number;
    child.kill("SIGKILL");
    await once(child, "exit");
    for (let line = await lines.next(); !line.done; line = await lines.next()) {
      acknowledged = (JSON.parse(line.value) as { durable: number }).durable;
    }
    const log = await openTrajectoryLog(dir);
    await log.close();
    const rows = await rowsOf(dir);
    expect(rows.length).toBeGreaterThanOrEqual(acknowledged);
    for (const [i, row] of rows.entries())
      if (row.trial_index !== BigInt(i)) throw new Error(`row ${i} is ${row.trial_index}`);
    expect(rows.at(-1)).toEqual(rows.length === 0 ? undefined : recordRow(randomEpisode(rows.length - 1)));
    first = rows.length;
  }
  expect(first).toBeGreaterThan(0);
  expect((await verifyLog(dir, () => undefined)).problems).toEqual([]);
});

/** A log whose last segment was not rolled, as after kill -9. */
async function unrolled(count: number): Promise<string> {
  const log = await openTrajectoryLog(dir, { commitRows: 10 });
  for (let i = 0; i < count; i += 1) {
    log.append(randomEpisode(i));
    if (i % 10 === 9) await log.whenDurable(i + 1);
  }
  const path = segmentPath(dir, 0, 1);
  const bytes = readFileSync(path);
  await log.close();
  rmSync(join(dir, "data"), { recursive: true });
  rmSync(join(dir, "log", "shards.jsonl"));
  writeFileSync(path, bytes);
  return path;
}

test("a torn tail of any length is cut off and counted, and the frames before it are kept", async () => {
  const path = await unrolled(30);
  const bytes = readFileSync(path);
  const last = scanSegment(bytes).frames[2].offset;
  for (const keep of [1, 15, 16, bytes.length - last - 1]) {
    writeFileSync(path, bytes.subarray(0, last + keep));
    rmSync(join(dir, "data"), { recursive: true, force: true });
    rmSync(join(dir, "log", "shards.jsonl"), { force: true });
    expect((await verifyLog(dir, () => undefined)).tornBytes).toBe(keep);
    const log = await openTrajectoryLog(dir);
    expect(log.tornBytes).toBe(keep);
    await log.close();
    expect((await rowsOf(dir)).length).toBe(20);
  }
});

test("a damaged frame in a segment's middle is reported and kept, and the frames around it are saved", async () => {
  const path = await unrolled(30);
  const bytes = readFileSync(path);
  bytes[scanSegment(bytes).frames[1].offset + 700] ^= 1;
  writeFileSync(path, bytes);
  expect((await verifyLog(dir, () => undefined)).problems[0].file).toBe(path);
  await (await openTrajectoryLog(dir)).close();
  const rows = await rowsOf(dir);
  expect(rows.map((row) => Number(row.trial_index))).toEqual([
    ...Array(10).keys(),
    ...[...Array(10).keys()].map((i) => i + 20),
  ]);
  const report = await verifyLog(dir, () => undefined);
  expect(report.problems.map((p) => p.file)).toEqual([`${path}.corrupt`]);
  // A number that was given once is not given again, so nothing is taken for rolled that is not.
  const log = await openTrajectoryLog(dir);
  log.append(randomEpisode(30));
  await log.close();
  expect((await rowsOf(dir)).length).toBe(21);
});

test("a segment whose shard is already there, in the manifest or not, is not counted twice", async () => {
  const path = await unrolled(30);
  const bytes = readFileSync(path);
  await (await openTrajectoryLog(dir)).close();
  const manifest = readFileSync(join(dir, "log", "shards.jsonl"));
  for (const lines of [manifest, Buffer.alloc(0), manifest.subarray(0, 20)]) {
    writeFileSync(path, bytes);
    writeFileSync(join(dir, "log", "shards.jsonl"), lines);
    writeFileSync(join(dir, "log", "trajectories-000000000000.parquet.tmp"), "half a shard");
    const log = await openTrajectoryLog(dir);
    log.append(randomEpisode(30));
    await log.close();
    expect((await rowsOf(dir)).length).toBe(31);
    expect(readManifest(dir).shards.map((entry) => entry.rows)).toEqual([30, 1]);
    expect(readdirSync(join(dir, "log")).sort()).toEqual(["shards.jsonl"]);
    rmSync(join(dir, "data", "trajectories-000000000030.parquet"));
  }
});

test("a joining of shards that was interrupted after its manifest line is completed at the next open", async () => {
  const log = await openTrajectoryLog(dir);
  for (let i = 0; i < 8; i += 1) {
    log.append(randomEpisode(i));
    await log.seal();
  }
  const before = listShards(dir).map((shard) => ({ ...shard, bytes: readFileSync(shard.path) }));
  await log.close();
  const joined = readFileSync(listShards(dir)[0].path);
  // As if killed between the manifest's line and the renaming.
  for (const shard of before) writeFileSync(shard.path, shard.bytes);
  writeFileSync(join(dir, "log", "trajectories-000000000000.parquet.1.tmp"), joined); // of epoch 1
  await (await openTrajectoryLog(dir)).close();
  expect(readFileSync(listShards(dir)[0].path).equals(joined)).toBe(true);
  expect((await rowsOf(dir)).length).toBe(8);
  expect((await verifyLog(dir, () => undefined)).problems).toEqual([]);
});

test("a full disk loses nothing that was acknowledged, says so, and is left behind by probe", async () => {
  // ulimit -f counts blocks of 512 or 1,024 bytes; a segment may grow to 200,000 bytes, and its last commit beyond that.
  const starving = writer("starve", 0, "ulimit -f 240");
  const closed = await starving.next();
  const said = await starving.next();
  expect(said).toMatchObject({
    reason: "LOG_UNWRITABLE",
    refused: "LOG_UNWRITABLE",
    writableBefore: false,
    probed: true,
  });
  expect(said.lostLater).toBe("LOG_UNWRITABLE");
  const durable = said.durable as number;
  const lost = said.lost as [number, string][];
  expect(lost[0]).toEqual([durable + 1, "LOG_UNWRITABLE"]);
  expect(lost.length).toBeGreaterThan(0);
  expect(closed).toEqual({ closed: true });
  const rows = await rowsOf(dir);
  // What was acknowledged, then the 100 after the probe; of those lost nothing.
  expect(rows.length).toBe(durable + 100);
  const lastLost = lost[lost.length - 1][0];
  const expected = [...Array(durable).keys(), ...[...Array(100).keys()].map((i) => lastLost + i)];
  expect(rows.map((row) => Number(row.trial_index))).toEqual(expected);
  expect((await verifyLog(dir, () => undefined)).problems).toEqual([]);
});

test("memory does not grow with what was logged", async () => {
  const log = await openTrajectoryLog(dir, { segmentBytes: 1 << 20 });
  const buffers: number[] = [];
  const episodes = Array.from({ length: 50 }, (_, i) => randomEpisode(i, 400));
  for (let round = 0; round < 4; round += 1) {
    for (let i = 0; i < 1_000; i += 1) {
      const number = log.append(episodes[i % episodes.length]);
      if (number % 256 === 0) await log.whenDurable(number - 200);
    }
    await log.seal();
    buffers.push(process.memoryUsage().arrayBuffers);
  }
  await log.close();
  // About 4.5 MB of episodes a round went through; the builders keep what one batch needs.
  expect(buffers[3] - buffers[0]).toBeLessThan(4 << 20);
});

test("logs share one thread, which starts with the first segment and ends with the last log", () => {
  const program = fileURLToPath(new URL("./roll-thread-process.mjs", import.meta.url));
  expect(JSON.parse(execFileSync(process.execPath, [program, dir], { encoding: "utf8" }))).toEqual({
    opened: { started: 0, running: 0 },
    oneLeft: { started: 1, running: 1 },
    closed: { started: 1, running: 0 },
  });
});

test("a folder that cannot be made is LOG_UNWRITABLE", async () => {
  writeFileSync(join(dir, "file"), "");
  await expect(openTrajectoryLog(join(dir, "file", "log"))).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
});
