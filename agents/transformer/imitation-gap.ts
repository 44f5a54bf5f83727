/**
 * How far a model's choices are from an expert's, on the same histories: a comparison of two labels of one dataset.
 *
 * With the expert's law p and the model's q at a step of a trajectory:
 *     total variation  1/2 sum |p - q|;   Hellinger  sqrt(1/2 sum (sqrt p - sqrt q)^2);   excess cross-entropy  sum p log(p / q),
 * the last in nats: the model's cross-entropy on the expert's choices, less the expert's entropy. Each is averaged over trials, step
 * by step. Where the expert gives no probabilities, p is 1 at its action.
 *
 * Source: Lin, Bai & Mei (2023), section 3: supervised pretraining bounds the Hellinger distance of the learned algorithm from the
 * expert's, step by step, on histories of the behaviour; and with it the regrets' difference.
 */
import { readDataset } from "../../datasets/read/read-dataset.js";

/** Mean distances at one step. */
export interface GapAtStep {
  /** Step of the trial, from 1, across its episodes. */
  readonly step: number;
  readonly totalVariation: number;
  readonly hellinger: number;
  /** Nats. */
  readonly excessCrossEntropy: number;
  /** Trials that are averaged. */
  readonly trials: number;
}

/** The comparison. */
export interface ImitationGap {
  /** Whether the expert's probabilities were known; else its actions stand for them. */
  readonly expertProbabilities: boolean;
  /** Means over all steps of all trials; `trials` of the step that most have. */
  readonly mean: Omit<GapAtStep, "step">;
  /** Those at which the expert chose in any trial. */
  readonly steps: readonly GapAtStep[];
}

/** Sums over trials at a step: total variation, Hellinger, excess cross-entropy, trials. */
type Sums = [number, number, number, number];

/**
 * Compares two labels of a task of a dataset.
 *
 * @param expert name of the expert's label
 * @param model name of the model's label, which has probabilities
 * @param task id of the task
 * @throws LABEL_UNKNOWN, SELECTION_EMPTY and what else readDataset throws
 */
export async function imitationGap(dir: string, expert: string, model: string, task: string): Promise<ImitationGap> {
  const steps: Sums[] = [];
  let known = true;
  const columns = ["length"] as const;
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
          steps[step] ??= [0, 0, 0, 0];
          if (action < 0) continue; // the expert has no choice to compare with
          const p = (a: number) =>
            law === undefined || Number.isNaN(law.values[p0]) ? +(a === action) : law.values[p0 + a];
          addDistances(steps[step], p, probabilities.values, q0 + t * actions, actions);
        }
      }
    }
  }
  const all = steps.reduce((sum, step) => sum.map((value, i) => value + step[i]) as Sums, [0, 0, 0, 0] as Sums);
  const means = ([variation, hellinger, excess, trials]: Sums) => ({
    totalVariation: variation / trials,
    hellinger: hellinger / trials,
    excessCrossEntropy: excess / trials,
    trials,
  });
  return {
    expertProbabilities: known,
    mean: { ...means(all), trials: Math.max(...steps.map(([, , , trials]) => trials)) },
    steps: steps.map((sums, i) => ({ step: i + 1, ...means(sums) })).filter(({ trials }) => trials > 0),
  };
}

/** Adds the distances of p and q = values[at, at + actions). */
function addDistances(sums: Sums, p: (a: number) => number, values: Float32Array, at: number, actions: number): void {
  let variation = 0;
  let squares = 0;
  let excess = 0;
  for (let a = 0; a < actions; a += 1) {
    const pa = p(a);
    const qa = values[at + a];
    variation += Math.abs(pa - qa);
    squares += (Math.sqrt(pa) - Math.sqrt(qa)) ** 2;
    if (pa > 0) excess += pa * Math.log(pa / Math.max(qa, LEAST));
  }
  sums[0] += variation / 2;
  sums[1] += Math.sqrt(squares / 2);
  sums[2] += excess;
  sums[3] += 1;
}

/** Least probability that counts: float32's smallest, so that a choice ruled out costs 87 nats and not infinitely many. */
const LEAST = 2 ** -126;
