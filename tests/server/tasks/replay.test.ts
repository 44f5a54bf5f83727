import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { buildTask, TASKS } from "#icrl/server/tasks/registry.js";
import type { Task } from "#icrl/server/tasks/task.js";
import { type PlayedStep, playTrial } from "./random-play.js";

const TASK_CASES: readonly [string, Task][] = [
  ...TASKS.map(({ name, options }): [string, Task] => [
    name,
    buildTask(name, { ...("horizon" in options && { horizon: 30 }), ...("episodes" in options && { episodes: 40 }) }),
  ]),
  ["linear-bandit with fresh arms", buildTask("linear-bandit", { horizon: 30, arm_set: "fresh" })],
];

test.each(TASK_CASES)(
  "%s: the same seeds and actions give the same trial bit for bit, from a task built anew",
  (_name, task) => {
    for (let seed = 0n; seed < 20n; seed++) {
      const first = rngFromSeed(seed);
      const played = playTrial(task, seed, ~seed & (2n ** 64n - 1n), () => first.integer(task.numActions));
      let taken = 0;
      const again = playTrial(
        buildTask(task.name, task.options),
        seed,
        ~seed & (2n ** 64n - 1n),
        () => played.steps[taken++].action,
      );
      expect(again).toEqual(played);
    }
  },
);

test.each(TASK_CASES)("%s: the luck of a step depends neither on earlier actions nor on this one", (_name, task) => {
  const a = rngFromSeed(1n);
  const b = rngFromSeed(2n);
  const when = ({ episode, step }: PlayedStep): number => episode * task.horizon + step;
  const one = new Map(
    playTrial(task, 3n, 4n, () => a.integer(task.numActions)).steps.map((step) => [when(step), step]),
  );
  const two = playTrial(task, 3n, 4n, () => b.integer(task.numActions)).steps;
  let met = 0;
  let apart = 0;
  for (const step of two) {
    const other = one.get(when(step));
    if (other?.action !== step.action) apart += 1;
    if (other === undefined || step.state !== other.state || step.action !== other.action) continue;
    met += 1;
    expect([other.reward, other.nextState]).toEqual([step.reward, step.nextState]);
  }
  expect(met).toBeGreaterThan(1);
  expect(apart).toBeGreaterThan(1);
});

test("two arms of a linear bandit meet the same noise at the same step", () => {
  const task = buildTask("linear-bandit", {});
  const { truth } = task.instantiate(6n, 0n);
  if (truth.type !== "bandit") throw new Error("not a bandit");
  const noise = (arm: number) =>
    playTrial(task, 6n, 7n, () => arm).steps.map(({ reward }) => reward - truth.means[arm]);
  const [first, second] = [noise(0), noise(9)];
  for (const [t, z] of first.entries()) expect(Math.abs(z - second[t])).toBeLessThan(1e-6); // two roundings to float32 below 8
});

test("two river-swimmers in the same state that both go right are carried the same way", () => {
  const task = buildTask("river-swim", { states: 2, horizon: 50, episodes: 4 });
  const always = playTrial(task, 0n, 1n, () => 1).steps;
  const mixed = playTrial(task, 0n, 1n, ({ step }) => (step % 7 === 3 ? 0 : 1)).steps;
  const shared = always.filter((step, i) => step.state === mixed[i].state && mixed[i].action === 1);
  expect(shared.length).toBeGreaterThan(50);
  for (const [i, step] of always.entries()) {
    if (step.state === mixed[i].state && mixed[i].action === 1) expect(mixed[i].nextState).toBe(step.nextState);
  }
});

test("a wider noise gives the same luck, only wider", () => {
  const narrow = playTrial(buildTask("linear-bandit", { noise_std: 1 }), 1n, 1n, () => 0).steps;
  const wide = playTrial(buildTask("linear-bandit", { noise_std: 3 }), 1n, 1n, () => 0).steps;
  const quiet = playTrial(buildTask("linear-bandit", { noise_std: 0 }), 1n, 1n, () => 0).steps;
  for (const [t, { reward }] of narrow.entries()) {
    expect(wide[t].reward - quiet[t].reward).toBeCloseTo(3 * (reward - quiet[t].reward), 4);
  }
});
