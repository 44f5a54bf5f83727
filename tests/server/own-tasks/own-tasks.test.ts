import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { addTasks, forgetOwnTasks, ownTaskSources } from "#icrl/server/own-tasks/own-tasks.js";
import { taskViolations } from "#icrl/server/tasks/conformance/task-violations.js";
import { describeFamily, describeTask } from "#icrl/server/tasks/describe-task.js";
import { createOracle } from "#icrl/server/tasks/oracle.js";
import { buildTask, taskFamilies, taskFamily } from "#icrl/server/tasks/registry.js";
import type { Task } from "#icrl/server/tasks/task.js";
import { checkSpec } from "#icrl/server/tournaments/spec.js";
import { tempDir } from "../../support/temp-dir.js";
import { spec } from "../../support/tournament.js";
import { limitsOf } from "../collections/collected.js";

afterEach(forgetOwnTasks);

const EXAMPLE = join(import.meta.dirname, "../../../examples/tasks/windy-walk.mjs");

/** A river of three states against the current, and the same with another reward at its end. */
const RIVER = {
  horizon: 6,
  instances: [1, 5].map((end) => ({
    P: [
      [
        [1, 0, 0],
        [0.4, 0.6, 0],
      ],
      [
        [1, 0, 0],
        [0.05, 0.6, 0.35],
      ],
      [
        [0, 1, 0],
        [0, 0.4, 0.6],
      ],
    ],
    R: [
      [0.25, 0],
      [0, 0],
      [0, end],
    ],
  })),
};

/** A folder of a test's own. */
function folder(): string {
  const { path, remove } = tempDir();
  onTestFinished(remove);
  return path;
}

function written(name: string, content: unknown): string {
  const path = join(folder(), name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const add = (name: string, content: unknown) =>
  addTasks({ files: [{ name, path: written(name, content) }], modules: [] });

test("families of files are there with their files alone, and say what is missing without", async () => {
  expect(() => taskFamily("tabular-mdp")).toThrow("takes P and R from a file: none was given by --task-file");
  await add("river", RIVER);
  await add("arms", {
    horizon: 50,
    rewards: "gaussian",
    noise_std: 1,
    instances: [{ means: [0, 1] }, { means: [3, 2] }],
  });
  expect(taskFamilies().map(({ name }) => name)).toEqual([...taskFamilies().map(({ name }) => name)].sort());
  expect(describeFamily(taskFamily("tabular-mdp")).options[0]).toMatchObject({ name: "file", choices: ["river"] });
  expect(() => buildTask("tabular-mdp", { file: "/etc/passwd" })).toThrow("give one of river");
});

test("tasks of files conform: deterministic, Bernoulli and normal rewards, rewards by the next state, terminal states", async () => {
  await add("river", RIVER);
  const [{ P, R }] = RIVER.instances;
  await add("bernoulli", { horizon: 7, rewards: "bernoulli", P, R, terminal: [2], start: [0.5, 0.5, 0] });
  await add("gaussian", { horizon: 7, rewards: "gaussian", noise_std: 2, P, R });
  const byNext = R.map((row, s) => row.map((_, a) => [s, a, 3 * s - a]));
  await add("next", { horizon: 7, P, R: byNext });
  await add("arms", {
    horizon: 50,
    rewards: "gaussian",
    noise_std: 1,
    instances: [{ means: [0, 1] }, { means: [3, 2] }],
  });
  await add("coins", { horizon: 50, means: [0.1, 0.9, 0.5] });
  for (const file of ["river", "bernoulli", "gaussian", "next"]) {
    expect(taskViolations(buildTask("tabular-mdp", { file, episodes: 5 }), 12), file).toEqual([]);
  }
  for (const file of ["arms", "coins"]) expect(taskViolations(buildTask("bandit", { file }), 12), file).toEqual([]);
});

test("instances of a file can be held out, and are told apart by their number", async () => {
  await add("arms", { horizon: 9, instances: [0.1, 0.2, 0.3, 0.4].map((p) => ({ means: [p, 1 - p] })) });
  const drawn = (task: Task) => new Set(Array.from({ length: 200 }, (_, seed) => task.instanceOf?.(BigInt(seed))));
  expect([...drawn(buildTask("bandit", { instances: "0-1,3" }))].sort()).toEqual([
    "instance=0",
    "instance=1",
    "instance=3",
  ]);
  const held = buildTask("bandit", { instances: "2" });
  expect([...drawn(held)]).toEqual(["instance=2"]);
  const { truth } = held.instantiate(5n, 1n);
  expect(truth.type === "bandit" && [...truth.means]).toEqual([0.3, 0.7]);
  expect(() => buildTask("bandit", { instances: "4" })).toThrow("give all, or cells from 0 to 3");
});

test("the oracle is exact, and the task seed draws the instance", async () => {
  await add("river", RIVER);
  const task = buildTask("tabular-mdp", { horizon: 1, episodes: 1 });
  const values = new Set<number>();
  for (let seed = 0n; seed < 20n; seed++) {
    const env = buildTask("tabular-mdp").instantiate(seed, 1n);
    const oracle = createOracle(buildTask("tabular-mdp"), env);
    env.reset(0);
    oracle.beginEpisode();
    values.add(oracle.episodeValue);
  }
  expect(values.size).toBe(2);
  const env = task.instantiate(1n, 1n);
  const oracle = createOracle(task, env);
  env.reset(0);
  oracle.beginEpisode();
  oracle.judge(0, 0, 1);
  // By hand: with one step to go left pays 0.25, right 0.
  expect(oracle).toMatchObject({ episodeValue: 0.25, regret: 0.25, optimalAction: 0 });
});

test("the hash of the file is an option of the task, wherever what was asked for is kept", async () => {
  await add("river", RIVER);
  const { options } = buildTask("tabular-mdp", { file: "river" });
  expect(options.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(describeTask(buildTask("tabular-mdp")).options?.sha256).toBe(options.sha256);
  const tasks = [{ id: "t", task: "tabular-mdp", options: { file: "river" } }];
  const checked = checkSpec(spec(["a"], { tasks }), limitsOf(), () => 0n);
  expect(checked.tasks[0].options).toEqual({ file: "river", sha256: options.sha256 });
  forgetOwnTasks();
  await add("river", { ...RIVER, horizon: 5 });
  expect(() => buildTask("tabular-mdp", options)).toThrow(
    expect.objectContaining({
      reason: "TASK_FILE_DIFFERS",
      message: expect.stringContaining('the file "river" here has sha256'),
    }),
  );
});

test("a horizon that would take too much memory is refused by name", async () => {
  const S = 300;
  const row = (s: number) => Array.from({ length: S }, (_, next) => (next === s ? 1 : 0));
  await add("long", {
    horizon: 9,
    P: Array.from({ length: S }, (_, s) => [row(s)]),
    R: Array.from({ length: S }, () => [0]),
  });
  expect(() => buildTask("tabular-mdp", { horizon: 100_000 })).toThrow("solving it would take 300003000 bytes");
});

test("two files of one name, and names that no command line could have, are refused", async () => {
  await add("river", RIVER);
  await expect(add("river", RIVER)).rejects.toThrow('two files are called "river"');
  const path = written("x", RIVER);
  await expect(addTasks({ files: [{ name: "a=b", path }], modules: [] })).rejects.toThrow(
    'a file cannot be called "a=b"',
  );
});

test("the example's module is a task that conforms, and is among those that children get", async () => {
  const names = await addTasks({ files: [], modules: [EXAMPLE] });
  expect(names.get(EXAMPLE)).toBe("windy-walk");
  expect(taskViolations(buildTask("windy-walk"))).toEqual([]);
  expect(taskViolations(buildTask("windy-walk", { length: 3 }))).toEqual([]);
  expect(ownTaskSources()).toEqual({ files: [], modules: [EXAMPLE] });
});

test.each([
  ["export const task = 1;", "it has no default export that is a task"],
  ["export default { name: 'Windy' };", "its task's name is no kebab-case"],
  ["export default { name: 'x', version: 0 };", 'the version of "x" is no whole number from 1'],
  [
    "export default { name: 'x', version: 1, summary: '', source: '', options: { a: {} } };",
    'option "a" of "x" is no row',
  ],
  ["export default { name: 'x', version: 1, summary: '', source: '', options: {} };", '"x" has no function build'],
  [
    "export default { name: 'x', version: 1, summary: '', source: '', options: {}, build() { return {}; } };",
    "its numActions is no number",
  ],
  [
    "export default { name: 'chain', version: 1, summary: '', source: '', options: {}, build() {} };",
    "as a built-in one",
  ],
  ["throw new Error('not today');", "cannot be loaded: not today"],
  ["export default", "cannot be loaded"],
])("a module that exports no task is refused: %s", async (code, text) => {
  const path = written(`m${Math.abs(code.length)}.mjs`, code);
  await expect(addTasks({ files: [], modules: [path] })).rejects.toThrow(text);
  await expect(addTasks({ files: [], modules: [path] })).rejects.toMatchObject({ reason: "TASK_FILE_INVALID" });
});
