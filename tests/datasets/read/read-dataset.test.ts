import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lists } from "#icrl/datasets/log/batch-columns.js";
import { TRAJECTORY_COLUMNS, type TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { type ReadOptions, readDataset } from "#icrl/datasets/read/read-dataset.js";
import { dataRows, madeUpLabel, makeDataset } from "../../support/dataset.js";
import { copyForTest } from "../../support/labels.js";
import { tempDir } from "../../support/temp-dir.js";

const temporary = tempDir();
const dir = join(temporary.path, "set");
let written: TrajectoryRow[];
beforeAll(async () => {
  await makeDataset(dir);
  written = await dataRows(dir);
});
afterAll(() => temporary.remove());

const listAt = ({ offsets, values, nulls }: Lists<Int32Array | Float32Array>, row: number) =>
  nulls?.[row] === 1 ? null : values.slice(offsets[row], offsets[row + 1]);

type Order = Omit<ReadOptions<"episode_id">, "columns">;

/** Ids of the episodes in the order in which they are read, by batch and unit. @param places what the batches' are added to */
async function idsOf(order: Order, places: [epoch: number, index: number][] = []): Promise<string[][][]> {
  const batches: string[][][] = [];
  for await (const { units, columns, epoch, index } of readDataset(dir, { columns: ["episode_id"], ...order })) {
    places.push([epoch, index]);
    const ids = columns.episode_id as string[];
    batches.push(Array.from({ length: units.length - 1 }, (_, i) => ids.slice(units[i], units[i + 1])));
  }
  return batches;
}

test("every column and label comes out as it was written, in order", async () => {
  const columns = TRAJECTORY_COLUMNS.map(({ name }) => name);
  let at = 0;
  for await (const batch of readDataset(dir, { columns, labels: ["self", "optimal", "made-up"], batchUnits: 30 })) {
    for (let row = 0; row < batch.rows; row += 1, at += 1) {
      const expected = written[at];
      for (const { name, type } of TRAJECTORY_COLUMNS) {
        const values = batch.columns[name];
        const value = type.startsWith("list<") ? listAt(values as Lists<Int32Array>, row) : (values as unknown[])[row];
        const wanted = type === "bool" ? Number(expected[name]) : expected[name];
        expect(value, name).toEqual(wanted);
      }
      const label = madeUpLabel(expected);
      expect([...(listAt(batch.labels["made-up"].actions, row) ?? [])]).toEqual(label.actions);
      const probabilities = batch.labels["made-up"].probabilities as Lists<Float32Array>;
      expect(listAt(probabilities, row)).toEqual(label.probabilities && Float32Array.from(label.probabilities));
      expect(listAt(batch.labels.self.actions, row)).toEqual(expected.actions);
      expect(listAt(batch.labels.optimal.actions, row)).toEqual(expected.optimal_actions);
    }
  }
  expect(at).toBe(written.length);
});

test("shuffled reading is a permutation, the same for the same seed, another in each epoch and for each seed", async () => {
  const inOrder = written.map((row) => row.episode_id);
  const sorted = inOrder.toSorted();
  const orders = new Set<string>();
  for (const windowShards of [1, 2, 4]) {
    for (const shuffle of [1n, 2n]) {
      const batches = await idsOf({ shuffle, windowShards, batchUnits: 16, epochs: 2 });
      if (shuffle === 2n) expect(await idsOf({ shuffle, windowShards, batchUnits: 16, epochs: 2 })).toEqual(batches);
      const half = batches.length / 2;
      // 100 episodes are six batches of 16 and one of 4
      expect(batches.map((units) => units.length)).toEqual([16, 16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 16, 4]);
      for (const epoch of [batches.slice(0, half), batches.slice(half)]) {
        const ids = epoch.flat(2);
        expect(ids.toSorted()).toEqual(sorted);
        orders.add(ids.join());
      }
    }
  }
  expect(orders.size).toBe(12);
  expect(orders.has(inOrder.join())).toBe(false);
});

test("reading can begin at any batch: what follows is what followed there", async () => {
  for (const windowShards of [2, 4]) {
    const order = { shuffle: 9n, windowShards, unit: "trial", batchUnits: 7, epochs: 3 } as const;
    const places: [epoch: number, index: number][] = [];
    const all = await idsOf(order, places);
    // 40 trials are five batches of 7 and one of 5
    expect(places).toEqual([0, 1, 2].flatMap((epoch) => [0, 1, 2, 3, 4, 5].map((index) => [epoch, index])));
    for (const [epoch, batch] of [
      [0, 4],
      [1, 5],
      [2, 6],
    ]) {
      expect(await idsOf({ ...order, from: { epoch, batch } })).toEqual(all.slice(6 * epoch + batch));
    }
  }
});

test("shards that fit one window are decoded once: later epochs need no file", async () => {
  const copy = copyForTest(dir);
  const epochs: number[] = [];
  const options = { columns: ["actions"], labels: ["made-up"], shuffle: 1n, epochs: 3, windowShards: 3 } as const;
  for await (const { epoch, rows } of readDataset(copy, options)) {
    expect(rows).toBe(100); // all of them
    epochs.push(epoch);
    rmSync(join(copy, "data"), { recursive: true, force: true });
  }
  expect(epochs).toEqual([0, 1, 2]);
});

test("the order does not depend on the columns and labels that are read", async () => {
  const ids = (await idsOf({ shuffle: 5n, labels: ["made-up"], batchUnits: 7 })).flat(2);
  expect(ids).toEqual((await idsOf({ shuffle: 5n, batchUnits: 9 })).flat(2));
});

test("a window of all shards is shuffled in full: what was first comes anywhere", async () => {
  const epochs = await idsOf({ shuffle: 1n, windowShards: 3, epochs: 8 }); // an epoch is one batch
  const places = epochs.map((units) => units.flat().indexOf(written[0].episode_id));
  expect(places.length).toBe(8);
  expect(Math.max(...places) - Math.min(...places)).toBeGreaterThan(33); // a third of the set: more than its shard
});

test("by trials, learning histories stay whole and in order", async () => {
  const expected = new Map<string, string[]>();
  for (const row of written) expected.set(row.trial_id, [...(expected.get(row.trial_id) ?? []), row.episode_id]);
  const histories = (await idsOf({ unit: "trial", shuffle: 3n, batchUnits: 6 })).flat();
  expect(histories.length).toBe(40);
  for (const ids of histories) expect(ids).toEqual(expected.get(ids[0].split("-")[0]));
});

test("filters by task, behaviour and part of a split pick exactly the rows that match", async () => {
  const mdp = (await idsOf({ task: "mdp", behaviour: "noisy" })).flat(2);
  const isNoisy = (row: TrajectoryRow) => row.task === "random-mdp" && row.behaviour_component === "noisy";
  expect(mdp).toEqual(written.filter(isNoisy).map((row) => row.episode_id));
  const parts = { train: 0.7, val: 0.3 };
  const ids = await Promise.all(
    ["train", "val"].map(async (part) => (await idsOf({ split: { parts, seed: 4n, part } })).flat(2)),
  );
  expect(ids.flat().toSorted()).toEqual(written.map((row) => row.episode_id).toSorted());
  expect(ids.every((part) => part.length > 0)).toBe(true);
  await expect(idsOf({ split: { parts, seed: 4n, part: "test" } })).rejects.toMatchObject({ reason: "OPTION_INVALID" });
  await expect(idsOf({ task: "nothing" })).rejects.toMatchObject({ reason: "SELECTION_EMPTY" });
  await expect(idsOf({ labels: ["nobody"] })).rejects.toMatchObject({ reason: "LABEL_UNKNOWN" });
});

test("a consumer that breaks off ends the decoding thread", async () => {
  const threads = () => process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
  const before = threads();
  for await (const batch of readDataset(dir, {
    columns: ["actions"],
    epochs: Number.POSITIVE_INFINITY,
    batchUnits: 5,
  })) {
    expect(batch.rows).toBe(5);
    expect(threads()).toBeGreaterThan(before);
    break;
  }
  expect(threads()).toBe(before);
});
