import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findAgent } from "#icrl/agents/registry.js";
import { resolveOptions } from "#icrl/common/options.js";
import { openCollectingFolder } from "#icrl/jobs/collect/collecting-folder.js";
import { readDatasetFile } from "#icrl/jobs/collect/dataset-file.js";
import { checkCollection } from "#icrl/server/collections/spec.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import { ORACLE_NOISE } from "#icrl/server/tasks/oracle-noise-options.js";
import { ROOT } from "../../e2e/run-icrl.js";
import { refusalHere } from "../../support/icrl-here.js";
import { tempDir } from "../../support/temp-dir.js";

const folder = tempDir();
afterAll(() => folder.remove());

const experiments = readdirSync(join(ROOT, "experiments"), { recursive: true, encoding: "utf8" })
  .filter((name) => /(^|\/)dataset[^/]*\.yaml$/.test(name))
  .sort();

test("the experiments have the datasets of Lin, Bai & Mei, and two of learning histories", () => {
  const folders = experiments.map((name) => name.slice(0, name.lastIndexOf("/")));
  expect([...new Set(folders)]).toEqual(
    expect.arrayContaining(["dark-key-to-door", "dark-room", "lin2023/e1", "lin2023/e2", "lin2023/e3", "lin2023/e4"]),
  );
});

test.each(experiments)("experiments/%s can be collected, and --trials takes the place of its numbers", (name) => {
  const file = join(ROOT, "experiments", name);
  const { collection, seed, experts } = readDatasetFile(file);
  const limits = resolveLimits();
  expect(() => checkCollection({ ...collection, seed: seed ?? 0n }, limits)).not.toThrow();
  for (const { agent, options } of collection.behaviours) {
    if (agent !== ORACLE_NOISE) resolveOptions(findAgent(agent).options, options ?? {}, agent);
  }
  for (const { expert, options } of experts) resolveOptions(findAgent(expert).options, options, expert);
  expect(readDatasetFile(file, 7).collection.tasks.map(({ trials }) => trials)).toEqual(collection.tasks.map(() => 7));
});

const GOOD = {
  name: "set",
  trials: 4,
  tasks: [{ task: "bernoulli-bandit" }],
  behaviours: [{ agent: "uniform" }],
};
test.each<[what: string, changes: Record<string, unknown>, line: string]>([
  ["no behaviours", { behaviours: [] }, "SPEC_INVALID: FILE: behaviours is empty: give a list of at least one"],
  ["no number of trials", { trials: undefined }, "SPEC_INVALID: FILE: trials, and tasks[0].trials, is absent: give a"],
  ["a weight of 0", { behaviours: [{ agent: "uniform", weight: 0 }] }, "behaviours[0].weight is 0: give a positive"],
  ["a label of no sort", { labels: ["best"] }, 'labels: expert 1 is "best": give {expert, name, options}'],
  [
    "an unknown expert",
    { labels: [{ expert: "lin-ucv" }] },
    'AGENT_UNKNOWN: there is no agent "lin-ucv": did you mean',
  ],
  [
    "a mistyped agent, for which nobody would come",
    { behaviours: [{ name: "b", agent: "unifrom" }] },
    'AGENT_UNKNOWN: behaviour "b": there is no agent "unifrom": did you mean "uniform"?; for an agent of your own that joins, give --await b',
  ],
  [
    "trials of instances that nobody counted",
    { trials: undefined, trials_each: 3 },
    "trials_each is how many trials each of",
  ],
  [
    "two numbers of trials",
    { instances: 2, trials_each: 3 },
    "trials_each is how many trials each of so many instances has",
  ],
  [
    "instances without trials",
    { trials: undefined, instances: 2 },
    "instances is 2: give trials_each, how many trials each has, or trials",
  ],
  [
    "more trials than there can be",
    { tasks: [{ task: "bernoulli-bandit", instances: 100_000, trials_each: 100_000 }] },
    "tasks[0].instances times tasks[0].trials_each is 10000000000: give fewer",
  ],
  ["no instance at all", { instances: 0 }, "instances is 0: give a whole number of at least 1"],
  ["half an episode", { subsample: 1.5 }, "subsample is 1.5: give a whole number of at least 1"],
])("a dataset's file with %s is refused before anything is made", async (_, changes, line) => {
  const file = join(folder.path, "spec.yaml");
  writeFileSync(file, JSON.stringify({ ...GOOD, ...changes }));
  const refused = await refusalHere("dataset", "collect", file, "--out", join(folder.path, "out"));
  expect(refused).toContain(line.replace("FILE", file));
  expect(readdirSync(folder.path)).toEqual(["spec.yaml"]);
});

test("instances and how often each is played are of all tasks, or of one", () => {
  const file = join(folder.path, "spec.yaml");
  const tasks = [
    { id: "a", task: "bernoulli-bandit" },
    { id: "b", task: "bernoulli-bandit", trials: 5 },
    { id: "c", task: "bernoulli-bandit", instances: 2, trials: 7 },
  ];
  writeFileSync(file, JSON.stringify({ ...GOOD, trials: undefined, instances: 10, trials_each: 3, tasks }));
  const read = readDatasetFile(file).collection.tasks.map(({ trials, instances }) => [trials, instances]);
  expect(read).toEqual([
    [30, 10],
    [5, undefined],
    [7, 2],
  ]);
  rmSync(file);
});

test("--await names behaviours of the file, and none that the server plays itself", async () => {
  const file = join(folder.path, "spec.yaml");
  const behaviours = [{ agent: "uniform" }, { name: "truth", agent: "oracle-noise" }];
  writeFileSync(file, JSON.stringify({ ...GOOD, behaviours }));
  for (const name of ["unifrom", "truth"]) {
    expect(await refusalHere("dataset", "collect", file, "--out", join(folder.path, "out"), "--await", name)).toBe(
      `ENTRANT_UNKNOWN: --await ${name}: the behaviours that agents play are uniform`,
    );
  }
});

test("what a collection writes down is a file for dataset collect, and that of an early version is known again", () => {
  const file = join(folder.path, "spec.yaml");
  const labels = ["self", { expert: "ucb", name: "paper", options: { bonus: "lin2023" } }, "optimal"];
  const tasks = [{ id: "1_000", task: "bernoulli-bandit", options: { arms: 3 } }];
  writeFileSync(file, JSON.stringify({ ...GOOD, tasks, labels, subsample: 2 }));
  const spec = readDatasetFile(file);
  const out = join(folder.path, "collected");
  const { seed } = openCollectingFolder(out, spec, file);
  const written = join(out, "collecting/spec.json");
  expect(readDatasetFile(written)).toEqual({ ...spec, seed });
  expect(openCollectingFolder(out, readDatasetFile(written), written).seed).toBe(seed);

  const { labels: _, ...rest } = JSON.parse(readFileSync(written, "utf8"));
  const { columns, experts } = spec;
  writeFileSync(written, JSON.stringify({ ...rest, columns, experts }));
  expect(openCollectingFolder(out, spec, file).seed).toBe(seed);
  expect(() => openCollectingFolder(out, { ...spec, experts: [] }, file)).toThrow(/another dataset/);
  rmSync(out, { recursive: true });
});
