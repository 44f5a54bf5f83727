/** `icrl dataset collect` as a process: whole, broken off, in a wrong place, and with behaviours of every sort. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { listShards } from "#icrl/datasets/log/log-folder.js";
import { readShards } from "#icrl/datasets/log/read-episodes.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { tempDir } from "../support/temp-dir.js";
import { icrl, PROGRAM } from "./run-icrl.js";

const MIXTURE = {
  name: "mixture",
  seed: 7,
  trials: 400,
  tasks: [{ id: "bandit", task: "bernoulli-bandit", options: { arms: 3, horizon: 20 } }],
  behaviours: [
    { name: "uniform", agent: "uniform", weight: 3 },
    { name: "thompson", agent: "thompson", weight: 1 },
  ],
};

function folderForTest(): string {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  return dir.path;
}

function specFile(dir: string, spec: object): string {
  const path = join(dir, "dataset.json.yaml");
  writeFileSync(path, JSON.stringify(spec));
  return path;
}

/** Rows of a dataset, in the order of their trials. */
async function rowsOf(dir: string): Promise<TrajectoryRow[]> {
  const rows: TrajectoryRow[] = [];
  for await (const row of readShards(listShards(dir).map(({ path }) => path))) rows.push(row);
  rows.sort((a, b) => Number(a.trial_index - b.trial_index) || a.episode_index - b.episode_index);
  return rows;
}

/** A text for each row, without what is outside "same content". */
async function content(dir: string): Promise<string[]> {
  const outside = ["started_at", "session_id", "agent_ms", "env_index"];
  return (await rowsOf(dir)).map((row) =>
    JSON.stringify(row, (name, value) =>
      outside.includes(name) ? null : typeof value === "bigint" ? `${value}` : value,
    ),
  );
}

it("collects a mixture, each trial by the behaviour drawn for it, labels it, and verifies", async () => {
  const dir = folderForTest();
  const labels = ["self", "optimal", { expert: "ucb", name: "paper", options: { bonus: "lin2023" } }];
  const out = join(dir, "out");
  const run = await icrl("dataset", "collect", specFile(dir, { ...MIXTURE, labels }), "--out", out, "--json");
  expect(run.code, run.stderr).toBe(0);
  const manifest = JSON.parse(run.stdout);
  expect(manifest).toMatchObject({ name: "mixture", trials: 400, episodes: 400, steps: 8000, seed: "7" });
  expect(Object.keys(manifest.labels)).toEqual(["self", "optimal", "paper"]);
  // Binomial(400, 3/4): 300, standard deviation 8.7.
  const [{ trials: byUniform }] = manifest.behaviours;
  expect(Math.abs(byUniform - 300)).toBeLessThan(5 * 8.7);
  expect(JSON.parse(readFileSync(join(out, "dataset.json"), "utf8"))).toEqual(manifest);
  expect(existsSync(join(out, "collecting"))).toBe(false);
  const verified = await icrl("dataset", "verify", out, "--all");
  expect(verified.code, verified.stdout).toBe(0);
  const again = await icrl("dataset", "collect", specFile(dir, { ...MIXTURE, labels }), "--out", out, "--json");
  expect([again.code, JSON.parse(again.stdout)]).toEqual([0, manifest]);
});

it("killed in the middle and started again, it gives the dataset that it gives undisturbed", async () => {
  const dir = folderForTest();
  const spec = specFile(dir, { ...MIXTURE, trials: 1500, tasks: [{ ...MIXTURE.tasks[0], options: { horizon: 100 } }] });
  const undisturbed = await icrl("dataset", "collect", spec, "--out", join(dir, "a"));
  expect(undisturbed.code, undisturbed.stderr).toBe(0);

  const child = spawn(process.execPath, [PROGRAM, "dataset", "collect", spec, "--out", join(dir, "b")], {
    detached: true, // a group of its own: server and agents die with it
    stdio: ["ignore", "ignore", "pipe"],
  });
  const segments = join(dir, "b", "collecting", "log", "000000000000.1.segment");
  const shards = join(dir, "b", "collecting", "data");
  // The first sign that something is durable.
  while (child.exitCode === null && !existsSync(segments) && listShards(shards).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  process.kill(-(child.pid as number), "SIGKILL");
  await once(child, "exit");
  expect(existsSync(join(dir, "b", "dataset.json"))).toBe(false);

  const resumed = await icrl("dataset", "collect", spec, "--out", join(dir, "b"));
  expect(resumed.code, resumed.stderr).toBe(0);
  expect((await content(join(dir, "b"))).join("\n")).toBe((await content(join(dir, "a"))).join("\n"));
});

it("noise distillation plays whole histories inside the server, and says that it saw the truth", async () => {
  const dir = folderForTest();
  const spec = specFile(dir, {
    name: "histories",
    seed: 1,
    trials: 20,
    tasks: [{ id: "door", task: "dark-key-to-door", options: { size: 5, horizon: 12, episodes: 30 } }],
    behaviours: [{ name: "fading", agent: "oracle-noise" }],
    subsample: 3,
  });
  const run = await icrl("dataset", "collect", spec, "--out", join(dir, "out"), "--json");
  expect(run.code, run.stderr).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({ privileged: true, subsample: 3, trials: 20, episodes: 200 });
  const rows = await rowsOf(join(dir, "out"));
  expect(rows.slice(0, 10).map((row) => row.episode_index)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27]);
  const mean = (k: number) =>
    rows.filter((row) => row.episode_index === k).reduce((sum, row) => sum + row.return, 0) / 20;
  expect(mean(27)).toBeGreaterThan(mean(0) + 0.5); // of 2: nearly the best against nearly random
  for (const row of rows) {
    const propensities = row.propensities as Float32Array;
    for (const [t, p] of propensities.entries()) {
      const isBest = row.actions[t] === (row.optimal_actions as Int32Array)[t];
      // epsilon / 5, plus 1 - epsilon for the best action.
      const epsilon = isBest ? (1 - p) / (1 - 1 / 5) : 5 * p;
      const expected = 1 - (row.episode_index * 12 + t) / (30 * 12 - 1);
      expect(epsilon).toBeCloseTo(expected, 4);
    }
  }
  const verified = await icrl("dataset", "verify", join(dir, "out"), "--all");
  expect(verified.code, verified.stdout).toBe(0);
});

it("refuses what cannot be collected, before anything is made", async () => {
  const dir = folderForTest();
  const out = join(dir, "out");
  const refused = async (spec: object) => {
    const run = await icrl("dataset", "collect", specFile(dir, spec), "--out", out);
    expect(existsSync(out)).toBe(false);
    return [run.code, run.stderr] as const;
  };
  const behaviours = [{ agent: "ucbvi" }];
  expect((await refused({ ...MIXTURE, behaviours })).join()).toMatch(/^2,.*TASK_UNSUPPORTED.*ucbvi.*bandit/s);
  const labels = [{ expert: "lin-ucv" }];
  expect((await refused({ ...MIXTURE, labels })).join()).toMatch(/^2,.*AGENT_UNKNOWN.*did you mean "lin-ucb"/s);
  expect((await refused({ ...MIXTURE, behaviour: [] })).join()).toMatch(/^2,.*did you mean "behaviours"/s);
  const weightless = [{ agent: "uniform", weight: 0 }];
  expect((await refused({ ...MIXTURE, behaviours: weightless })).join()).toMatch(/^2,.*weight.*positive/s);
});

it("leaves alone a folder that holds the beginning of something else, or that somebody collects into", async () => {
  const dir = folderForTest();
  const out = join(dir, "out");
  const spec = specFile(dir, MIXTURE);
  const first = await icrl("dataset", "collect", spec, "--out", out);
  expect(first.code, first.stderr).toBe(0);
  const other = await icrl("dataset", "collect", spec, "--out", out, "--trials", "401");
  expect([other.code, other.stderr].join()).toMatch(/^2,.*OUTPUT_EXISTS.*400 trials/s);

  const locked = join(dir, "locked");
  mkdirSync(join(locked, "collecting"), { recursive: true });
  writeFileSync(join(locked, "collecting/spec.json"), JSON.stringify(readDatasetManifest(out).spec));
  const server = spawn(
    process.execPath,
    [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", join(locked, "collecting"), "--stop-with-input", "--json"],
    { stdio: ["pipe", "pipe", "ignore"] },
  );
  onTestFinished(() => {
    server.stdin.end();
  });
  await once(server.stdout, "data");
  const second = await icrl("dataset", "collect", spec, "--out", locked);
  expect([second.code, second.stderr].join()).toMatch(/^1,.*LOG_LOCKED/s);
});
