import { expect, test } from "vitest";
import type { GapAtStep, ImitationGap } from "#icrl/agents/transformer/imitation-gap.js";
import { type Rng, rngFromSeed } from "#icrl/common/rng.js";
import { boundsOf } from "#icrl/jobs/evaluate/bounds.js";

/** A comparison in which each step has these distances. */
function gapOf(
  steps: readonly Pick<GapAtStep, "totalVariation" | "squaredHellinger" | "logExpectedRatio">[],
): ImitationGap {
  const errors = { totalVariationSe: 0, hellingerSe: 0, squaredHellingerSe: 0, excessCrossEntropySe: 0 };
  const none = { hellinger: 0, excessCrossEntropy: 0, ...errors, logExpectedRatioSe: 0, effectiveTrials: 0, trials: 4 };
  const made = steps.map((distances, i) => ({ ...none, ...distances, step: i + 1 }));
  const epsilonReal = made.reduce((most, step) => (step.logExpectedRatio > most.logExpectedRatio ? step : most));
  return {
    expertProbabilities: true,
    mean: made[0],
    squaredHellingerSum: { mean: 0, se: 0 },
    epsilonReal,
    steps: made,
  };
}

const SAME = { totalVariation: 0.25, squaredHellinger: 0.0625, logExpectedRatio: 0.25 };

test("the bounds of two steps are those worked out by hand", () => {
  const gap = gapOf([SAME, SAME]);
  expect(boundsOf(2, gap, { gap, logRatio: Math.log(4) })).toEqual({
    byTotalVariation: 0.75, // 2/4 + 1/4
    byHellinger: 2, // 2 steps x sqrt 4 x (1/4 + 1/4)
    byEpsilonReal: 4, // 4 x sqrt 4 x 1/2
  });
  expect(boundsOf(2, gap, undefined)).toEqual({ byTotalVariation: 0.75, byHellinger: null, byEpsilonReal: null });
});

test("where a trial has ended nothing differs", () => {
  const gap = gapOf([SAME, SAME]);
  const half = { ...gap, steps: [gap.steps[0], { ...gap.steps[1], trials: 2 }] };
  expect(boundsOf(2, half, { gap: half, logRatio: 0 })).toMatchObject({
    byTotalVariation: 0.625, // 2/4 + 1/8
    byHellinger: expect.closeTo(2 * (0.25 + 0.25 * Math.SQRT1_2), 12), // sqrt of half of 1/16
  });
});

test("a ratio too large for a number leaves no bound", () => {
  const gap = gapOf([SAME]);
  expect(boundsOf(1, gap, { gap, logRatio: 2000 })).toMatchObject({ byHellinger: null, byEpsilonReal: null });
});

/** An algorithm for two arms: the probability of the first one, by what happened so far. */
type Algorithm = Map<string, number>;
const STEPS = 3;
const ARMS = [0.2, 0.9];

/** One whose choices lie around those of another. */
function drawAlgorithm(rng: Rng, near?: Algorithm): Algorithm {
  const law: Algorithm = new Map();
  const visit = (history: string, step: number): void => {
    const own = 0.05 + 0.9 * rng.uniform();
    law.set(history, near === undefined ? own : 0.8 * (near.get(history) as number) + 0.2 * own);
    if (step + 1 < STEPS) for (const what of ["0+", "0-", "1+", "1-"]) visit(history + what, step + 1);
  };
  visit("", 0);
  return law;
}

/** Visits every history with its probability under an algorithm, and its reward so far. */
function visitAll(
  player: Algorithm,
  visit: (history: string, step: number, chance: number, reward: number) => void,
): void {
  const go = (history: string, step: number, chance: number, reward: number): void => {
    visit(history, step, chance, reward);
    if (step === STEPS) return;
    const first = player.get(history) as number;
    for (const [arm, law] of [first, 1 - first].entries()) {
      go(`${history}${arm}+`, step + 1, chance * law * ARMS[arm], reward + 1);
      go(`${history}${arm}-`, step + 1, chance * law * (1 - ARMS[arm]), reward);
    }
  };
  go("", 0, 1, 0);
}

/** The exact comparison of an expert and a model on somebody's histories. */
function exactGap(player: Algorithm, expert: Algorithm, model: Algorithm): ImitationGap {
  const sums = Array.from({ length: STEPS }, () => ({ totalVariation: 0, squaredHellinger: 0, logExpectedRatio: 0 }));
  visitAll(player, (history, step, chance) => {
    if (step === STEPS) return;
    const [p, q] = [expert.get(history) as number, model.get(history) as number];
    sums[step].totalVariation += chance * Math.abs(p - q);
    for (const [pa, qa] of [
      [p, q],
      [1 - p, 1 - q],
    ]) {
      sums[step].squaredHellinger += chance * (Math.sqrt(pa) - Math.sqrt(qa)) ** 2;
      sums[step].logExpectedRatio += (chance * pa ** 2) / qa;
    }
  });
  return gapOf(sums.map((sum) => ({ ...sum, logExpectedRatio: Math.log(sum.logExpectedRatio) })));
}

function meanReturn(player: Algorithm): number {
  let sum = 0;
  visitAll(player, (_, step, chance, reward) => {
    if (step === STEPS) sum += chance * reward;
  });
  return sum;
}

/** R: the expert's mean, over its own trials, of how much likelier they are by it than by the behaviour. */
function distributionRatio(expert: Algorithm, behaviour: Algorithm): number {
  const chances = new Map<string, number>();
  visitAll(behaviour, (history, step, chance) => void (step === STEPS && chances.set(history, chance)));
  let ratio = 0;
  visitAll(expert, (history, step, chance) => {
    if (step === STEPS) ratio += chance ** 2 / (chances.get(history) as number);
  });
  return ratio;
}

test("every bound holds, and each is below the next, for algorithms drawn at random, by enumeration of their histories", () => {
  const rng = rngFromSeed(5n);
  for (let k = 0; k < 200; k += 1) {
    const expert = drawAlgorithm(rng);
    const model = drawAlgorithm(rng, expert);
    const behaviour = drawAlgorithm(rng);
    const gap = exactGap(behaviour, expert, model);
    const logRatio = Math.log(distributionRatio(expert, behaviour));
    const bounds = boundsOf(STEPS, exactGap(expert, expert, model), { gap, logRatio });
    const measured = Math.abs(meanReturn(expert) - meanReturn(model));
    expect(measured).toBeGreaterThan(0);
    expect(bounds.byTotalVariation).toBeGreaterThan(measured);
    expect(bounds.byHellinger).toBeGreaterThan(bounds.byTotalVariation);
    expect(bounds.byEpsilonReal).toBeGreaterThan(bounds.byHellinger as number);
  }
});
