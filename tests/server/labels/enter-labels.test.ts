import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { labelDataset } from "#icrl/clients/typescript/label-dataset.js";
import { introduce } from "#icrl/clients/typescript/session.js";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { verifyDataset } from "#icrl/datasets/verify/verify-dataset.js";
import { createReplay } from "#icrl/server/trajectories/replay.js";
import { makeDataset } from "../../support/dataset.js";
import { copyForTest, counter, gambler, labelShards } from "../../support/labels.js";
import { serverForTest } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";

const temporary = tempDir();
const dataset = join(temporary.path, "set");
beforeAll(async () => {
  await makeDataset(dataset, undefined, { labels: [] });
});
afterAll(() => temporary.remove());

test("labels that two servers finish at the same time are both in the manifest, and it verifies", async () => {
  const dir = copyForTest(dataset);
  const servers = [await serverForTest({}, dir), await serverForTest({}, dir)];
  await Promise.all([
    labelDataset(servers[0].connection, counter, { label: "a" }),
    labelDataset(servers[0].connection, counter, { label: "b" }),
    labelDataset(servers[1].connection, gambler, { label: "c" }),
    labelDataset(servers[1].connection, gambler, { label: "d" }),
  ]);
  const { labels } = readDatasetManifest(dir);
  expect(Object.keys(labels).sort()).toEqual(["a", "b", "c", "d", "optimal", "self"]);
  expect([labels.a, labels.c]).toMatchObject([{ agent: "counter" }, { agent: "gambler" }]);
  const report = await verifyDataset(dir, { sample: 0, seed: 0n, replay: createReplay() });
  expect(report).toMatchObject({ labels: 4, problems: [] });
});

test("labels that were all made and not entered, as when the server died in between, are entered when they are asked for", async () => {
  const dir = copyForTest(dataset);
  const before = readDatasetManifest(dir);
  const { connection } = await serverForTest({}, dir);
  await labelDataset(connection, counter);
  const entered = readDatasetManifest(dir);
  writeFileSync(join(dir, "dataset.json"), JSON.stringify(before));
  expect(await labelDataset(connection, counter)).toEqual({ trials: 0, episodes: 0, steps: 0 });
  expect(readDatasetManifest(dir)).toEqual(entered);
});

test("labels that do not fit the manifest's data are not entered, and their agent is told why", async () => {
  const dir = copyForTest(dataset);
  const { shards, ...manifest } = readDatasetManifest(dir);
  const missing = { ...shards[0], file: "data/trajectories-999999999999.parquet" };
  writeFileSync(join(dir, "dataset.json"), JSON.stringify({ ...manifest, shards: [...shards, missing] }));
  const { connection } = await serverForTest({}, dir);
  await expect(labelDataset(connection, counter)).rejects.toMatchObject({ reason: "DATASET_CORRUPT" });
  expect(readDatasetManifest(dir).labels).not.toHaveProperty("counter");
  expect(labelShards(dir, "counter").length).toBe(3);
});

test("the server's info and its welcome give the same capabilities: labelling where there is a dataset, and none where not", async () => {
  for (const dir of [copyForTest(dataset), undefined]) {
    const { connection } = await serverForTest({}, dir);
    const stream = connection.play();
    const welcome = await introduce(stream, { agent: "curious" });
    stream.cancel();
    expect(welcome.capabilities.filter((one) => one === "label")).toEqual(dir === undefined ? [] : ["label"]);
    expect((await connection.getServerInfo()).capabilities).toEqual(welcome.capabilities);
  }
});
