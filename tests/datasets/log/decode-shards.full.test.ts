import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { expect, onTestFinished, test } from "vitest";
import { encodeParquet } from "#icrl/datasets/files/encode-parquet.js";
import { decodeShards } from "#icrl/datasets/log/decode-shards.js";
import { tempDir } from "../../support/temp-dir.js";

test("a thread whose decoder has grown large is not kept: that memory would never be given back", async () => {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  const started: Worker[] = [];
  const count = (thread: Worker) => started.push(thread);
  process.on("worker", count);
  onTestFinished(() => void process.off("worker", count));
  const alive = () => started.filter(({ threadId }) => threadId !== -1).length;
  const rowsRead = async (rows: number) => {
    const path = join(dir.path, `${rows}.parquet`);
    writeFileSync(
      path,
      encodeParquet(tableToIPC(tableFromArrays({ x: new Float64Array(rows), y: new Float64Array(rows) }), "stream")),
    );
    for await (const [stream] of decodeShards([[{ path, batchRows: 10_000 }]])) {
      expect(stream.length).toBeGreaterThan(16 * rows);
    }
    return alive();
  };
  expect(await rowsRead(10)).toBe(1);
  expect(await rowsRead(3_000_000)).toBe(0); // 48 MB of rows, and the stream that they are given as
});
