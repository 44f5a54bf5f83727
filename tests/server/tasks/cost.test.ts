import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { randomOptions } from "#icrl/jobs/conformance/random-options.js";
import { checkCollection } from "#icrl/server/collections/spec.js";
import { checkedOpen } from "#icrl/server/sessions/checked-request.js";
import { envsThatFit } from "#icrl/server/sessions/envs-that-fit.js";
import { checkTaskCost } from "#icrl/server/sessions/task-cost.js";
import { planOf } from "#icrl/server/tasks/backward-induction.js";
import { drawJudged, uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask, TASKS, taskFamily } from "#icrl/server/tasks/registry.js";
import { checkSpec } from "#icrl/server/tournaments/spec.js";
import { hello, open } from "../../support/raw-stream.js";
import { spec } from "../../support/tournament.js";
import { limitsOf, specOf } from "../collections/collected.js";

/** The largest that a client can ask for. */
const LARGEST = { states: 64, actions: 32, horizon: 1000, concentration: 0.5 };

const defaults = limitsOf();

test.each(TASKS.map(({ name }) => name))("no instance of %s holds more than its task says", (name) => {
  const rng = rngFromSeed(1n);
  for (let round = 0; round < 30; round++) {
    const options = randomOptions(taskFamily(name), rng);
    if (options.horizon !== undefined) options.horizon = 150; // long enough for plans that end early to do so
    const task = buildTask(name, options);
    const { truth } = task.instantiate(BigInt(round), 1n);
    if (truth.type !== "mdp") continue;
    const plan = runAtOnce(planOf(truth, task.horizon));
    const other = task.instantiate(BigInt(round + 1000), 1n).truth as typeof truth;
    const arrays = [truth.successors, truth.probabilities, truth.rewards, plan.values, plan.actions];
    const others = [other.successors, other.probabilities, other.rewards];
    // What all instances share counts for none.
    const own = arrays.filter((array, i) => array !== others[i] && truth !== other);
    const bytes = own.reduce((sum, array) => sum + array.byteLength, 0);
    expect(task.cost.bytes, JSON.stringify(options)).toBeGreaterThanOrEqual(bytes);
  }
});

test("drawing and solving an instance pauses as often as its cost says, and so does uniform play's regret", () => {
  const task = buildTask("random-mdp", { ...LARGEST, horizon: 100 });
  const pauses = (slices: Generator) => Array.from(slices).length;
  const instance = pauses(drawJudged(task, 1n, 1n));
  const uniform = pauses(uniformRegret(task, 1n, 1n));
  expect(instance).toBeGreaterThan(task.cost.instance / 1_500_000);
  expect(instance).toBeLessThan(task.cost.instance / 500_000);
  expect(uniform).toBeGreaterThan(task.cost.uniform / 1_500_000);
  expect(uniform).toBeLessThan(task.cost.uniform / 500_000);
});

test("what takes more than limits.max_trial_work is refused by name, wherever it is asked for; by default nothing is", () => {
  for (const { name, options } of TASKS) {
    const largest = Object.entries(options).map(([key, row]) => [key, row.type === "integer" ? row.max : row.default]);
    checkTaskCost(buildTask(name, Object.fromEntries(largest)), defaults);
  }
  const task = buildTask("random-mdp", LARGEST);
  checkTaskCost(task, defaults);
  const limits = { ...defaults, maxTrialWork: 1_000_000 };
  const refusal = expect.objectContaining({
    reason: "REQUEST_TOO_COSTLY",
    message: expect.stringContaining("limits.max_trial_work, 1000000"),
  });
  const message = open({ task: "random-mdp", options: LARGEST, trials: 1n }).value as never;
  expect(() => checkedOpen(message, hello().value as never, limits)).toThrow(refusal);
  const tasks = [{ id: "t", task: "random-mdp", options: LARGEST }];
  expect(() => checkSpec(spec(["a"], { tasks }), limits, () => 0n)).toThrow(refusal);
  const collected = specOf({ tasks: [{ ...tasks[0], trials: 1 }] });
  expect(() => checkCollection(collected, limits)).toThrow(refusal);
});

test("instances count in what a session holds", () => {
  const large = buildTask("random-mdp", { ...LARGEST, episodes: 1 });
  // By hand: 1,064,960 bytes of tables, 640,640 of plan, and less than a tenth of that beside; 536,870,912 a session by default.
  const fitting = envsThatFit(large, defaults);
  expect(fitting).toBeLessThan(536_870_912 / (1_064_960 + 640_640));
  expect(fitting).toBeGreaterThan(536_870_912 / (1.1 * (1_064_960 + 640_640)));
  expect(envsThatFit(buildTask("random-mdp"), defaults)).toBe(4096);
});
