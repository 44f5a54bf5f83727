import { expect, test } from "vitest";
import { trialShape } from "#icrl/common/trial-shape.js";
import { describedTask } from "#icrl/datasets/folder/described-task.js";
import { smallTasks } from "#icrl/jobs/conformance/small-tasks.js";
import { describeTask } from "#icrl/server/tasks/describe-task.js";
import { buildTask } from "#icrl/server/tasks/registry.js";

const shapeOf = (name: string, options = {}) => trialShape(describeTask(buildTask(name, options)));

test("arms that are fixed, arms that are drawn anew, arms without features and states are told apart", () => {
  const linear = { task: "linear-bandit", numActions: 4, numStates: 1, dim: 3 };
  expect(shapeOf("linear-bandit", { dim: 3, actions: 4 })).toEqual({ ...linear, freshArms: false });
  expect(shapeOf("linear-bandit", { dim: 3, actions: 4, arm_set: "fresh" })).toEqual({ ...linear, freshArms: true });
  expect(shapeOf("bernoulli-bandit", { arms: 6 })).toEqual({
    task: "bernoulli-bandit",
    numActions: 6,
    numStates: 1,
    dim: 0,
    freshArms: false,
  });
  expect(shapeOf("river-swim", { states: 5 })).toMatchObject({ numActions: 2, numStates: 5, dim: 0, freshArms: false });
});

test("an array that is shown is no arms where it has not a row for each action", () => {
  const seen = { ...describeTask(buildTask("bernoulli-bandit", { arms: 2 })) };
  const box = (...shape: number[]) =>
    trialShape({ ...seen, observationSpace: { space: { $case: "box", value: { shape } } } });
  expect(box(2, 7)).toMatchObject({ dim: 7, freshArms: true });
  expect(box(8, 8)).toMatchObject({ dim: 0, freshArms: false });
  expect(box(2)).toMatchObject({ dim: 0, freshArms: false });
});

test("a task has the same measures by a dataset's manifest as by the wire", () => {
  for (const task of smallTasks()) {
    const head = {
      id: "t",
      task: task.name,
      options: task.options,
      num_actions: task.numActions,
      horizon: task.horizon,
      episodes_per_trial: task.episodes,
      observation_space: task.observationSpace,
      trial_features_shape: task.trialFeaturesShape,
      reward: { kind: task.reward.kind },
    };
    expect(trialShape(describedTask(head))).toEqual(trialShape(describeTask(task)));
  }
});
