/** What goes wrong while a dataset is made: each time one line says so, nothing is lost, and the same command goes on afterwards. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { listShards } from "#icrl/datasets/log/log-folder.js";
import { makeDataset } from "../support/dataset.js";
import { copyForTest, readLabels } from "../support/labels.js";
import { tempDir } from "../support/temp-dir.js";
import { type Ended, icrl, PROGRAM, startNode } from "./run-icrl.js";

const temporary = tempDir();
afterAll(() => temporary.remove());
const dataset = join(temporary.path, "set");
beforeAll(async () => {
  await makeDataset(dataset);
});

/** 150,000 steps. */
const SPEC = {
  name: "to be disturbed",
  seed: 7,
  trials: 1500,
  tasks: [{ id: "bandit", task: "bernoulli-bandit", options: { horizon: 100 } }],
  behaviours: [{ agent: "uniform" }, { agent: "thompson" }],
};

function folderForTest(spec: object = SPEC): { readonly file: string; readonly out: string } {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  const file = join(dir.path, "spec.yaml");
  writeFileSync(file, JSON.stringify(spec));
  return { file, out: join(dir.path, "out") };
}

/** Runs it where no file may grow beyond so many blocks of 512 or 1,024 bytes: what a full disk is to a process. */
async function icrlOnFullDisk(blocks: number, ...args: string[]): Promise<Ended> {
  const shell = `ulimit -f ${blocks}; trap '' XFSZ; exec "$@"`;
  const child = spawn("sh", ["-c", shell, "sh", process.execPath, PROGRAM, ...args]);
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  const [code] = (await once(child, "close")) as [number];
  return { code, ...said };
}

const errors = ({ stderr }: Ended) => stderr.split("\n").filter((line) => line.startsWith("error: "));
const collect = (file: string, out: string) => ["dataset", "collect", file, "--out", out];

async function expectGoesOn(file: string, out: string): Promise<void> {
  const { code, stderr } = await icrl(...collect(file, out));
  expect(code, stderr).toBe(0);
  expect(readDatasetManifest(out)).toMatchObject({ trials: 1500, steps: 150_000 });
  const verified = await icrl("dataset", "verify", out, "--all");
  expect(verified.code, verified.stdout).toBe(0);
}

test("a disk that fills up while trials are played", async () => {
  const { file, out } = folderForTest();
  const full = await icrlOnFullDisk(20, ...collect(file, out)); // less than any commit: trial after trial would get through else
  expect(errors(full)).toEqual([
    expect.stringMatching(/^error: LOG_UNWRITABLE: .* run the same command again to go on/),
  ]);
  expect([full.code, full.stdout]).toEqual([1, ""]);
  expect(readdirSync(out)).toEqual(["collecting"]);
  await expectGoesOn(file, out);
});

test("a disk that fills up while labels are made", async () => {
  const dir = copyForTest(dataset);
  const before = readFileSync(join(dir, "dataset.json"), "utf8");
  const label = ["dataset", "label", dir, "--expert", "uniform"];
  const full = await icrlOnFullDisk(1, ...label);
  expect(errors(full)).toEqual([expect.stringMatching(/^error: LOG_UNWRITABLE: labels "uniform" in .*: free space/)]);
  expect([full.code, full.stdout]).toEqual([1, ""]);
  expect(readFileSync(join(dir, "dataset.json"), "utf8")).toBe(before);
  expect((await icrl(...label)).code).toBe(0);
  expect(readLabels(dir, "uniform").length).toBe(100);
  expect((await icrl("dataset", "verify", dir)).code).toBe(0);
});

test("a disk that is full from the start is told at once, by the reason that the behaviours' processes were given", async () => {
  const { file, out } = folderForTest({ ...SPEC, trials: 40 });
  const full = await icrlOnFullDisk(8, ...collect(file, out));
  expect(errors(full)).toEqual([
    expect.stringMatching(
      /^error: LOG_UNWRITABLE: the process of behaviour "(uniform|thompson)" ended too often \(the log cannot be written.*\.log has its words: run the same command again to go on$/,
    ),
  ]);
  expect(full.code).toBe(1);
  expect(full.stderr).not.toContain("AGENT_ABSENT"); // as it was after a minute's wait for processes that do not come
  expect((await icrl(...collect(file, out))).code).toBe(0);
  expect(readDatasetManifest(out).trials).toBe(40);
});

test("a shard that is cut short between two runs", async () => {
  const { file, out } = folderForTest();
  const running = startNode([PROGRAM, ...collect(file, out)], { group: true });
  const data = join(out, "collecting");
  // The first trials that are durable: shards are made of them when it is told to stop.
  const segment = join(out, "collecting", "log", "000000000000.1.segment");
  while (running.child.exitCode === null && !existsSync(segment)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  running.child.kill("SIGINT");
  await running.ended;
  const [{ path }] = listShards(data);
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, whole.length - 100));
  const broken = await icrl(...collect(file, out));
  expect(errors(broken)).toEqual([
    expect.stringMatching(/^error: LOG_CORRUPT: a shard of .* cannot be read \(.*trajectories-000000000000\.parquet/),
  ]);
  expect([broken.code, broken.stdout]).toEqual([1, ""]);
  writeFileSync(path, whole); // from a backup
  await expectGoesOn(file, out);
});

test("two collectors in one folder: the second is refused, the first finishes", async () => {
  const { file, out } = folderForTest({ ...SPEC, behaviours: [{ agent: "uniform" }, { agent: "hesitant" }] });
  const command = [...collect(file, out), "--await", "hesitant"];
  const first = startNode([PROGRAM, ...command]);
  onTestFinished(() => void first.child.kill("SIGKILL"));
  await first.said("--collection"); // it waits for an agent that is not built in
  const second = await icrl(...command);
  expect(errors(second)).toEqual([
    expect.stringMatching(/^error: LOG_LOCKED: .* is written by process \d+ on .*: stop it/),
  ]);
  expect([second.code, second.stdout]).toEqual([1, ""]);
  const [, ...words] = /^start hesitant with (\S+) (\S+) (\S+) (\S+) (\S+) (\S+)$/m.exec(first.stderr) as string[];
  const agent = await startNode([join(import.meta.dirname, "hesitant-agent.mjs"), ...words]).ended;
  expect(agent.code, agent.stderr).toBe(0);
  expect((await first.ended).code).toBe(0);
  expect(readDatasetManifest(out).trials).toBe(1500);
});

test("a behaviour's process that is killed is started again, and its trials are played", async () => {
  const { file, out } = folderForTest();
  const running = startNode([PROGRAM, ...collect(file, out)]);
  await running.said("0 of 1,500 trials");
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  const agents = rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, parent, ...args]) => Number(parent) === running.child.pid && args.includes("agent"));
  expect(agents.length).toBe(2);
  for (const [pid] of agents) process.kill(Number(pid), "SIGKILL");
  const { code, stderr } = await running.ended;
  expect(code, stderr).toBe(0);
  expect(readDatasetManifest(out)).toMatchObject({ trials: 1500, steps: 150_000 });
});
