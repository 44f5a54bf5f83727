import { expect, test } from "vitest";
import { rewardStatistics, sequenceLength, taskShape, tokenConfigOf } from "#icrl/agents/transformer/token-config.js";
import type { TaskHead } from "#icrl/datasets/folder/dataset-manifest.js";
import { dataRows, datasetForTest, headOf, SPEC } from "../../support/dataset.js";

/** Heads of tasks as a manifest has them. */
function heads(...tasks: readonly [task: string, options: Record<string, unknown>][]): TaskHead[] {
  const entries = tasks.map(([task, options], i) => ({ id: `${task}-${i}`, task, options, trials: 1 }));
  return headOf({ ...SPEC, tasks: entries } as typeof SPEC, "id").tasks.slice();
}
const REWARDS = { mean: 2, std: 3 };

test("tokens are as large as the largest of the tasks", () => {
  const tasks = heads(
    ["linear-bandit", { dim: 3, actions: 4, horizon: 12 }],
    ["river-swim", { states: 5, horizon: 30, episodes: 4 }],
    ["bernoulli-bandit", { arms: 7, horizon: 9 }],
  );
  expect(tokenConfigOf(tasks, "lin2023", REWARDS)).toEqual({
    layout: "lin2023",
    maxActions: 7,
    numStates: 5,
    dim: 3,
    horizon: 30,
    rewardMean: 2,
    rewardStd: 3,
  });
  expect(tokenConfigOf(heads(["bernoulli-bandit", { arms: 2 }]), "step", REWARDS)).toMatchObject({
    numStates: 1,
    dim: 0,
  });
});

test("fresh arms have their features in the observations, fixed ones in the trial's", () => {
  const [fixed, fresh] = heads(
    ["linear-bandit", { dim: 3, actions: 4 }],
    ["linear-bandit", { dim: 3, actions: 4, arm_set: "fresh" }],
  ).map(taskShape);
  expect(fixed).toEqual({ task: "linear-bandit", numActions: 4, numStates: 1, dim: 3, freshArms: false });
  expect(fresh).toEqual({ ...fixed, freshArms: true });
});

test("tasks whose arms differ in their features are refused, with both", () => {
  const tasks = heads(["linear-bandit", { dim: 3 }], ["bernoulli-bandit", {}], ["linear-bandit", { dim: 5 }]);
  const refused = () => tokenConfigOf(tasks, "step", REWARDS);
  expect(refused).toThrow(expect.objectContaining({ reason: "TASK_UNSUPPORTED" }));
  expect(refused).toThrow(/3 features in task "linear-bandit-0" and 5 in task "linear-bandit-2"/);
});

test("a sequence is as long as what a dataset keeps of a trial", () => {
  const task = { episodes_per_trial: 10, horizon: 20 };
  expect(sequenceLength(task, { layout: "step" }, null)).toBe(200);
  expect(sequenceLength(task, { layout: "lin2023" }, null)).toBe(400);
  // episodes 0, 4, 8
  expect(sequenceLength(task, { layout: "step" }, 4)).toBe(60);
});

test("rewards' mean and deviation are those of all steps; constant rewards are left as they are", async () => {
  const dark = { id: "dark", task: "dark-room", options: { size: 30, horizon: 2 }, trials: 3 }; // too large to find the goal
  const { dir } = await datasetForTest({ ...SPEC, tasks: [SPEC.tasks[0], dark] }, { labels: [] });
  const rows = await dataRows(dir);
  for (const task of [undefined, "linear"]) {
    const all = rows.flatMap((row) => (task === undefined || row.task === "linear-bandit" ? [...row.rewards] : []));
    const mean = all.reduce((sum, reward) => sum + reward, 0) / all.length;
    const std = Math.sqrt(all.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / all.length);
    const found = await rewardStatistics(dir, { task });
    expect(found.mean).toBeCloseTo(mean, 10);
    expect(found.std).toBeCloseTo(std, 10);
  }
  expect(await rewardStatistics(dir, { task: "dark" })).toEqual({ mean: 0, std: 1 });
});
