import { linkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { TRAJECTORY_COLUMNS } from "#icrl/datasets/log/trajectory-schema.js";
import { readDataset } from "#icrl/datasets/read/read-dataset.js";
import { datasetForTest } from "../../support/dataset.js";

/** Shards of which the data has so many, all the same: what takes memory is how many are held at once. */
const SHARDS = 40;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes of arrays in use, whichever thread made them. Garbage does not count: when it is collected depends on how busy the machine is. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().external;
}

test("reading takes the memory of a window of shards, however many there are", async () => {
  const spec = {
    name: "large",
    seed: 1n,
    tasks: [{ id: "e1", task: "linear-bandit", options: { horizon: 200 }, trials: 1500 }],
    behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
  };
  const { dir } = await datasetForTest(spec, { labels: [] });
  const manifest = readDatasetManifest(dir);
  const [shard] = manifest.shards;
  const shards = Array.from({ length: SHARDS }, (_, i) => {
    const file = `data/trajectories-${String(i * shard.rows).padStart(12, "0")}.parquet`;
    if (!manifest.shards.some((known) => known.file === file)) linkSync(join(dir, shard.file), join(dir, file));
    return { ...shard, file };
  });
  writeFileSync(join(dir, "dataset.json"), JSON.stringify({ ...manifest, shards }));

  const columns = TRAJECTORY_COLUMNS.map(({ name }) => name);
  let rows = 0;
  let bytes = 0;
  let batches = 0;
  let early = 0;
  let most = 0;
  for await (const batch of readDataset(dir, { columns, shuffle: 1n, windowShards: 2, batchUnits: 50 })) {
    rows += batch.rows;
    for (const column of Object.values(batch.columns)) {
      const { values } = column as { values?: unknown };
      if (ArrayBuffer.isView(values)) bytes += values.byteLength;
    }
    batches += 1;
    if (batches % 7 !== 0) continue; // in the end, at any place of a window
    most = Math.max(most, heldBytes());
    if (rows <= 8 * shard.rows) early = most;
  }
  expect(rows).toBe(SHARDS * shard.rows);
  expect(early).toBeGreaterThan(0);
  // Of the 32 shards that came later, as good as none.
  expect((most - early) / (bytes / SHARDS)).toBeLessThan(4);
});
