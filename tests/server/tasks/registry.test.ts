import { expect, test } from "vitest";
import { IcrlError } from "#icrl/common/errors.js";
import { RewardKind, TaskFamily } from "#icrl/proto/gen/icrl/v1/task.js";
import { describeFamily, describeTask } from "#icrl/server/tasks/describe-task.js";
import { buildTask, TASKS, taskFamily } from "#icrl/server/tasks/registry.js";

function refusal(act: () => unknown): IcrlError {
  try {
    act();
  } catch (error) {
    if (error instanceof IcrlError) return error;
    throw error;
  }
  throw new Error("not refused");
}

test("families have one name each, in kebab-case, sorted", () => {
  const names = TASKS.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)].sort());
  for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
});

test("options have snake_case names, a help text without a full stop, and a default within their bounds", () => {
  for (const family of TASKS) {
    expect(() => buildTask(family.name)).not.toThrow();
    expect(family.summary).toMatch(/\.$/);
    for (const [name, row] of Object.entries(family.options)) {
      expect(name).toMatch(/^[a-z0-9]+(_[a-z0-9]+)*$/);
      expect(row.help).not.toBe("");
      expect(row.help).not.toMatch(/\.$/);
      const value = { [name]: row.default };
      expect(buildTask(family.name, value).options).toEqual(buildTask(family.name).options);
    }
  }
});

test("every numeric option can be played at both of its bounds", () => {
  for (const family of TASKS) {
    for (const [name, row] of Object.entries(family.options)) {
      if (row.type !== "number" && row.type !== "integer") continue;
      for (const bound of [row.min, row.max]) {
        if (bound === undefined) continue;
        const env = buildTask(family.name, { [name]: bound }).instantiate(1n, 2n);
        env.reset(0);
        env.step(1);
        expect(Number.isFinite(env.reward), `${family.name} ${name}=${bound}`).toBe(true);
      }
    }
  }
});

test("an unknown task suggests the nearest name, or lists all", () => {
  const near = refusal(() => taskFamily("linear_bandit"));
  expect(near.reason).toBe("TASK_UNKNOWN");
  expect(near.message).toBe('there is no task "linear_bandit": did you mean "linear-bandit"?');
  expect(refusal(() => buildTask("zzz")).message).toContain(TASKS.map(({ name }) => name).join(", "));
});

test("bad options name the task that refuses them", () => {
  expect(refusal(() => buildTask("linear-bandit", { dim: 0 })).message).toBe(
    'option "dim" of task "linear-bandit" is 0: give an integer in [1, 64]',
  );
  expect(refusal(() => buildTask("linear-bandit", { noise: 1 })).reason).toBe("OPTION_UNKNOWN");
});

test("E1 of the reference is what linear-bandit's defaults give", () => {
  // reference: Lin, Bai & Mei 2023, E1: d = 5, A = 10 fixed arms Unif[-1, 1], theta Unif[0, 1]^5, noise N(0, 1.5^2), T = 200.
  const task = buildTask("linear-bandit");
  expect(task.options).toEqual({
    dim: 5,
    actions: 10,
    horizon: 200,
    noise_std: 1.5,
    theta: "uniform01",
    arms: "uniform-cube",
    arm_set: "fixed",
  });
  expect(task).toMatchObject({ kinds: ["bandit", "linear"], numActions: 10, horizon: 200, episodes: 1 });
  expect(task.trialFeaturesShape).toEqual([10, 5]);
});

test("descriptions survive the wire and say what the task says", () => {
  for (const family of TASKS) {
    const message = describeFamily(family);
    const decoded = TaskFamily.decode(TaskFamily.encode(message).finish());
    expect(decoded).toEqual(message);
    expect(decoded.options.map(({ name }) => name)).toEqual(Object.keys(family.options));
    expect(decoded.defaultTask).toEqual(describeTask(buildTask(family.name)));
  }
});

test("a description tells the spaces, the reward's law and every option", () => {
  expect(describeTask(buildTask("linear-bandit", { arm_set: "fresh", dim: 2, actions: 3 }))).toMatchObject({
    name: "linear-bandit",
    options: { dim: 2, actions: 3, horizon: 200, noise_std: 1.5, arm_set: "fresh" },
    kinds: ["linear"],
    observationSpace: { space: { $case: "box", value: { shape: [3, 2], low: -1, high: 1 } } },
    reward: { kind: RewardKind.GAUSSIAN, min: undefined, max: undefined, noiseStd: 1.5 },
  });
  expect(describeTask(buildTask("river-swim"))).toMatchObject({
    kinds: ["tabular-mdp"],
    numActions: 2,
    observationSpace: { space: { $case: "discrete", value: { n: 6 } } },
    horizon: 20,
    episodes: 100,
    reward: { kind: RewardKind.DETERMINISTIC, min: 0, max: 1, noiseStd: undefined },
  });
  expect(describeTask(buildTask("bernoulli-bandit"))).toMatchObject({
    observationSpace: { space: { $case: "none" } },
    reward: { kind: RewardKind.BERNOULLI, min: 0, max: 1 },
  });
});

test("instances that are told apart in words differ, and those of the same words are the same", () => {
  const small: Record<string, Record<string, number>> = {
    "dark-room": { size: 2 },
    "dark-key-to-door": { size: 2 },
    "deep-sea": { size: 2 },
    maze: { size: 3 },
  };
  let told = 0;
  for (const { name } of TASKS) {
    const task = buildTask(name, small[name]);
    if (task.instanceOf === undefined) continue;
    told += 1;
    const truths = new Map<string, string>();
    for (let seed = 0n; seed < 60n; seed++) {
      const { truth } = task.instantiate(seed, 0n);
      const words = task.instanceOf(seed);
      const known = truths.get(words);
      const shown = JSON.stringify(truth, (_, value) =>
        ArrayBuffer.isView(value) ? [...(value as Float64Array)] : value,
      );
      if (known !== undefined) expect(shown, `${name} ${words}`).toBe(known);
      truths.set(words, shown);
    }
    expect(new Set(truths.values()).size, name).toBe(truths.size);
  }
  expect(told).toBeGreaterThan(4);
});
