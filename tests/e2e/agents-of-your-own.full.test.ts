/** Agents that are not built in make datasets: as behaviours that join a collection, and as experts that label. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { type DatasetManifest, readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { dataRows } from "../support/dataset.js";
import { icrlHere } from "../support/icrl-here.js";
import { readLabels } from "../support/labels.js";
import { tempDir } from "../support/temp-dir.js";
import { PROGRAM, ROOT, type Running, startNode, startServe } from "./run-icrl.js";

const folder = tempDir();
afterAll(() => folder.remove());
const path = (name: string) => join(folder.path, name);

const SOFTMAX = join(ROOT, "examples/softmax-agent.mjs");
const HESITANT = join(import.meta.dirname, "hesitant-agent.mjs");

/** A process that is killed when the test ends, if it still runs. */
function start(args: readonly string[], env?: Record<string, string>): Running {
  const running = startNode(args, { env });
  onTestFinished(() => void running.child.kill("SIGKILL"));
  return running;
}

/** What `collect` says an agent has to be started with. */
async function joining(collecting: Running, agent: string): Promise<string[]> {
  await collecting.said(`--collection`);
  const line = new RegExp(`^start ${agent} with (--connect \\S+ --entrant \\S+ --collection \\S+)$`, "m");
  return line.exec(collecting.stderr)?.[1].split(" ") ?? [];
}

/** Starts an agent that stops half-way, and kills it there. */
async function dieHalfWay(args: readonly string[], after: number): Promise<void> {
  const dying = start([HESITANT, ...args], { HESITATE_AFTER: String(after) });
  await dying.said("half-way");
  dying.child.kill("SIGKILL");
  await dying.ended;
}

const info = async (dir: string) => JSON.parse((await icrlHere("dataset", "info", dir, "--json")).stdout) as unknown;

test("the example of docs/datasets.md: an agent of one's own joins a collection, and the dataset verifies", async () => {
  const page = readFileSync(join(ROOT, "docs/datasets.md"), "utf8");
  const [, yaml] = /plays in a process that you start\. mine\.yaml:\n\n```yaml\n(.*?)```/s.exec(page) as string[];
  writeFileSync(path("mine.yaml"), yaml);
  const out = path("mine");
  const flags = ["--await", "softmax", "--listen", "127.0.0.1:0", "--json"];
  const collecting = start([PROGRAM, "dataset", "collect", path("mine.yaml"), "--out", out, ...flags]);
  const agent = start([SOFTMAX, ...(await joining(collecting, "softmax"))]);
  expect((await agent.ended).code).toBe(0);
  const { code, stdout, stderr } = await collecting.ended;
  expect(code, stderr).toBe(0);
  const { behaviours, versions } = JSON.parse(stdout) as DatasetManifest;
  expect(behaviours.map(({ name, options }) => [name, options])).toEqual([
    ["softmax", { temperature: 0.1 }], // as the file has it
    ["lin-ucb", expect.any(Object)],
  ]);
  expect(behaviours.reduce((sum, { trials }) => sum + trials, 0)).toBe(40);
  expect(Math.min(...behaviours.map(({ trials }) => trials))).toBeGreaterThan(0);
  expect(versions.agents).toMatchObject({ softmax: "1" });
  const verified = await icrlHere("dataset", "verify", out, "--all");
  expect(verified.code, verified.stdout).toBe(0);
});

test("an agent of one's own that dies leaves its trials to the next: as a behaviour, and as an expert whose labels are entered when all are there", async () => {
  const spec = {
    name: "turns",
    seed: 3,
    trials: 30,
    tasks: [{ id: "river", task: "river-swim", options: { horizon: 5, episodes: 4 } }],
    behaviours: [{ name: "mine", agent: "hesitant" }],
  };
  writeFileSync(path("turns.yaml"), JSON.stringify(spec));
  const dir = path("turns");
  const collecting = start([PROGRAM, "dataset", "collect", path("turns.yaml"), "--out", dir, "--await", "mine"]);
  const join = await joining(collecting, "hesitant");
  await dieHalfWay(join, 200);
  const next = start([HESITANT, ...join]);
  expect((await next.ended).code).toBe(0);
  const collected = await collecting.ended;
  expect(collected.code, collected.stderr).toBe(0);
  expect(readDatasetManifest(dir)).toMatchObject({ trials: 30, episodes: 120, steps: 600 });

  const first = await startServe(path("log"), "--dataset", dir);
  await dieHalfWay(["--connect", first.address, "--label", "turns"], 200);
  await first.stop();
  expect(Object.keys(readDatasetManifest(dir).labels)).toEqual(["self", "optimal"]);
  expect(await info(dir)).toMatchObject({ unfinished_labels: [{ name: "turns", shards: 0 }] });
  expect((await icrlHere("dataset", "info", dir)).stdout).toContain('labels "turns" are unfinished: 0 of 1 shards;');
  const halfWay = await icrlHere("dataset", "verify", dir);
  expect([halfWay.code, halfWay.stdout]).toEqual([1, expect.stringContaining("0 of 1 shards of unfinished labels")]);

  const second = await startServe(path("log"), "--dataset", dir);
  const expert = await start([HESITANT, "--connect", second.address, "--label", "turns"]).ended;
  expect(expert).toMatchObject({ code: 0, stdout: "30 trials labelled, 600 steps\n" });
  const again = await start([HESITANT, "--connect", second.address, "--label", "turns"]).ended;
  expect(again).toEqual({ code: 0, stdout: 'labels "turns" were there already\n', stderr: "" });
  await second.stop();
  expect(await info(dir)).toMatchObject({
    manifest: { labels: { turns: { folder: "labels/turns", agent: "hesitant", probabilities: true } } },
    unfinished_labels: [],
  });
  const verified = await icrlHere("dataset", "verify", dir, "--all");
  expect(verified.stdout).toMatch(/^ok: 120 episodes, 600 steps, 1 labels/);
  // It behaves as it labels: a sequence that only whole trials, in order, give.
  const rows = await dataRows(dir);
  expect(readLabels(dir, "turns").map(({ actions }) => actions)).toEqual(rows.map((row) => [...row.actions]));
});
