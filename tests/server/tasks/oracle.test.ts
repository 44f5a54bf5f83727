import { expect, test } from "vitest";
import { type Rng, rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { smallOptions } from "#icrl/jobs/conformance/small-tasks.js";
import {
  backwardInduction,
  type MdpTables,
  optimalAction,
  optimalValue,
  regretOfAction,
} from "#icrl/server/tasks/backward-induction.js";
import { curveSteps } from "#icrl/server/tasks/curve-steps.js";
import { tabularEnv } from "#icrl/server/tasks/mdps/tabular-env.js";
import { createOracle, revealInstance, uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask, TASKS } from "#icrl/server/tasks/registry.js";
import type { Env, Task, Truth } from "#icrl/server/tasks/task.js";
import { valuesOfPolicy } from "../../support/policy-values.js";
import { type PlayedStep, playTrial } from "./random-play.js";
import { sampleMoments } from "./sample-moments.js";

/** Random tables; some chances are 0, some rewards tie. Every state is a candidate of every pair. */
function randomMdp(rng: Rng, numStates: number, numActions: number, withTerminal = false): MdpTables {
  const probabilities = new Float64Array(numStates * numActions * numStates);
  const successors = Int32Array.from(probabilities, (_, i) => i % numStates);
  for (let row = 0; row < numStates * numActions; row++) {
    const weights = Array.from({ length: numStates }, () => (rng.uniform() < 0.3 ? 0 : rng.uniform()));
    weights[rng.integer(numStates)] += 0.1;
    const total = weights.reduce((sum, w) => sum + w, 0);
    for (const [k, weight] of weights.entries()) probabilities[row * numStates + k] = weight / total;
  }
  const rewards = Float64Array.from({ length: numStates * numActions }, () => Math.round(4 * rng.normal()) / 4);
  const terminal = Uint8Array.from({ length: numStates }, (_, s) => (s === numStates - 1 ? 1 : 0));
  return { numStates, successors, probabilities, rewards, ...(withTerminal && { terminal }) };
}

test("backward induction finds the best of all deterministic policies", () => {
  const rng = rngFromSeed(1n);
  for (let round = 0; round < 20; round++) {
    const mdp = randomMdp(rng, 3, 2, round % 2 === 1);
    const best = new Array<number>(3).fill(Number.NEGATIVE_INFINITY);
    for (let code = 0; code < 2 ** 9; code++) {
      const values = valuesOfPolicy(mdp, 3, (h, s, a) => (((code >> (h * 3 + s)) & 1) === a ? 1 : 0));
      for (let s = 0; s < 3; s++) best[s] = Math.max(best[s], values[0][s]);
    }
    const plan = runAtOnce(backwardInduction(mdp, 3));
    for (let s = 0; s < 3; s++) expect(optimalValue(plan, 3, 3, s)).toBeCloseTo(best[s], 12);
  }
});

test("no random policy is worth more than the optimal value, and the optimal actions are worth exactly it", () => {
  const rng = rngFromSeed(2n);
  for (let round = 0; round < 40; round++) {
    const [S, A, H] = [2 + rng.integer(5), 2 + rng.integer(3), 1 + rng.integer(8)];
    const mdp = randomMdp(rng, S, A, round % 3 === 0);
    const plan = runAtOnce(backwardInduction(mdp, H));
    const greedy = valuesOfPolicy(mdp, H, (h, s, a) => (optimalAction(plan, S, H - h, s) === a ? 1 : 0));
    const weights = Array.from({ length: H * S }, () => {
      const row = Array.from({ length: A }, () => rng.uniform());
      const total = row.reduce((sum, w) => sum + w, 0);
      return row.map((w) => w / total);
    });
    const random = valuesOfPolicy(mdp, H, (h, s, a) => weights[h * S + s][a]);
    for (let h = 0; h < H; h++) {
      for (let s = 0; s < S; s++) {
        const best = optimalValue(plan, S, H - h, s);
        expect(greedy[h][s]).toBeCloseTo(best, 10);
        expect(random[h][s]).toBeLessThanOrEqual(best + 1e-12);
      }
    }
  }
});

test("regrets are at least 0, are 0 for the optimal action, and the lowest index wins a tie", () => {
  const rng = rngFromSeed(3n);
  for (let round = 0; round < 40; round++) {
    const [S, A, H] = [1 + rng.integer(5), 2 + rng.integer(3), 1 + rng.integer(6)];
    const mdp = randomMdp(rng, S, A);
    const plan = runAtOnce(backwardInduction(mdp, H));
    for (let g = 1; g <= H; g++) {
      for (let s = 0; s < S; s++) {
        const row = Array.from({ length: A }, (_, a) => regretOfAction(mdp, plan, g, s, a));
        expect(Math.min(...row)).toBe(0);
        expect(optimalAction(plan, S, g, s)).toBe(row.indexOf(0));
      }
    }
  }
});

test("all actions tie: the first is the optimal one", () => {
  const mdp = {
    numStates: 1,
    successors: Int32Array.of(0, 0, 0),
    probabilities: Float64Array.of(1, 1, 1),
    rewards: Float64Array.of(2, 2, 2),
  };
  const plan = runAtOnce(backwardInduction(mdp, 2));
  expect([1, 2].map((g) => optimalAction(plan, 1, g, 0))).toEqual([0, 0]);
});

test("a plan ends where more steps to go only add the same to every value, and says what it would have said", () => {
  // Ten states in a ring, stay or go on; going from the ninth to the tenth pays 3. Without an end values rise at every tenth step,
  // so no row is left out; with an end in the tenth state nothing changes once nine steps are left.
  for (const terminal of [undefined, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 1)]) {
    const numStates = 10;
    const successors = Int32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? Math.floor(i / 2) : (i >> 1) + 1) % 10);
    const probabilities = new Float64Array(20).fill(1);
    const rewards = Float64Array.from({ length: 20 }, (_, i) => (i === 17 ? 3 : 0));
    const mdp = { numStates, successors, probabilities, rewards, ...(terminal && { terminal }) };
    const long = runAtOnce(backwardInduction(mdp, 500));
    const exact = runAtOnce(backwardInduction(mdp, 40));
    const values = valuesOfPolicy(mdp, 500, (h, s, a) => (optimalAction(long, 10, 500 - h, s) === a ? 1 : 0));
    expect(long.rows).toBe(terminal ? 10 : 500);
    for (let s = 0; s < 10; s++) {
      expect(values[0][s]).toBe(optimalValue(long, 10, 500, s));
      expect(optimalValue(long, 10, 40, s)).toBe(optimalValue(exact, 10, 40, s));
    }
  }
  // By hand: staying in a state pays 1 a step, from any other it is reached in at most 3: V_g = g - distance from g = 3 on.
  const line = {
    numStates: 4,
    successors: Int32Array.of(0, 0, 1, 0, 2, 1, 3, 2),
    probabilities: new Float64Array(8).fill(1),
    rewards: Float64Array.of(1, 1, 0, 0, 0, 0, 0, 0),
  };
  const plan = runAtOnce(backwardInduction(line, 1_000));
  expect({ rows: plan.rows, gain: plan.gain, size: plan.values.length }).toEqual({ rows: 4, gain: 1, size: 5 * 4 });
  expect([0, 1, 2, 3].map((s) => optimalValue(plan, 4, 1_000, s))).toEqual([1000, 999, 998, 997]);
  expect([0, 1].map((a) => regretOfAction(line, plan, 1_000, 3, a))).toEqual([1, 0]);
  expect([0, 1].map((a) => regretOfAction(line, plan, 2, 3, a))).toEqual([0, 0]); // too late
});

test('a policy\'s expected regret is its loss of value, as section "regret" of the definition says', () => {
  // sum_h E[V*_h(s_h) - Q*_h(s_h, a_h)] = V*_1(s_1) - V^pi_1(s_1), here for uniform play on RiverSwim by exact evaluation.
  for (const options of [{}, { states: 2, horizon: 1 }, { states: 9, horizon: 33, episodes: 3 }]) {
    const task = buildTask("river-swim", options);
    const env = task.instantiate(0n, 0n);
    if (env.truth.type !== "mdp") throw new Error("not an MDP");
    const oracle = createOracle(task, env);
    env.reset(0);
    oracle.beginEpisode();
    const uniform = valuesOfPolicy(env.truth, task.horizon, () => 1 / 2)[0][0];
    const curve = runAtOnce(uniformRegret(task, 0n, 0n));
    for (let k = 0; k < task.episodes; k++) expect(curve[k]).toBeCloseTo((k + 1) * (oracle.episodeValue - uniform), 9);
  }
});

test("an MDP of one episode has a curve at every step", () => {
  const task = buildTask("river-swim", { episodes: 1 });
  const curve = runAtOnce(uniformRegret(task, 0n, 0n));
  expect(curveSteps(task)).toEqual(Array.from({ length: 20 }, (_, t) => t + 1));
  expect(curve.length).toBe(20);
  expect(curve[19]).toBeCloseTo(runAtOnce(uniformRegret(buildTask("river-swim", { episodes: 2 }), 0n, 0n))[0], 12);
});

test("a bandit's curve counts every step, an MDP's the last step of each episode", () => {
  expect(curveSteps(buildTask("bernoulli-bandit", { horizon: 3 }))).toEqual([1, 2, 3]);
  expect(curveSteps(buildTask("river-swim", { horizon: 4, episodes: 3 }))).toEqual([4, 8, 12]);
});

/** Settings that say more than a family's small one does. */
const CHOSEN_TASKS: readonly [string, Task][] = [
  ["linear-bandit", buildTask("linear-bandit", { horizon: 40 })],
  ["linear-bandit, fresh arms", buildTask("linear-bandit", { horizon: 40, arm_set: "fresh", theta: "gaussian" })],
  ["bernoulli-bandit", buildTask("bernoulli-bandit", { horizon: 40, alpha: 0.5, beta: 2 })],
  ["gaussian-bandit", buildTask("gaussian-bandit", { horizon: 40, means: "gaussian" })],
  ["chain", buildTask("chain", { length: 4, horizon: 7, episodes: 4 })],
  ["deep-sea", buildTask("deep-sea", { size: 4, episodes: 4 })],
  ["dark-room", buildTask("dark-room", { size: 3, horizon: 6, episodes: 4, start: "random" })],
  ["dark-key-to-door", buildTask("dark-key-to-door", { size: 3, horizon: 8, episodes: 4 })],
  ["random-mdp", buildTask("random-mdp", { states: 4, actions: 3, horizon: 6, episodes: 4, concentration: 0.3 })],
  ["river-swim", buildTask("river-swim", { horizon: 8, episodes: 5, states: 4 })],
  ["frozen-lake", buildTask("frozen-lake", { horizon: 12, episodes: 4 })],
  ["maze", buildTask("maze", { size: 2, horizon: 6, episodes: 4 })],
];

/** Tasks of every registered family and both kinds of arms, short enough to be played often. */
const SHORT_TASKS: readonly [string, Task][] = [
  ...CHOSEN_TASKS,
  ...TASKS.filter(({ name }) => !CHOSEN_TASKS.some(([, task]) => task.name === name)).map((family): [string, Task] => [
    family.name,
    buildTask(family.name, smallOptions(family)),
  ]),
];

/** Trials whose means are compared with what they are in expectation, to within 4 of their standard errors. */
const PLAYED = 600;

test.each(SHORT_TASKS)("%s: the oracle's own actions have no regret, random ones none below 0", (_name, task) => {
  const rng = rngFromSeed(4n);
  let total = 0;
  for (let seed = 0n; seed < 50n; seed++) {
    const optimal = playTrial(task, seed, seed + 1n, ({ optimalAction }) => optimalAction());
    expect(optimal.regret).toBe(0);
    const random = playTrial(task, seed, seed + 1n, () => rng.integer(task.numActions));
    for (const { regret } of random.steps) {
      expect(regret).toBeGreaterThanOrEqual(0);
      expect(regret).toBe(Math.fround(regret));
    }
    total += random.regret;
  }
  expect(total).toBeGreaterThan(0);
});

test.each(SHORT_TASKS)("%s: the optimal policy's mean return is the optimal value", (_name, task) => {
  const gaps = Array.from({ length: PLAYED }, (_, i) => {
    const { return: sum, episodeValues } = playTrial(task, BigInt(i), BigInt(i), ({ optimalAction }) =>
      optimalAction(),
    );
    return sum - episodeValues.reduce((total, value) => total + value, 0);
  });
  const { mean, meanSe } = sampleMoments(gaps);
  // Where nothing is left to chance each gap is the rounding of float64 sums of rewards in another order.
  expect(Math.abs(mean)).toBeLessThan(Math.max(4 * meanSe, 1e-12));
});

test.each(SHORT_TASKS)("%s: the mean regret of random play is uniform play's exact regret", (_name, task) => {
  const points = curveSteps(task);
  for (const point of [0, points.length - 1]) {
    // Points are steps of a one-episode task, else episodes, which may end early.
    const upTo = ({ episode, step }: PlayedStep): boolean => (task.episodes === 1 ? step : episode) <= point;
    const gaps = Array.from({ length: PLAYED }, (_, i) => {
      const rng = rngFromSeed(BigInt(i)).split("player");
      const { steps } = playTrial(task, BigInt(i), BigInt(i), () => rng.integer(task.numActions));
      const played = steps.filter(upTo).reduce((sum, { regret }) => sum + regret, 0);
      return played - runAtOnce(uniformRegret(task, BigInt(i), BigInt(i)))[point];
    });
    const { mean, meanSe } = sampleMoments(gaps);
    expect(Math.abs(mean)).toBeLessThan(4 * meanSe);
  }
});

test("trials that share their truth are planned for once", () => {
  const task = buildTask("river-swim", { states: 100, horizon: 1000, episodes: 1 });
  let reads = 0;
  const { truth } = task.instantiate(0n, 0n);
  if (truth.type !== "mdp") throw new Error("not an MDP");
  const watched: Truth = new Proxy(truth, {
    get(target, key: keyof typeof truth) {
      if (key === "successors") reads += 1;
      return target[key];
    },
  });
  const env: Env = { ...task.instantiate(0n, 0n), truth: watched, observation: 0, reset() {}, step() {} };
  createOracle(task, env);
  const readsOfOne = reads;
  expect(readsOfOne).toBeGreaterThan(0);
  for (let trial = 0; trial < 50; trial++) createOracle(task, env);
  expect(reads).toBe(readsOfOne);
});

test("the largest grids with the longest episodes have plans of a few megabytes at most", () => {
  // By hand: nothing changes once there are steps for the longest way: 58 from corner to corner of 30 x 30, twice that by the key.
  for (const [name, mostRows] of [
    ["dark-room", 60],
    ["dark-key-to-door", 120],
  ] as const) {
    const { truth } = buildTask(name, { size: 30, horizon: 1000 }).instantiate(1n, 0n);
    if (truth.type !== "mdp") throw new Error("not an MDP");
    const { rows, values, actions } = runAtOnce(backwardInduction(truth, 1000));
    expect(rows).toBeLessThanOrEqual(mostRows);
    expect(values.buffer.byteLength + actions.buffer.byteLength).toBeLessThan(3e6);
  }
});

test("a start state drawn by the env is the one whose value counts", () => {
  // By hand: two states that never change, rewards 1 and 3 a step, H = 2: values 2 and 6.
  const truth: Truth = {
    type: "mdp",
    numStates: 2,
    successors: Int32Array.of(0, 1),
    probabilities: Float64Array.of(1, 1),
    rewards: Float64Array.of(1, 3),
    start: Float64Array.of(0.5, 0.5),
  };
  const env = tabularEnv({ truth, horizon: 2, reward: { kind: "deterministic" }, noiseSeed: 1n });
  const task = { ...buildTask("river-swim", { states: 2, horizon: 2 }), numActions: 1 };
  const oracle = createOracle(task, env);
  const seen = new Set<number>();
  for (let episode = 0; episode < 20; episode++) {
    env.reset(episode);
    oracle.beginEpisode();
    expect(oracle.episodeValue).toBe(env.state === 0 ? 2 : 6);
    seen.add(env.state);
  }
  expect(seen.size).toBe(2);
});

test("a revealed bandit has the means that it was judged by, and fresh arms have none", () => {
  const task = buildTask("linear-bandit", {});
  const { means, goals } = runAtOnce(revealInstance(task, 3n, 4n));
  const { truth } = task.instantiate(3n, 4n);
  expect(means).toEqual(truth.type === "bandit" && truth.means);
  expect(goals).toEqual([]);
  expect(runAtOnce(revealInstance(buildTask("linear-bandit", { arm_set: "fresh" }), 3n, 4n)).means).toBeUndefined();
});

test("what is revealed of a grid is where its rewards are found by walking every cell", () => {
  for (const name of ["dark-room", "dark-key-to-door"]) {
    for (let seed = 0n; seed < 20n; seed++) {
      const size = 3;
      const task = buildTask(name, { size, horizon: 100 });
      const env = task.instantiate(seed, 1n);
      env.reset(0);
      const paid = new Map<number, boolean>();
      // Row by row from the upper left corner: up, up, left, left, then right, right, down, left, left, down, ..., three times over.
      const sweep = [1, 1, 3, 3, 0, 4, 4, 2, 3, 3, 2, 4, 4];
      for (const action of [...sweep, ...sweep, ...sweep]) {
        if (env.terminated) break;
        env.step(action);
        if (env.reward === 1) paid.set(env.observation, env.terminated);
      }
      const { goals, means } = runAtOnce(revealInstance(task, seed, 1n));
      expect(means).toBeUndefined();
      expect(new Map(goals.map(({ observation, ends }) => [observation, ends]))).toEqual(paid);
    }
  }
});

test("nothing is revealed of an MDP whose largest reward leads nowhere for sure", () => {
  expect(runAtOnce(revealInstance(buildTask("random-mdp", {}), 1n, 1n))).toEqual({ means: undefined, goals: [] });
});
