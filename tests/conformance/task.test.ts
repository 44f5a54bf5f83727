import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { taskViolations } from "#icrl/server/tasks/conformance/task-violations.js";
import type { MdpTruth } from "#icrl/server/tasks/mdps/tabular-env.js";
import { buildTask, TASKS, taskFamily } from "#icrl/server/tasks/registry.js";
import type { Env, Task, Truth } from "#icrl/server/tasks/task.js";
import { expectRandomSettingsConform } from "../support/random-settings.js";

test.each(TASKS.map(({ name }) => name))("%s conforms with its default options", (name) => {
  expect(taskViolations(buildTask(name))).toEqual([]);
});

test.each(TASKS.map(({ name }) => name))(
  "%s conforms with every choice, and at the lower bound of every number",
  (name) => {
    for (const [option, row] of Object.entries(taskFamily(name).options)) {
      const least = "min" in row && row.min !== undefined ? row.min : row.default;
      const values = row.type === "choice" ? row.choices : row.type === "boolean" ? [true, false] : [least];
      for (const value of values)
        expect(taskViolations(buildTask(name, { [option]: value })), `${option}=${value}`).toEqual([]);
    }
  },
);

test.each(TASKS.map(({ name }) => name))("%s conforms with 10 random settings of all its options at once", (name) => {
  expectRandomSettingsConform(name, 10); // task-settings.full.test.ts has more
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
const fresh = buildTask("linear-bandit", { horizon: 12, arm_set: "fresh" });
const bernoulli = buildTask("bernoulli-bandit", { horizon: 12 });
const river = buildTask("river-swim", { states: 3, horizon: 6, episodes: 3 });
const gaussian = buildTask("gaussian-bandit", { horizon: 50 });
const random = buildTask("random-mdp", { states: 4, actions: 3, horizon: 10, episodes: 5 });
const keyToDoor = buildTask("dark-key-to-door", { size: 2, horizon: 30, episodes: 5 });

/** The truth of an MDP's env with some of its tables changed. */
function changedTruth(env: Env, change: (truth: MdpTruth) => Partial<MdpTruth>): Partial<Env> {
  if (env.truth.type !== "mdp") throw new Error("not an MDP");
  return { truth: { ...env.truth, ...change(env.truth) } };
}

test("the unbroken tasks behind the broken ones conform, also through their wrapping", () => {
  for (const task of [bandit, bernoulli, river, gaussian, random, keyToDoor])
    expect(taskViolations(broken(task, () => ({})))).toEqual([]);
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
  expect(taskViolations(task)).toContain("luck depends on earlier actions");
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
    return changedTruth(env, ({ rewards, successors }) => ({
      rewards: rewards.map((reward) => reward / 2),
      successors: successors.map(() => 2),
    }));
  });
  const violations = taskViolations(task);
  expect(violations).toContain("a certain reward is not the truth's");
  expect(violations).toContain("a transition happened that has no chance");
});

test("a task whose noise is wider, or narrower, than it says is found", () => {
  for (const noiseStd of [0.1, 0.9]) {
    const task: Task = { ...gaussian, reward: { kind: "gaussian", noiseStd } };
    expect(taskViolations(task)).toEqual(["reward noise has not the standard deviation that the task says"]);
  }
  const silent: Task = { ...gaussian, reward: { kind: "gaussian", noiseStd: 0 } };
  expect(taskViolations(silent)).toContain("a reward without noise is not the truth's mean");
});

test("a task whose truth has other means than its rewards is found", () => {
  const shifted = broken(gaussian, (env) => {
    const { means } = env.truth as Extract<Truth, { type: "bandit" }>;
    return { truth: { type: "bandit", means: means.map((mean) => mean + 0.3), fresh: false } };
  });
  expect(taskViolations(shifted)).toContain("rewards are not the truth's means on average");
  const generous = broken(bernoulli, (env) => {
    const { means } = env.truth as Extract<Truth, { type: "bandit" }>;
    return { truth: { type: "bandit", means: means.map((mean) => mean ** 8), fresh: false } };
  });
  expect(taskViolations(generous, 20)).toEqual(["rewards are not the truth's means on average"]);
});

test("a task whose transitions happen more or less often than its truth says is found", () => {
  const task = broken(random, (env) =>
    changedTruth(env, ({ probabilities }) => ({
      probabilities: probabilities.map((_, i) => probabilities[i - (i % 4) + 3 - (i % 4)]), // rows of 4, reversed
    })),
  );
  expect(taskViolations(task)).toEqual(["transitions do not happen as often as the truth says"]);
});

test("a task that plays on in a terminal state is found", () => {
  const task = broken(keyToDoor, (env) => ({
    get terminated() {
      return env.stepInEpisode === 30;
    },
    get endReason() {
      return env.stepInEpisode === 30 ? "horizon" : "";
    },
  }));
  expect(taskViolations(task)).toContain("an episode goes on in a terminal state");
});

test("a task whose observation is not one of its state is found", () => {
  const task = broken(keyToDoor, (env) => ({
    get observation() {
      return env.stepInEpisode % 4;
    },
  }));
  expect(taskViolations(task)).toContain("the same state is observed in two ways");
});

test("a task whose episodes start where its truth gives no chance is found", () => {
  const task = broken(random, (env) => changedTruth(env, () => ({ start: Float64Array.of(0, 1, 0, 0) })));
  expect(taskViolations(task)).toContain("an episode starts in a state that has no chance");
});

test("bounds that certain rewards do not reach are found", () => {
  const task: Task = { ...river, reward: { kind: "deterministic", min: 0, max: 2 } };
  expect(taskViolations(task)).toEqual(["the bounds of certain rewards are not the truth's least and largest"]);
});

test("a description that promises what the task does not hold is found", () => {
  expect(taskViolations({ ...bandit, trialFeaturesShape: [10, 4] })).toContain(
    "trial features are not of the shape the task says",
  );
  expect(taskViolations({ ...bandit, trialFeaturesBounds: { low: -0.01 } })).toContain(
    "a trial feature is outside its bounds",
  );
  expect(
    taskViolations({ ...fresh, observationSpace: { type: "box", shape: [10, 5], low: -1, high: 0.01 } }),
  ).toContain("a feature is outside its bounds");
  expect(taskViolations({ ...river, kinds: ["bandit"] })).toContain("a bandit has more than one episode");
  expect(taskViolations({ ...bernoulli, reward: { kind: "gaussian" } })).toContain(
    "a bernoulli task has other rewards",
  );
  expect(taskViolations({ ...river, reward: { kind: "deterministic", min: 0.001, max: 1 } })).toContain(
    "a reward is outside its bounds",
  );
});

test("a drawing that does not fit what is shown is found", () => {
  const found = (task: Task) => taskViolations(task).filter((text) => /drawn|cells|name/.test(text));
  expect(found({ ...bandit, drawing: { as: "states" } })).toEqual(["what shows no states is drawn by them"]);
  expect(found({ ...river, drawing: { as: "arms" } })).toEqual(["what shows states is drawn as arms"]);
  expect(found({ ...keyToDoor, drawing: { as: "grid", rows: 2, columns: 3 } })).toEqual([
    "the grid's cells are not its states",
  ]);
  expect(found({ ...river, actionNames: ["left"] })).toEqual(["not every action has a name"]);
});

test("forks that lose their place, share it, or keep to other noise are found", () => {
  const lost = broken(river, (env) => ({
    fork(noiseSeed) {
      const fork = env.fork(noiseSeed);
      fork.reset(0);
      return fork;
    },
  }));
  expect(taskViolations(lost)).toContain("a fork stands elsewhere than its env");
  const shared = broken(bandit, (env) => ({ fork: () => env }));
  expect(taskViolations(shared)).toContain("a fork's step is seen in its env");
  const other = broken(bernoulli, (env) => ({ fork: (noiseSeed) => env.fork(noiseSeed + 7n) }));
  expect(taskViolations(other)).toContain("a fork with its env's noise goes on in another way");
});
