import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { icrl, PROGRAM, ROOT, startNode, startServe, temporaryFolder } from "../e2e/run-icrl.js";
import { pythonWith } from "../requirements.js";

const python = pythonWith(["grpc", "grpc_tools", "numpy"]);
const program = join(ROOT, "examples/python/uniform_agent.py");
const run = (...args: string[]) => promisify(execFile)(python as string, [program, ...args], { timeout: 300_000 });

/** A server, and its log's folder. */
async function serve() {
  const folder = temporaryFolder();
  const data = join(folder.path, "log");
  const server = await startServe(data);
  let stopped = false;
  const stop = async () => {
    if (!stopped) await server.stop();
    stopped = true;
  };
  onTestFinished(async () => {
    await stop();
    folder.remove();
  });
  return { address: server.address, data, folder: folder.path, stop };
}

test.skipIf(python === undefined)(
  "the Python example plays, and the log has what it earned, chance by chance",
  async () => {
    const server = await serve();
    const { stdout } = await run("--connect", server.address, "--task", "river-swim", "--trials", "6", "--envs", "4");
    const [, rewards] = /^6 trials, 12000 steps, 6 durable, rewards ([\d.]+)\n$/.exec(stdout) ?? []; // 6 * 100 * 20 steps
    await server.stop();
    const sql = `SELECT count(*), sum("return"), list_distinct(flatten(list(propensities))), list_sort(list_distinct(flatten(list(actions))))
    FROM trajectories WHERE agent = 'uniform-python'`;
    const [[episodes, total, propensities, actions]] = JSON.parse(
      (await icrl("log", "query", sql, "--data", server.data, "--json")).stdout,
    ).rows as [number, number, number[], number[]][];
    expect([episodes, propensities, actions]).toEqual([600, [0.5], [0, 1]]);
    expect(total).toBeCloseTo(Number(rewards), 6);
    expect((await icrl("log", "verify", "--data", server.data)).code).toBe(0); // the replay gives the same rewards
  },
);

test.skipIf(python === undefined)("the Python example enters a tournament beside a built-in agent", async () => {
  const server = await serve();
  const file = join(server.folder, "tournament.json");
  const spec = {
    name: "two languages",
    seed: 1,
    trials: 40,
    tasks: [{ task: "river-swim" }, { task: "linear-bandit" }],
    agents: [{ name: "python", agent: "uniform-python" }, { agent: "uniform" }],
  };
  writeFileSync(file, JSON.stringify(spec));
  const out = join(server.folder, "out");
  const tournament = startNode([
    PROGRAM,
    "tournament",
    "run",
    file,
    "--out",
    out,
    "--server",
    server.address,
    "--await",
    "python",
    "--json",
  ]);
  await tournament.said("waiting for "); // its first progress: the server knows the tournament
  await run("--connect", server.address, "--entrant", "python");
  const { code, stdout } = await tournament.ended;
  expect(code).toBe(0);
  for (const { agents } of JSON.parse(stdout).tasks) {
    // Uniform play in two languages on the same 40 instances: the same law of regret, not the same actions.
    const [a, b] = agents as { trials: number; forfeits: number; regret: { mean: number; se: number } }[];
    expect([a.trials, a.forfeits]).toEqual([40, 0]);
    expect(Math.abs(a.regret.mean - b.regret.mean)).toBeLessThan(4 * Math.hypot(a.regret.se, b.regret.se));
  }
});
