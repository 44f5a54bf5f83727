/** Tasks of one's own through the command line: files and modules, on private servers and a running one, from play to the data's verification. */
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { pythonWith } from "../requirements.js";
import { PROGRAM, ROOT, startNode, startServe, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (name: string) => join(folder.path, name);
const icrl = (...args: string[]) => startNode([PROGRAM, ...args]).ended;

const RIVER = {
  horizon: 6,
  P: [
    [
      [1, 0],
      [0.4, 0.6],
    ],
    [
      [1, 0],
      [0.3, 0.7],
    ],
  ],
  R: [
    [0.1, 0],
    [0, 1],
  ],
};

writeFileSync(at("river.json"), JSON.stringify(RIVER));
writeFileSync(
  at("arms.json"),
  JSON.stringify({ horizon: 20, instances: [{ means: [0.1, 0.9] }, { means: [0.9, 0.1] }] }),
);
cpSync(join(ROOT, "examples/tasks/windy-walk.mjs"), at("windy-walk.mjs"));
writeFileSync(
  at("windy-walk.mjs"),
  readFileSync(at("windy-walk.mjs"), "utf8").replace(
    '"icrl/tasks"',
    JSON.stringify(join(ROOT, "dist/server/tasks/index.js")),
  ),
);

const TASKS = `
tasks:
  - { id: river, task: tabular-mdp, options: { file: river.json, episodes: 3 } }
  - { id: arms, task: bandit, options: { file: arms.json } }
  - { task: ./windy-walk.mjs }
`;

test("the example has about 30 lines, conforms, and is played by the commands of its page", async () => {
  const example = "examples/tasks/windy-walk.mjs";
  expect(readFileSync(join(ROOT, example), "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(36);
  const page = readFileSync(join(ROOT, "docs/tasks-of-your-own.md"), "utf8");
  expect(page).toContain(`icrl conformance --task ${example}`);
  const checked = await icrl("conformance", "--task", join(ROOT, example), "--random", "5", "--json");
  expect(JSON.parse(checked.stdout)).toMatchObject({ task: "windy-walk", version: 1, ok: true });
  const played = await icrl(
    "play",
    "ucbvi",
    "--task",
    join(ROOT, example),
    "--trials",
    "4",
    "--data",
    at("windy"),
    "--json",
  );
  expect(JSON.parse(played.stdout)).toMatchObject({ task: "windy-walk", trials: 4, steps: 800 });
  expect((await icrl("log", "verify", "--data", at("windy"))).code).toBe(1);
  expect((await icrl("log", "verify", "--data", at("windy"), "--task-module", join(ROOT, example))).code).toBe(0);
});

test("conformance finds a task that is none, with exit code 1", async () => {
  const wrong = readFileSync(at("windy-walk.mjs"), "utf8").replace("[1, 0, 1 - wind, wind]", "[1, 0, 1 - wind, 0]");
  writeFileSync(at("wrong.mjs"), wrong);
  const { code, stdout } = await icrl("conformance", "--task", at("wrong.mjs"), "--random", "0");
  expect({ code, stdout }).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("a row of transitions does not sum to 1"),
  });
});

test("a tournament is played on files and a module beside its own, and not gone on with when a file has changed", async () => {
  writeFileSync(at("t.yaml"), `name: own\nseed: 1\ntrials: 4\n${TASKS}\nagents:\n  - { agent: uniform }\n`);
  const run = () => icrl("tournament", "run", at("t.yaml"), "--out", at("out"), "--json");
  const { code, stdout } = await run();
  expect(code).toBe(0);
  const { tasks } = JSON.parse(stdout);
  expect(tasks.map(({ id, task }: { id: string; task: string }) => [id, task])).toEqual([
    ["river", "tabular-mdp"],
    ["arms", "bandit"],
    ["windy-walk", "windy-walk"],
  ]);
  expect(tasks[0].options).toMatchObject({ file: "river.json", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const given = [
    "--task-file",
    `river.json=${at("river.json")}`,
    "--task-file",
    `arms.json=${at("arms.json")}`,
    "--task-module",
    at("windy-walk.mjs"),
  ];
  expect((await icrl("log", "verify", "--data", at("out"), ...given)).stdout).toMatch(/^ok: /);
  writeFileSync(at("river.json"), JSON.stringify({ ...RIVER, horizon: 5 }));
  const changed = await icrl("log", "verify", "--data", at("out"), ...given);
  expect(changed.code).toBe(1);
  expect(changed.stdout).toContain('its task cannot be built: the file "river.json" here has sha256');
  const again = await run();
  expect({ code: again.code, stderr: again.stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("OUTPUT_EXISTS"),
  });
  writeFileSync(at("river.json"), JSON.stringify(RIVER));
});

test("a dataset is collected, labelled by the truth and verified on them", async () => {
  const spec = `name: own\nseed: 1\ntrials: 6\n${TASKS}\nbehaviours:\n  - { agent: uniform }\n  - { agent: oracle-noise }\nlabels: [optimal]\n`;
  writeFileSync(at("d.yaml"), spec);
  const collected = await icrl("dataset", "collect", at("d.yaml"), "--out", at("data"), "--json");
  expect({ code: collected.code, stderr: collected.stderr }).toMatchObject({ code: 0 });
  const given = [
    "--task-file",
    `river.json=${at("river.json")}`,
    "--task-file",
    `arms.json=${at("arms.json")}`,
    "--task-module",
    at("windy-walk.mjs"),
  ];
  const verified = await icrl("dataset", "verify", at("data"), "--all", "--json", ...given);
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, problems: [] });
});

test("a running server has the files that it was given, by their names alone", async () => {
  const server = await startServe(
    at("log"),
    "--task-file",
    `river=${at("river.json")}`,
    "--task",
    at("windy-walk.mjs"),
  );
  try {
    const play = (file: string) =>
      icrl(
        "play",
        "uniform",
        "--task",
        "tabular-mdp",
        "--set",
        `file=${file}`,
        "--trials",
        "2",
        "--server",
        server.address,
        "--task-file",
        `${file}=${at("river.json")}`,
      );
    expect((await play("river")).code).toBe(0);
    const other = await play("other");
    expect({ code: other.code, stderr: other.stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("give one of river"),
    });
  } finally {
    await server.stop();
  }
});

const python = pythonWith(["numpy"]);

test.skipIf(python === undefined)("what NumPy saves, packed or not, is read as what it was", async () => {
  const code = `
import json, numpy as np
river = json.load(open("river.json"))
P, R = np.array(river["P"]), np.array(river["R"], dtype=np.float32)
np.savez("plain.npz", P=np.stack([P, P]), R=np.stack([R, 2 * R]), horizon=6, terminal=np.array([False, False]), rewards="deterministic")
np.savez_compressed("packed.npz", P=np.asfortranarray(P), R=R, horizon=np.int64(6), action_names=np.array(["left", "right"]))
np.savez("pickled.npz", P=np.array([None, 1], dtype=object))
`;
  execFileSync(python as string, ["-c", code], { cwd: folder.path });
  for (const name of ["plain", "packed"]) {
    const { code, stdout, stderr } = await icrl(
      "conformance",
      "--task",
      "tabular-mdp",
      "--task-file",
      `${name}=${at(`${name}.npz`)}`,
      "--random",
      "5",
      "--json",
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
  }
  const pickled = await icrl("tasks", "tabular-mdp", "--task-file", `x=${at("pickled.npz")}`);
  expect({ code: pickled.code, stderr: pickled.stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('elements of type "O"'),
  });
});
