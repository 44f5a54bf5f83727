/**
 * What holds for any task with any options: each family is built with random options (small ones, so that play is short), its
 * instances drawn from random seeds.
 */
import { expect, test } from "vitest";
import { type Rng, rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { randomOptions } from "#icrl/jobs/conformance/random-options.js";
import { backwardInduction, optimalAction } from "#icrl/server/tasks/backward-induction.js";
import { uniformRegret } from "#icrl/server/tasks/oracle.js";
import { TASKS } from "#icrl/server/tasks/registry.js";
import type { Task, TaskFamily } from "#icrl/server/tasks/task.js";
import { playTrial } from "../server/tasks/random-play.js";
import { sampleMoments } from "../server/tasks/sample-moments.js";
import { valuesOfPolicy } from "../support/policy-values.js";

const ROUNDS = 40;
const FAMILIES = TASKS.map((family): [string, TaskFamily] => [family.name, family]);

/** Random settings of a family, each with the seeds of a trial. */
function* settings(family: TaskFamily): Generator<{ task: Task; taskSeed: bigint; noiseSeed: bigint; rng: Rng }> {
  const rng = rngFromSeed(31n);
  for (let round = 0; round < ROUNDS; round++) {
    const task = family.build(randomOptions(family, rng));
    yield { task, taskSeed: BigInt(rng.integer(2 ** 31)), noiseSeed: BigInt(rng.integer(2 ** 31)), rng };
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test.each(FAMILIES)(
  "%s: no action has regret below 0, and whoever plays worse than the best has some",
  (_name, family) => {
    for (const { task, taskSeed, noiseSeed, rng } of settings(family)) {
      const { steps } = playTrial(task, taskSeed, noiseSeed, () => rng.integer(task.numActions));
      for (const { regret, action, optimalAction } of steps) {
        expect(regret).toBeGreaterThanOrEqual(0);
        expect(regret).toBe(Math.fround(regret));
        if (action === optimalAction) expect(regret).toBe(0);
      }
    }
  },
);

test.each(FAMILIES)(
  "%s: the oracle's own play has no regret, and its mean return is the optimal value",
  (_name, family) => {
    const gaps: number[] = [];
    for (const { task, taskSeed, noiseSeed } of settings(family)) {
      const played = playTrial(task, taskSeed, noiseSeed, ({ optimalAction }) => optimalAction());
      expect(played.regret).toBe(0);
      gaps.push(played.return - sum(played.episodeValues));
      const { truth } = task.instantiate(taskSeed, noiseSeed);
      const certain = truth.type === "mdp" && truth.successors.length === truth.rewards.length;
      // Only float64 sums in another order lie between them.
      if (certain && task.reward.kind === "deterministic") expect(Math.abs(gaps[gaps.length - 1])).toBeLessThan(1e-9);
    }
    const { mean, meanSe } = sampleMoments(gaps);
    expect(Math.abs(mean)).toBeLessThan(Math.max(4 * meanSe, 1e-9));
  },
);

test.each(FAMILIES)(
  "%s: no random policy is worth more than the optimum, which its best actions are worth",
  (_name, family) => {
    for (const { task, taskSeed, noiseSeed, rng } of settings(family)) {
      const { truth } = task.instantiate(taskSeed, noiseSeed);
      if (truth.type !== "mdp") continue; // a bandit's value is its largest mean
      const { numStates: S, start } = truth;
      const { horizon: H, numActions: A } = task;
      const plan = runAtOnce(backwardInduction(truth, H));
      const atStart = (values: readonly number[]): number => sum(values.map((value, s) => start[s] * value));
      const best = valuesOfPolicy(truth, H, (h, s, a) => (optimalAction(plan, S, H - h, s) === a ? 1 : 0))[0];
      const weights = Float64Array.from({ length: H * S * A }, () => -Math.log(rng.uniform()));
      const random = valuesOfPolicy(truth, H, (h, s, a) => {
        const row = weights.subarray((h * S + s) * A, (h * S + s + 1) * A);
        return row[a] / row.reduce((total, weight) => total + weight, 0);
      })[0];
      for (let s = 0; s < S; s++) expect(random[s]).toBeLessThanOrEqual(best[s] + 1e-9);
      // Uniform play's regret is what it loses against the optimum from the start.
      const uniform = valuesOfPolicy(truth, H, () => 1 / A)[0];
      const curve = runAtOnce(uniformRegret(task, taskSeed, noiseSeed));
      const perEpisode = curve[curve.length - 1] / task.episodes;
      expect(perEpisode).toBeCloseTo(atStart(best) - atStart(uniform), 8);
    }
  },
);
