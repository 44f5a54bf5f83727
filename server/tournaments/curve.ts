/**
 * The mean curve of many trials, built trial by trial in constant memory.
 *
 * Source: Welford (1962), the recurrence for the corrected sum of squares, once per step.
 */

/** Mean and standard error after each of some steps. */
export interface CurveSummary {
  /** Steps within the trial, from 1, ascending. */
  readonly step: readonly number[];
  /** Mean over trials after that step. */
  readonly mean: number[];
  /** Its standard error: sample standard deviation / sqrt(n); NaN of fewer than two trials. */
  readonly se: number[];
}

/** A curve that grows by trials. */
export interface Curve {
  /** Steps at which it has a point. */
  readonly length: number;
  /** Trials added so far. */
  readonly trials: number;
  /**
   * Adds a trial. Floating point depends on the order: add trials in the order of their index, and results do not
   * depend on which was played first. The array is only read during the call.
   *
   * Shapes: cumulative [steps], what had accumulated after each step.
   * @throws RangeError if it has another length
   */
  add(cumulative: ArrayLike<number>): void;
  /** The curve of the trials added so far. Means are NaN where there is none. */
  summary(): CurveSummary;
  /** The same at some of its points, by their places from 0: the cost is theirs alone. */
  pointsAt(places: readonly number[]): CurveSummary;
}

/** A curve at these steps, without trials. */
export function createCurve(steps: readonly number[]): Curve {
  const mean = new Float64Array(steps.length);
  const squares = new Float64Array(steps.length); // sum of squared deviations from the mean
  let trials = 0;

  function pointsAt(places: readonly number[]): CurveSummary {
    const scale = trials > 1 ? 1 / (trials - 1) / trials : Number.NaN;
    return {
      step: places.map((i) => steps[i]),
      mean: places.map((i) => (trials === 0 ? Number.NaN : mean[i])),
      se: places.map((i) => Math.sqrt(Math.max(0, squares[i]) * scale)),
    };
  }

  return {
    length: steps.length,
    get trials() {
      return trials;
    },
    add(cumulative) {
      if (cumulative.length !== steps.length) {
        throw new RangeError(`a trial of ${cumulative.length} values on a curve of ${steps.length} steps`);
      }
      trials += 1;
      for (let i = 0; i < steps.length; i++) {
        const before = cumulative[i] - mean[i];
        mean[i] += before / trials;
        squares[i] += before * (cumulative[i] - mean[i]);
      }
    },
    summary: () => pointsAt([...steps.keys()]),
    pointsAt,
  };
}
