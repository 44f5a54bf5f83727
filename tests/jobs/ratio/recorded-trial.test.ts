import { expect, test } from "vitest";
import type { Outcome, Policy } from "#icrl/clients/typescript/define-agent.js";
import { trialOf } from "#icrl/clients/typescript/trial-of.js";
import { viewOf } from "#icrl/clients/typescript/trial-view.js";
import { type RecordedColumns, recordedTrial } from "#icrl/jobs/ratio/recorded-trial.js";
import { playPolicy } from "#icrl/jobs/simulate/play-policy.js";
import { describeTask } from "#icrl/server/tasks/describe-task.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import type { Task } from "#icrl/server/tasks/task.js";

const lists = <T>(values: T, ...offsets: number[]) => ({ offsets: Int32Array.from(offsets), values });

/**
 * Rows of another trial, then of ours: an episode of 2 steps that reached its goal, one of 1 step that was cut short, one of 1 step, and after
 * a gap another.
 */
const COLUMNS = {
  episode_index: Int32Array.of(7, 0, 1, 2, 4),
  agent_seed: BigUint64Array.of(0n, 9n, 9n, 9n, 9n),
  observations: lists(Int32Array.of(0, 0, 3, 4, 5, 6, 7, 8, 1, 0, 0), 0, 2, 5, 7, 9, 11),
  step_features: lists(Float32Array.of(), 0, 0, 0, 0, 0, 0),
  actions: lists(Int32Array.of(0, 1, 2, 3, 4, 0), 0, 1, 3, 4, 5, 6),
  rewards: lists(Float32Array.of(0, 10, 20, 30, 40, 50), 0, 1, 3, 4, 5, 6),
  propensities: { ...lists(Float32Array.of(1, 0.5, Number.NaN, 0.25, 1, 1), 0, 1, 3, 4, 5, 6), nulls: undefined },
  trial_features: lists(Float32Array.of(), 0, 0, 0, 0, 0, 0),
  terminated: Uint8Array.of(1, 1, 0, 1, 1),
  truncated: Uint8Array.of(0, 0, 1, 0, 0),
} as unknown as RecordedColumns;

/** Plays the trial in rows 1 to 5, as it was, and tells what the policy was told. */
function toldOf(task: Task, columns: RecordedColumns): { told: Outcome[]; propensities: number[]; arms: number[][] } {
  const recorded = recordedTrial(task, columns, 1, 5);
  const [told, propensities, arms]: [Outcome[], number[], number[][]] = [[], [], []];
  const policy: Policy = {
    act(turn) {
      if (turn.arms !== undefined) arms.push([...turn.arms.data]);
      return 0;
    },
    observe: (outcome) => void told.push({ ...outcome }),
  };
  const { episodes, truncated } = recorded;
  const setup = { episodes, numActions: task.numActions, truncated, forced: () => recorded.nextAction };
  const view = viewOf(trialOf(describeTask(task), recorded.trialFeatures));
  for (const _ of playPolicy(recorded, policy, view, setup)) propensities.push(recorded.propensity);
  return { told, propensities, arms };
}

test("a policy is told what was recorded, episode by episode, up to a gap", () => {
  const { told, propensities } = toldOf(buildTask("dark-room", { size: 3 }), COLUMNS);
  const step = { arms: undefined, truncated: false, terminated: false };
  expect(told).toEqual([
    { ...step, episode: 0, step: 0, state: 3, action: 1, reward: 10, nextState: 4 },
    { ...step, episode: 0, step: 1, state: 4, action: 2, reward: 20, nextState: 5, terminated: true },
    { ...step, episode: 1, step: 0, state: 6, action: 3, reward: 30, nextState: 7, truncated: true },
    { ...step, episode: 2, step: 0, state: 8, action: 4, reward: 40, nextState: 1, terminated: true },
  ]);
  expect(propensities).toEqual([0.5, Number.NaN, 0.25, 1]);
});

test("it chooses from the arms that each step showed, and learns from these", () => {
  const task = buildTask("linear-bandit", { dim: 1, actions: 2, arm_set: "fresh" });
  const shown = lists(Float32Array.of(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0), 0, 2, 6, 8, 10, 12);
  const { told, arms } = toldOf(task, { ...COLUMNS, step_features: shown } as unknown as RecordedColumns);
  expect(arms).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ]);
  expect(told.every(({ state, nextState }) => state === 0 && nextState === 0)).toBe(true);
});

test("it knows the features of arms that are fixed for the trial", () => {
  const task = buildTask("linear-bandit", { dim: 1, actions: 2 });
  const fixed = lists(Float32Array.of(9, 9, 1, 2, 1, 2, 1, 2, 1, 2), 0, 2, 4, 6, 8, 10);
  const { arms } = toldOf(task, { ...COLUMNS, trial_features: fixed } as unknown as RecordedColumns);
  expect(arms).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
});
