import { expect, test } from "vitest";
import { CHANNEL, keyFromSeed, noiseNormal, noiseUniform, rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { createOracle, uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import type { Task, Truth } from "#icrl/server/tasks/task.js";
import { playTrial } from "./random-play.js";
import { sampleMoments } from "./sample-moments.js";

function truthOf(task: Task, taskSeed: bigint): Extract<Truth, { type: "mdp" }> {
  const { truth } = task.instantiate(taskSeed, 0n);
  if (truth.type !== "mdp") throw new Error("not an MDP");
  return truth;
}

/** Optimal value and uniform play's loss of it, both of a whole trial, of the instances 0 .. count - 1. */
function valuesAndRegrets(task: Task, count: number): { values: Float64Array; regrets: Float64Array } {
  const values = new Float64Array(count);
  const regrets = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const env = task.instantiate(BigInt(i), 0n);
    const oracle = createOracle(task, env);
    env.reset(0);
    oracle.beginEpisode();
    values[i] = task.episodes * oracle.episodeValue;
    regrets[i] = runAtOnce(uniformRegret(task, BigInt(i), 0n))[task.episodes - 1];
  }
  return { values, regrets };
}

test("the defaults are RL^2's", () => {
  // Duan et al. 2016, table 2: S = 10, A = 5, H = 10, n = 10.
  const task = buildTask("random-mdp");
  expect(task).toMatchObject({ kinds: ["tabular-mdp"], numActions: 5, horizon: 10, episodes: 10 });
  expect(task.observationSpace).toEqual({ type: "discrete", n: 10 });
  expect(task.reward).toEqual({ kind: "gaussian", noiseStd: 1 });
});

test("RL^2's table: random play earns 100.1 in 10 episodes, the optimal policy 217.8", () => {
  // Duan et al. 2016, table 2, n = 10: means over 1,000 MDPs. Here exact values of each of 4,000 MDPs: their own standard error is
  // half of the paper's at most (it averages realised returns), so the difference has at least sqrt(5) of ours; plus half a digit.
  // Random in expectation is exactly 100: mean reward 1, 100 steps.
  const { values, regrets } = valuesAndRegrets(buildTask("random-mdp"), 4000);
  const optimal = sampleMoments(values);
  expect(optimal.meanSe).toBeLessThan(0.6);
  expect(Math.abs(optimal.mean - 217.8)).toBeLessThan(3 * Math.sqrt(5) * optimal.meanSe + 0.05);
  const random = sampleMoments(values.map((value, i) => value - regrets[i]));
  expect(Math.abs(random.mean - 100)).toBeLessThan(3 * random.meanSe);
  expect(Math.abs(random.mean - 100.1)).toBeLessThan(3 * Math.sqrt(5) * random.meanSe + 0.05);
});

test("the smaller Bernoulli MDP: optimal value 3.85, random regret 66 after 50 episodes", () => {
  // Reference simulations of 100 replicas, S = 5, A = 3, H = 5, K = 50: so the difference has sqrt(41) of the error of our 4,000.
  const task = buildTask("random-mdp", { states: 5, actions: 3, horizon: 5, episodes: 50, rewards: "bernoulli" });
  const { values, regrets } = valuesAndRegrets(task, 4000);
  const value = sampleMoments(values.map((sum) => sum / 50));
  const regret = sampleMoments(regrets);
  expect(Math.abs(value.mean - 3.85)).toBeLessThan(3 * Math.sqrt(41) * value.meanSe + 0.005);
  expect(Math.abs(regret.mean - 66)).toBeLessThan(3 * Math.sqrt(41) * regret.meanSe + 0.5);
});

test('means come from the stream "rewards", rows of concentration 1 from the stream "transitions", as documented', () => {
  for (const rewards of ["gaussian", "bernoulli"]) {
    const truth = truthOf(buildTask("random-mdp", { states: 3, actions: 2, rewards }), 5n);
    const rewardRng = rngFromSeed(5n).split("rewards");
    const means = Array.from({ length: 6 }, () =>
      rewards === "gaussian" ? 1 + rewardRng.normal() : rewardRng.uniform(),
    );
    expect([...truth.rewards]).toEqual(means);
    const rowRng = rngFromSeed(5n).split("transitions");
    for (let pair = 0; pair < 6; pair++) {
      const gammas = Array.from({ length: 3 }, () => -Math.log(rowRng.uniform()));
      const sum = gammas[0] + gammas[1] + gammas[2];
      expect([...truth.probabilities.subarray(3 * pair, 3 * pair + 3)]).toEqual(gammas.map((g) => g / sum));
    }
  }
});

test("rewards are the means with the documented noise", () => {
  const gaussian = buildTask("random-mdp");
  const means = truthOf(gaussian, 8n).rewards;
  for (const { state, action, reward, episode, step } of playTrial(gaussian, 8n, 9n, ({ step }) => step % 5).steps) {
    const noise = noiseNormal(keyFromSeed(9n), episode, step, CHANNEL.reward);
    expect(reward).toBe(Math.fround(means[state * 5 + action] + noise));
  }
  const bernoulli = buildTask("random-mdp", { rewards: "bernoulli" });
  const chances = truthOf(bernoulli, 8n).rewards;
  for (const { state, action, reward, episode, step } of playTrial(bernoulli, 8n, 9n, ({ step }) => step % 5).steps) {
    const u = noiseUniform(keyFromSeed(9n), episode, step, CHANNEL.reward);
    expect(reward).toBe(u < chances[state * 5 + action] ? 1 : 0);
  }
});

test("every episode starts in state 0", () => {
  const { steps } = playTrial(buildTask("random-mdp"), 1n, 2n, () => 0);
  expect(new Set(steps.filter(({ step }) => step === 0).map(({ state }) => state))).toEqual(new Set([0]));
});

test("instances of a task share their candidates, and nothing else", () => {
  const task = buildTask("random-mdp");
  const [one, two] = [truthOf(task, 1n), truthOf(task, 2n)];
  expect(one.successors).toBe(two.successors);
  expect(one.probabilities).not.toEqual(two.probabilities);
  expect(one.rewards).not.toEqual(two.rewards);
});

test("a small concentration makes transitions nearly certain, a large one nearly uniform", () => {
  // A row's expected sum of squares is (c + 1) / (S c + 1): S = 10.
  for (const concentration of [0.01, 1, 1000]) {
    const task = buildTask("random-mdp", { concentration });
    const squares = Array.from({ length: 200 }, (_, i) =>
      truthOf(task, BigInt(i)).probabilities.reduce((sum, p) => sum + p * p, 0),
    );
    const { mean, meanSe } = sampleMoments(squares.map((sum) => sum / 50)); // 50 rows
    expect(Math.abs(mean - (concentration + 1) / (10 * concentration + 1))).toBeLessThan(4 * meanSe);
  }
});
