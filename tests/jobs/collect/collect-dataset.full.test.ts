import { join } from "node:path";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import type { DatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { collectDataset } from "#icrl/jobs/collect/collect-dataset.js";
import { readDatasetFile } from "#icrl/jobs/collect/dataset-file.js";
import { collectBeside } from "#icrl/jobs/train/collect-beside.js";
import { heard } from "../../support/job-listener.js";
import { tempDir } from "../../support/temp-dir.js";
import { datasetFile } from "../../support/training-file.js";

const folder = tempDir();
afterAll(() => folder.remove());

const running = new AbortController().signal;
const file = datasetFile(folder.path, { labels: [{ expert: "ucb" }], trials: 400 });
const planTo = (name: string) => ({ spec: readDatasetFile(file), source: file, out: join(folder.path, name) });

/** A manifest without how the data lie in files, which depends on when a server was stopped. */
const content = ({ shards, labels, ...rest }: DatasetManifest): unknown => ({
  ...rest,
  labels: Object.keys(labels),
  rows: shards.reduce((sum, { rows }) => sum + rows, 0),
});

test("a dataset is collected and labelled without a word but to its listener; done already, it is told", async () => {
  const printed = (["stdout", "stderr"] as const).map((name) => vi.spyOn(process[name], "write"));
  onTestFinished(() => printed.forEach((spy) => void spy.mockRestore()));
  const listener = heard();
  const manifest = await collectDataset(planTo("a"), listener, running);
  expect(manifest).toMatchObject({ trials: 400, labels: { ucb: { agent: "ucb" } } });
  expect(listener.items()).toMatchObject([{ name: 'labels "ucb"', done: 400, total: 400 }]);
  expect([...new Set(listener.done)]).toEqual([
    "starting a server",
    "closing the log",
    'labels "ucb": starting a server, and reading what is to be labelled',
    'writing the labels "ucb"',
    "counting, and hashing the shards",
  ]);
  const again = heard();
  expect(await collectDataset(planTo("a"), again, running)).toEqual(manifest);
  expect(again.said).toEqual([`${planTo("a").out} is finished: nothing is left to collect`]);
  for (const spy of printed) expect(spy).not.toHaveBeenCalled();
});

test("aborted in the middle it throws why, and the same plan goes on to the same dataset, beside this thread too", async () => {
  const whole = await collectDataset(planTo("whole"), heard(), running);
  const stop = new AbortController();
  const why = new Error("enough");
  const listener = heard(([{ done }]) => done > 0 && stop.abort(why));
  await expect(collectDataset(planTo("b"), listener, stop.signal)).rejects.toBe(why);
  await collectBeside(planTo("b"), running);
  const manifest = await collectDataset(planTo("b"), heard(), running);
  expect(content(manifest)).toEqual(content(whole));
});

test("beside this thread: an error comes back by its reason, and aborting ends it", async () => {
  const other = { ...planTo("a"), spec: { ...planTo("a").spec, seed: 2n } };
  await expect(collectBeside(other, running)).rejects.toMatchObject({
    reason: "OUTPUT_EXISTS",
    message: expect.stringContaining("holds another dataset"),
  });
  const stop = new AbortController();
  const why = new Error("enough");
  const collecting = collectBeside(planTo("c"), stop.signal);
  stop.abort(why);
  await expect(collecting).rejects.toBe(why);
});
