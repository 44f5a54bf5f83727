/** DeepMind's own suites, definition and clients against a server; and the program of docs/dm-env-rpc.md. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { startPrivateServer } from "#icrl/jobs/processes/private-server.js";
import { pythonWith } from "../requirements.js";
import { readLog } from "../support/server.js";

const root = join(import.meta.dirname, "../..");
const python = pythonWith(["absl", "dm_env.test_utils", "dm_env_rpc.v1.compliance", "grpc", "numpy"]);

/** Runs a script of this folder, or a program, and gives what it printed. */
async function run(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(python as string, args, { cwd: root, timeout: 240_000 });
  return stdout;
}

async function server() {
  const data = mkdtempSync(join(tmpdir(), "icrl-dm-env-rpc-"));
  onTestFinished(() => rmSync(data, { recursive: true }));
  const started = await startPrivateServer(data);
  let closed: Promise<unknown> | undefined;
  const close = () => (closed ??= Promise.resolve(started.close()));
  onTestFinished(async () => void (await close()));
  return { address: started.address, data, close };
}

const BANDIT = { task: "linear-bandit", "option.horizon": 20 };
const MDP = { task: "river-swim", "option.horizon": 5, "option.episodes": 3 };

/** Tests in each suite of dm-env-rpc 1.1.7 and dm-env 1.6: a suite that ran fewer proved less. */
const SUITES = { CreateDestroyWorld: 5, JoinLeaveWorld: 11, Reset: 3, ResetWorld: 3, Step: 18, Environment: 4 };

test.skipIf(python === undefined).each([
  ["a bandit, by trials", BANDIT],
  ["a bandit, by episodes", { ...BANDIT, sequence: "episode" }],
  ["a bandit whose arms are drawn anew", { ...BANDIT, "option.arm_set": "fresh" }],
  ["an MDP, by trials", MDP],
  ["an MDP, by episodes", { ...MDP, sequence: "episode" }],
])("the compliance suite of dm_env_rpc and the tests of dm_env pass for %s", async (_, world) => {
  const { address } = await server();
  const counts = JSON.parse(await run(["tests/python/dm_env_rpc_compliance.py", address, JSON.stringify([world])]));
  expect(counts).toEqual(Object.entries(SUITES).map(([suite, ran]) => ({ world, suite, ran, wrong: 0, skipped: 0 })));
});

test.skipIf(python === undefined)("our definition is DeepMind's, but for comments", async () => {
  const found = JSON.parse(await run(["tests/python/dm_env_rpc_definition.py", "proto/gen/descriptors.binpb"]));
  expect(found).toEqual({ compared: expect.any(Number), differences: [] });
  expect(found.compared).toBeGreaterThan(100);
});

test.skipIf(python === undefined)("dm_env's adaptor plays, hears of interrupts and reads properties", async () => {
  const { address, close, data } = await server();
  const { kinds, types, reward, end, interrupted, properties, refused } = JSON.parse(
    await run(["tests/python/dm_env_rpc_adaptor.py", address]),
  );
  // A trial is one sequence of eight steps, whose episodes' ends show no discount.
  const mid = Array(7).fill(["MID", 1]);
  expect(kinds).toEqual([["FIRST", null], ...mid, ["LAST", 0], ["FIRST", null]]);
  expect(types).toEqual({
    observation: "int32",
    trial_index: "uint64",
    agent_seed: "uint64",
    episode: "int32",
    episode_start: "bool",
    trial_start: "bool",
    regret: "float64",
    trial_return: "float64",
  });
  expect(reward).toMatch(
    /^BoundedArray\(shape=\(\), dtype=dtype\('float32'\), name='reward', minimum=0.0, maximum=1.0\)$/,
  );
  expect([end.regret >= 0, end.trial_return >= 0]).toEqual([true, true]);
  expect(interrupted).toEqual([
    ["MID", 1],
    ["LAST", 1],
    ["FIRST", null],
  ]);
  expect(properties).toMatchObject({ seed: 7, unknown: "KeyError", written: "PermissionError" });
  expect(properties.specs["world.horizon"]).toEqual([
    true,
    false,
    "Array(shape=(), dtype=dtype('int32'), name='world.horizon')",
  ]);
  expect(refused).toMatchObject({ code: 5, message: 'there is no task "river-swum": did you mean "river-swim"?' });
  expect(refused.text).toContain("TASK_UNKNOWN");
  await close();
  expect((await readLog(data)).map(({ agent, end_reason }) => [agent, end_reason])).toEqual([
    ["adaptor", "horizon"],
    ["adaptor", "horizon"],
    ["dm_env_rpc", "AGENT_RESET"],
  ]);
});

test.skipIf(python === undefined)("the page's program does what it shows", async () => {
  const { address, close, data } = await server();
  const [, program] = /^```python\n(.*?)^```$/ms.exec(readFileSync(join(root, "docs/dm-env-rpc.md"), "utf8")) ?? [];
  expect(program).toContain('"127.0.0.1:50551"');
  const printed = await run(["-c", (program as string).replace("127.0.0.1:50551", address)]);
  expect(printed).toMatch(/^trial 0: regret \d+\.\d\ntrial 1: regret \d+\.\d\ntrial 2: regret \d+\.\d\n$/);
  await close();
  const rows = await readLog(data);
  expect(rows.map(({ agent, length, regret }) => [agent, length, regret?.toFixed(1)])).toEqual(
    [...printed.matchAll(/regret (.*)/g)].map(([, regret]) => ["epsilon-greedy", 200, regret]),
  );
});
