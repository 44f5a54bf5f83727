/**
 * How far a model's choices are from an expert's, on the same histories: a comparison of two labels of one dataset.
 *
 * With the expert's law p and the model's q at a step of a trajectory:
 *
 *     total variation        1/2 sum |p - q|
 *     Hellinger              sqrt(1/2 sum (sqrt p - sqrt q)^2)
 *     squared Hellinger      sum (sqrt p - sqrt q)^2, as the paper has it: without the half, and without the root
 *     excess cross-entropy   sum p log(p / q), in nats: KL(p, q), the model's cross-entropy on the expert's choices less the expert's entropy
 *     expected ratio         sum p (p / q): what p(a) / q(a) is on average over the expert's choice a
 *
 * Each is averaged over trials, step by step. Where the expert gives no probabilities, p is 1 at its action. The expectation over the
 * expert's choice is taken exactly, so a standard error is that of the histories alone.
 *
 * Source: Lin, Bai & Mei (2023), arXiv 2310.08566, section 3: with supervised pretraining the sum over steps of the squared Hellinger distance is small,
 * on histories of the behaviour, if the least eps_real is for which log E[p / q] <= eps_real at every step; and with it the difference of the returns.
 */
import { readDataset } from "../../datasets/read/read-dataset.js";

/** Mean distances, each with the standard error of its mean: null where one trial has it. */
export interface MeanDistances {
  readonly totalVariation: number;
  readonly totalVariationSe: number | null;
  readonly hellinger: number;
  readonly hellingerSe: number | null;
  readonly squaredHellinger: number;
  readonly squaredHellingerSe: number | null;
  /** Nats. */
  readonly excessCrossEntropy: number;
  readonly excessCrossEntropySe: number | null;
  /** Trials that are averaged. */
  readonly trials: number;
}

/** A logarithm of an expected ratio, as it is estimated. */
export interface LogExpectedRatio {
  /** log of the mean of sum p (p / q) over trials, in nats: at least 0. */
  readonly logExpectedRatio: number;
  /** By the delta method. Too small where rare histories have most of the ratio and none was met. */
  readonly logExpectedRatioSe: number | null;
  /** (sum x)^2 / sum x^2 of the trials' x = sum p (p / q) - 1: how many of them make the figure. 0 where each is 0. */
  readonly effectiveTrials: number;
}

/** Mean distances at one step. */
export interface GapAtStep extends MeanDistances, LogExpectedRatio {
  /** Step of the trial, from 1, across its episodes. */
  readonly step: number;
}

/** The comparison. */
export interface ImitationGap {
  /** Whether the expert's probabilities were known; else its actions stand for them. */
  readonly expertProbabilities: boolean;
  /** Means over all steps of all trials, their errors those of trials, whose steps depend on each other; `trials` of the step that most have. */
  readonly mean: MeanDistances;
  /** Of a trial: the sum of its steps' squared Hellinger distances. */
  readonly squaredHellingerSum: { readonly mean: number; readonly se: number | null };
  /** The step whose log expected ratio is the largest. Its estimate is biased upwards, being the largest of many. */
  readonly epsilonReal: LogExpectedRatio & { readonly step: number };
  /** Those at which the expert chose in any trial. */
  readonly steps: readonly GapAtStep[];
}

/** The distances of a decision, by place. */
const [VARIATION, HELLINGER, SQUARED, EXCESS, RATIO] = [0, 1, 2, 3, 4];
const DISTANCES = 5;

/** Sums over trials at a step. */
interface StepSums {
  trials: number;
  readonly sums: Float64Array;
  readonly squares: Float64Array;
}

/**
 * Compares two labels of a task of a dataset.
 *
 * @param expert name of the expert's label
 * @param model name of the model's label, which has probabilities
 * @param task id of the task
 * @throws LABEL_UNKNOWN, SELECTION_EMPTY and what else readDataset throws
 */
export async function imitationGap(dir: string, expert: string, model: string, task: string): Promise<ImitationGap> {
  const steps: StepSums[] = [];
  const whole = trialSums();
  let known = true;
  const columns = ["length"] as const;
  const decision = new Float64Array(DISTANCES);
  for await (const batch of readDataset(dir, { columns, labels: [expert, model], unit: "trial", task })) {
    const wanted = batch.labels[expert];
    const { probabilities } = batch.labels[model];
    if (probabilities === undefined) throw new RangeError(`the label "${model}" has no probabilities`);
    known &&= wanted.probabilities !== undefined && wanted.probabilities.nulls === undefined;
    for (let unit = 0; unit + 1 < batch.units.length; unit += 1) {
      let step = 0;
      for (let row = batch.units[unit]; row < batch.units[unit + 1]; row += 1) {
        const length = batch.columns.length[row];
        const q0 = probabilities.offsets[row];
        const actions = (probabilities.offsets[row + 1] - q0) / length;
        const a0 = wanted.actions.offsets[row];
        const law = wanted.probabilities?.nulls?.[row] === 1 ? undefined : wanted.probabilities;
        for (let t = 0; t < length; t += 1, step += 1) {
          const p0 = law === undefined ? 0 : law.offsets[row] + t * actions;
          const action = wanted.actions.values[a0 + t];
          steps[step] ??= { trials: 0, sums: new Float64Array(DISTANCES), squares: new Float64Array(DISTANCES) };
          if (action < 0) continue; // the expert has no choice to compare with
          const p = (a: number) =>
            law === undefined || Number.isNaN(law.values[p0]) ? +(a === action) : law.values[p0 + a];
          writeDistances(p, probabilities.values, q0 + t * actions, actions, decision);
          addTo(steps[step], decision);
          whole.add(decision);
        }
      }
      whole.endTrial();
    }
  }
  const compared = steps.flatMap((sums, i) => (sums.trials === 0 ? [] : [atStep(i + 1, sums)]));
  const largest = compared.reduce((most, step) => (step.logExpectedRatio > most.logExpectedRatio ? step : most));
  const { step, logExpectedRatio, logExpectedRatioSe, effectiveTrials } = largest;
  return {
    expertProbabilities: known,
    mean: { ...whole.means(), trials: Math.max(...compared.map(({ trials }) => trials)) },
    squaredHellingerSum: whole.squaredHellingerSum(),
    epsilonReal: { step, logExpectedRatio, logExpectedRatioSe, effectiveTrials },
    steps: compared,
  };
}

/** Writes the distances of p and q = values[at, at + actions). */
function writeDistances(
  p: (a: number) => number,
  values: Float32Array,
  at: number,
  actions: number,
  target: Float64Array,
): void {
  target.fill(0);
  for (let a = 0; a < actions; a += 1) {
    const pa = p(a);
    const qa = values[at + a];
    target[VARIATION] += Math.abs(pa - qa) / 2;
    target[SQUARED] += (Math.sqrt(pa) - Math.sqrt(qa)) ** 2;
    if (pa === 0) continue;
    const ratio = pa / Math.max(qa, LEAST);
    target[EXCESS] += pa * Math.log(ratio);
    target[RATIO] += pa * ratio;
  }
  target[HELLINGER] = Math.sqrt(target[SQUARED] / 2);
}

/** Least probability that counts: float32's smallest, so that a choice ruled out costs 87 nats and not infinitely many. */
const LEAST = 2 ** -126;

function addTo(step: StepSums, decision: Float64Array): void {
  step.trials += 1;
  for (let d = 0; d < DISTANCES; d += 1) {
    const value = d === RATIO ? decision[d] - 1 : decision[d]; // near 1 most often: its excess keeps its digits
    step.sums[d] += value;
    step.squares[d] += value * value;
  }
}

function atStep(step: number, { trials, sums, squares }: StepSums): GapAtStep {
  const mean = (d: number) => sums[d] / trials;
  const se = (d: number) => errorOfMean(trials, sums[d], squares[d]);
  const excess = Math.max(0, mean(RATIO)); // float32 laws need not sum to 1 to the last bit
  const ratioSe = se(RATIO);
  return {
    step,
    ...named(mean, se),
    logExpectedRatio: Math.log1p(excess),
    logExpectedRatioSe: ratioSe === null ? null : ratioSe / (1 + excess),
    effectiveTrials: squares[RATIO] === 0 ? 0 : sums[RATIO] ** 2 / squares[RATIO],
    trials,
  };
}

/** Standard error of the mean of n values; null of one. */
function errorOfMean(n: number, sum: number, squares: number): number | null {
  if (n < 2) return null;
  return Math.sqrt(Math.max(0, squares - sum ** 2 / n) / (n - 1) / n);
}

/** Sums over whole trials. */
function trialSums() {
  let trials = 0;
  let decisions = 0; // of all trials, n_i of each
  let squaredDecisions = 0; // sum n_i^2
  const sums = new Float64Array(RATIO); // sum of a trial's own sums y_i, of all distances but the ratio
  const squares = new Float64Array(RATIO); // sum y_i^2
  const products = new Float64Array(RATIO); // sum y_i n_i
  const own = new Float64Array(RATIO);
  let ownDecisions = 0;
  return {
    add(decision: Float64Array): void {
      ownDecisions += 1;
      for (let d = 0; d < RATIO; d += 1) own[d] += decision[d];
    },
    endTrial(): void {
      trials += 1;
      decisions += ownDecisions;
      squaredDecisions += ownDecisions ** 2;
      for (let d = 0; d < RATIO; d += 1) {
        sums[d] += own[d];
        squares[d] += own[d] ** 2;
        products[d] += own[d] * ownDecisions;
      }
      own.fill(0);
      ownDecisions = 0;
    },
    /** A mean is one sum over another: its error by sum (y_i - mean n_i)^2, as trials may differ in length. */
    means(): Omit<MeanDistances, "trials"> {
      const mean = (d: number) => sums[d] / decisions;
      const se = (d: number): number | null => {
        if (trials < 2) return null;
        const spread = squares[d] - 2 * mean(d) * products[d] + mean(d) ** 2 * squaredDecisions;
        return Math.sqrt((Math.max(0, spread) * trials) / (trials - 1)) / decisions;
      };
      return named(mean, se);
    },
    squaredHellingerSum: () => ({
      mean: sums[SQUARED] / trials,
      se: errorOfMean(trials, sums[SQUARED], squares[SQUARED]),
    }),
  };
}

const named = (mean: (d: number) => number, se: (d: number) => number | null): Omit<MeanDistances, "trials"> => ({
  totalVariation: mean(VARIATION),
  totalVariationSe: se(VARIATION),
  hellinger: mean(HELLINGER),
  hellingerSe: se(HELLINGER),
  squaredHellinger: mean(SQUARED),
  squaredHellingerSe: se(SQUARED),
  excessCrossEntropy: mean(EXCESS),
  excessCrossEntropySe: se(EXCESS),
});
