import { describe, expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { drawJudged } from "#icrl/server/tasks/oracle.js";
import { createPosterior } from "#icrl/server/tasks/posteriors/create-posterior.js";
import type { Shown } from "#icrl/server/tasks/posteriors/posterior.js";
import { buildTask } from "#icrl/server/tasks/registry.js";

const SHOWN: Shown = {
  trialFeatures: undefined,
  features: undefined,
  observation: 0,
  reward: 0,
  terminated: false,
  stepInEpisode: 0,
};

/** The law of a bandit after some steps, each an arm and its reward. */
function lawAfter(
  task: string,
  options: Readonly<Record<string, unknown>>,
  steps: readonly (readonly [arm: number, reward: number])[],
  features: readonly number[] = [],
  samples = 1,
): number[] {
  const built = buildTask(task, options);
  const posterior = createPosterior(built, samples);
  const shown = { ...SHOWN, trialFeatures: Float32Array.from(features) };
  const law = new Float64Array(built.numActions);
  posterior.begin(shown, 0n, rngFromSeed(1n));
  posterior.beginEpisode(shown, 0);
  for (const [arm, reward] of steps) {
    posterior.write(shown, law);
    posterior.observe(arm, { ...shown, reward });
  }
  posterior.write(shown, law);
  return [...law];
}

/** Share of a density, summed over the middles of cells of a square from (0, 0), in which the first of two arms is the better: half of a cell in which they are alike. */
function largerOnGrid(
  density: (x: number, y: number) => number,
  lead: (x: number, y: number) => number,
  side = 1,
): number {
  const n = 600;
  let [sum, all] = [0, 0];
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) {
      const [x, y] = [((i + 0.5) / n) * side, ((j + 0.5) / n) * side];
      const weight = density(x, y);
      all += weight;
      sum += (weight * (1 + Math.sign(lead(x, y)))) / 2;
    }
  }
  return sum / all;
}

const bell = (x: number, mean: number, std: number) => Math.exp(-0.5 * ((x - mean) / std) ** 2);

describe("bandits of independent arms", () => {
  test("whose rewards are 0 or 1 know the prior that they are drawn from", () => {
    // By hand: of Beta(2, 1) and Beta(1, 1) the first is larger with probability E x = 2/3; of Beta(4, 1) against Beta(3, 1) with 4/7.
    const two = { arms: 2, horizon: 9 };
    expect(lawAfter("bernoulli-bandit", two, [[0, 1]])[0]).toBeCloseTo(2 / 3, 10);
    expect(lawAfter("bernoulli-bandit", { ...two, alpha: 3 }, [[0, 1]])[0]).toBeCloseTo(4 / 7, 10);
  });

  test("with normal rewards and standard normal means are as by hand", () => {
    // After a reward of 1 with noise 1 the mean is N(1/2, 1/2): the difference to a N(0, 1) is N(1/2, 3/2); Phi(0.408248) = 0.658454.
    const law = lawAfter("gaussian-bandit", { arms: 2, means: "gaussian", noise_std: 1 }, [[0, 1]]);
    expect(law[0]).toBeCloseTo(0.658454, 5);
  });

  test.each<[what: string, noise: number, side: number, steps: readonly (readonly [number, number])[]]>([
    [
      "inside",
      0.3,
      1,
      [
        [0, 0.6],
        [1, 0.4],
        [1, 0.5],
      ],
    ],
    [
      "beyond the ends",
      0.3,
      1,
      [
        [0, 1.9],
        [1, 1.4],
      ],
    ],
    [
      "far beyond an end, with little noise",
      0.05,
      0.12, // beyond it nothing is left
      [
        [0, -0.6],
        [1, -0.3],
      ],
    ],
    [
      "known of one arm alone",
      0.2,
      1,
      [
        [1, 0.8],
        [1, 0.7],
        [1, 0.75],
      ],
    ],
  ])("with normal rewards and means in [0, 1] are as on a fine grid: %s", (_, noise, side, steps) => {
    const likelihood = (arm: number, mean: number) =>
      steps.reduce((product, [taken, reward]) => product * (taken === arm ? bell(reward, mean, noise) : 1), 1);
    const wanted = largerOnGrid(
      (x, y) => likelihood(0, x) * likelihood(1, y),
      (x, y) => x - y,
      side,
    );
    const law = lawAfter("gaussian-bandit", { arms: 2, noise_std: noise }, steps);
    expect(Math.abs(law[0] - wanted)).toBeLessThan(1e-4);
    expect(law[0] + law[1]).toBeCloseTo(1, 12);
  });

  test("with means in [0, 1] that nothing is known of are alike", () => {
    for (const p of lawAfter("gaussian-bandit", { arms: 4 }, [])) expect(p).toBeCloseTo(0.25, 10);
  });
});

/** Two arms of two features, and some rewards of them. */
const ARMS = [1, 0.2, -0.3, 0.9];
const STEPS = [
  [0, 0.9],
  [1, 0.1],
  [0, 0.4],
] as const;

test("a linear bandit's sampled law is that on a fine grid, to within its error", () => {
  const samples = 20_000;
  const noise = 0.7;
  const density = (x: number, y: number) =>
    STEPS.reduce(
      (product, [arm, reward]) => product * bell(reward, ARMS[2 * arm] * x + ARMS[2 * arm + 1] * y, noise),
      1,
    );
  const lead = (x: number, y: number) => (ARMS[0] - ARMS[2]) * x + (ARMS[1] - ARMS[3]) * y;
  const options = { dim: 2, actions: 2, noise_std: noise };
  const cube = largerOnGrid(density, lead);
  expect(Math.abs(lawAfter("linear-bandit", options, STEPS, ARMS, samples)[0] - cube)).toBeLessThan(4 * 0.0035);
  // A standard normal prior, on [-6, 6]^2.
  const wide = (u: number) => 12 * u - 6;
  const normal = largerOnGrid(
    (u, v) => bell(wide(u), 0, 1) * bell(wide(v), 0, 1) * density(wide(u), wide(v)),
    (u, v) => lead(wide(u), wide(v)),
  );
  const gaussian = { ...options, theta: "gaussian" };
  expect(Math.abs(lawAfter("linear-bandit", gaussian, STEPS, ARMS, samples)[0] - normal)).toBeLessThan(4 * 0.0035);
  expect(Math.abs(cube - normal)).toBeGreaterThan(2 * 4 * 0.0035); // it would be seen if they were mistaken for each other
});

/**
 * If the laws are right then, over instances drawn from the prior, an action to which one gives the probability p is best with probability p: the mean of sum_a p_a [a is best]
 * is that of sum_a p_a^2. Ties are shared evenly on both sides.
 */
describe("what is said to be probable comes true as often", () => {
  test.each<[task: string, options: Readonly<Record<string, unknown>>]>([
    ["bernoulli-bandit", { arms: 4, horizon: 12, alpha: 2, beta: 5 }],
    ["gaussian-bandit", { arms: 4, horizon: 12 }],
    ["gaussian-bandit", { arms: 4, horizon: 12, means: "gaussian", noise_std: 1 }],
    ["linear-bandit", { dim: 3, actions: 4, horizon: 12 }],
    ["linear-bandit", { dim: 3, actions: 4, horizon: 12, arm_set: "fresh", noise_std: 0.3 }],
    ["linear-bandit", { dim: 3, actions: 4, horizon: 12, theta: "gaussian", noise_std: 0.5 }],
    ["dark-room", { size: 3, horizon: 6, episodes: 2, start: "random", goals: "0-3,7" }],
    ["dark-key-to-door", { size: 3, horizon: 9, episodes: 2 }],
    ["dark-key-to-door", { size: 3, horizon: 9, episodes: 2, keys: "0-2", doors: "6-8" }],
  ])("%s %o", (name, options) => {
    const trials = 300;
    const task = buildTask(name, options);
    const posterior = createPosterior(task, 128);
    const law = new Float64Array(task.numActions);
    const marks = new Uint8Array(task.numActions);
    const actions = rngFromSeed(9n);
    const differences: number[] = [];
    let sharpened = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const noiseSeed = BigInt(1000 + trial);
      const { env, oracle } = runAtOnce(drawJudged(task, BigInt(trial), noiseSeed));
      posterior.begin(env, noiseSeed, rngFromSeed(BigInt(trial)));
      let [difference, steps] = [0, 0];
      for (let episode = 0; episode < task.episodes; episode += 1) {
        env.reset(episode);
        oracle.beginEpisode();
        posterior.beginEpisode(env, episode);
        while (!env.terminated) {
          posterior.write(env, law);
          expect(law.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9);
          const best = oracle.markBest(env.stepInEpisode, env.state, marks);
          for (let a = 0; a < law.length; a += 1) difference += law[a] * (marks[a] / best - law[a]);
          steps += 1;
          const action = actions.integer(task.numActions);
          env.step(action);
          posterior.observe(action, env);
        }
      }
      if (Math.max(...law) > 0.5) sharpened += 1;
      differences.push(difference / steps);
    }
    const mean = differences.reduce((sum, x) => sum + x, 0) / trials;
    const error = Math.sqrt(differences.reduce((sum, x) => sum + (x - mean) ** 2, 0) / trials / (trials - 1));
    expect(Math.abs(mean)).toBeLessThan(4 * error);
    expect(sharpened).toBeGreaterThan(10); // something was learned
  });
});

test.each<[task: string, options: Readonly<Record<string, unknown>>, why: RegExp]>([
  ["river-swim", {}, /"river-swim" has no prior/],
  ["dark-key-to-door", {}, /has 6480 instances, and a posterior looks at each of 1024 at most/], // 81 x 80
  ["dark-key-to-door", { size: 3, keys: "0-2", doors: "2-8" }, /has no prior/], // the key in cell 2 has fewer doors
])("%s %o is refused", (task, options, why) => {
  expect(() => createPosterior(buildTask(task, options), 1)).toThrow(why);
});
