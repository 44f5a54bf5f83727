import { expect, test } from "vitest";
import type { Option, OptionValue } from "#icrl/common/options.js";
import { type Rng, rngFromSeed } from "#icrl/common/rng.js";
import { buildTask, TASKS, taskFamily } from "#icrl/server/tasks/registry.js";
import type { Env, Task, Truth } from "#icrl/server/tasks/task.js";
import { taskViolations } from "./task.js";

test.each(TASKS.map(({ name }) => name))("%s conforms with its default options", (name) => {
  expect(taskViolations(buildTask(name))).toEqual([]);
});

test.each(TASKS.map(({ name }) => name))(
  "%s conforms with every choice, and at the lower bound of every number",
  (name) => {
    for (const [option, row] of Object.entries(taskFamily(name).options)) {
      const values =
        row.type === "choice" ? row.choices : row.type === "boolean" ? [true, false] : [row.min ?? row.default];
      for (const value of values)
        expect(taskViolations(buildTask(name, { [option]: value })), `${option}=${value}`).toEqual([]);
    }
  },
);

/** A value that the row allows; numbers within 12 of the lower bound, so that play stays short. */
function randomValue(row: Option, rng: Rng): OptionValue {
  if (row.type === "choice") return row.choices[rng.integer(row.choices.length)];
  if (row.type === "boolean") return rng.uniform() < 0.5;
  const min = row.min ?? row.default;
  const span = Math.min((row.max ?? Number.POSITIVE_INFINITY) - min, 12);
  return row.type === "integer" ? min + rng.integer(span + 1) : min + span * rng.uniform();
}

test.each(TASKS.map(({ name }) => name))("%s conforms with 60 random settings of all its options at once", (name) => {
  const rng = rngFromSeed(2026n);
  for (let round = 0; round < 60; round++) {
    const rows = Object.entries(taskFamily(name).options);
    const options = Object.fromEntries(rows.map(([option, row]) => [option, randomValue(row, rng)]));
    expect(taskViolations(buildTask(name, options)), JSON.stringify(options)).toEqual([]);
  }
});

/** A task like `base` but for its envs, which `change` makes of the real ones. */
function broken(base: Task, change: (env: Env) => Partial<Env>): Task {
  return {
    ...base,
    instantiate(taskSeed, noiseSeed) {
      const env = base.instantiate(taskSeed, noiseSeed);
      const changed = change(env);
      return new Proxy(env, {
        get(target, key) {
          const owner = key in changed ? changed : target;
          const value: unknown = Reflect.get(owner, key, owner);
          return typeof value === "function" ? value.bind(owner) : value;
        },
      });
    },
  };
}

const bandit = buildTask("linear-bandit", { horizon: 12 });
const bernoulli = buildTask("bernoulli-bandit", { horizon: 12 });
const river = buildTask("river-swim", { states: 3, horizon: 6, episodes: 3 });

test("the unbroken tasks behind the broken ones conform, also through their wrapping", () => {
  for (const task of [bandit, bernoulli, river]) expect(taskViolations(broken(task, () => ({})))).toEqual([]);
});

test("a task whose luck comes from one sequence for all envs is found", () => {
  const shared = rngFromSeed(1n);
  const task = broken(bernoulli, (env) => {
    let reward = 0;
    return {
      get reward() {
        return env.stepInEpisode === 0 ? 0 : reward;
      },
      step(action) {
        env.step(action);
        reward = shared.uniform() < 0.5 ? 1 : 0;
      },
    };
  });
  expect(taskViolations(task)).toContain("the same seeds and actions give another trial");
});

test("a task whose luck depends on what was played before is found", () => {
  const task = broken(bandit, (env) => {
    let played = 0;
    return {
      get reward() {
        return Math.fround(env.reward + played);
      },
      reset(episode) {
        played = 0;
        env.reset(episode);
      },
      step(action) {
        env.step(action);
        played += action;
      },
    };
  });
  expect(taskViolations(task)).toEqual(["luck depends on earlier actions"]);
});

test("a task whose episodes depend on those before them is found", () => {
  const task = broken(river, (env) => {
    let resets = 0;
    return {
      reset() {
        env.reset(resets);
        resets += 1;
      },
    };
  });
  // Counting resets instead of taking the episode's number is right as long as episodes are played in order.
  expect(taskViolations(task)).toContain("an episode depends on those played before it");
});

test("a task that plays on past its horizon is found", () => {
  const task = broken(bernoulli, () => ({ terminated: false, endReason: "" }));
  expect(taskViolations(task)).toContain("an episode goes on past the horizon");
});

test("a task that does not round its rewards to float32 is found", () => {
  const task = broken(bandit, (env) => ({
    get reward() {
      return env.reward * 1.1;
    },
  }));
  expect(taskViolations(task)).toContain("a reward is not a float32 value");
});

test("a task whose truth is not what it plays is found", () => {
  const task = broken(river, (env) => {
    const truth = env.truth as Extract<Truth, { type: "mdp" }>;
    const rewards = truth.rewards.map((reward) => reward / 2);
    return { truth: { ...truth, rewards, successors: truth.successors.map(() => 2) } };
  });
  const violations = taskViolations(task);
  expect(violations).toContain("a certain reward is not the truth's");
  expect(violations).toContain("a transition happened that has no chance");
});

test("a description that promises what the task does not hold is found", () => {
  expect(taskViolations({ ...bandit, trialFeaturesShape: [10, 4] })).toContain(
    "trial features are not of the shape the task says",
  );
  expect(taskViolations({ ...river, kinds: ["bandit"] })).toContain("a bandit has more than one episode");
  expect(taskViolations({ ...bernoulli, reward: { kind: "gaussian" } })).toContain(
    "a bernoulli task has other rewards",
  );
  expect(taskViolations({ ...river, reward: { kind: "deterministic", min: 0.001, max: 1 } })).toContain(
    "a reward is outside its bounds",
  );
});
