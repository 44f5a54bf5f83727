import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { decodeShards } from "#icrl/datasets/log/decode-shards.js";

const DATA = join(import.meta.dirname, "../../fixtures/schema-1/dataset/data");
const SHARD = { path: join(DATA, "trajectories-000000000000.parquet"), batchRows: 1000 };
const GONE = { path: join(DATA, "gone.parquet"), batchRows: 1000 };

const started: Worker[] = [];
const count = (thread: Worker) => started.push(thread);
beforeEach(() => {
  started.length = 0;
  process.on("worker", count);
});
afterEach(() => process.off("worker", count));
/** Threads that this test started and that still are. */
const alive = () => started.filter(({ threadId }) => threadId !== -1).length;

/** Reads a shard so many times in one reading. */
async function read(times: number): Promise<readonly Uint8Array[]> {
  const streams: Uint8Array[] = [];
  for await (const [stream] of decodeShards(new Array(times).fill([SHARD]))) streams.push(stream);
  return streams;
}

test("a reading takes the thread that the last one has left, and reads what that has read", async () => {
  const first = await read(2);
  const threads = started.length; // none, where a file before this one has left its own
  expect(await read(3)).toEqual([first[0], ...first]);
  expect(started.length).toBe(threads);
});

test("readings at the same time have threads of their own, of which one stays", async () => {
  await read(1);
  const finer = { ...SHARD, batchRows: 5 };
  const one = decodeShards([[SHARD], [finer]]);
  const [first, second] = [await one.next(), await read(2)];
  expect(second[0]).toEqual(first.value?.[0]);
  expect((await one.next()).value).not.toEqual(first.value);
  expect(await one.next()).toEqual({ value: undefined, done: true });
  expect(started.length).toBeGreaterThanOrEqual(1);
  expect(alive()).toBeLessThanOrEqual(1);
});

test("a reading that is broken off, or cannot go on, ends its thread: nobody else gets its answers", async () => {
  await read(1);
  for await (const [stream] of decodeShards(new Array(3).fill([SHARD]))) {
    expect(stream.length).toBeGreaterThan(0);
    break;
  }
  const before = started.length;
  const streams = await read(1);
  expect(started.length).toBe(before + 1);

  await expect(decodeShards([[GONE]]).next()).rejects.toMatchObject({ reason: "LOG_CORRUPT" });
  expect(alive()).toBe(0);
  expect(await read(1)).toEqual(streams);
  expect(started.length).toBe(before + 2);
});
