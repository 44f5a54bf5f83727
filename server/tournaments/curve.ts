/**
 * The mean curve of many trials, built trial by trial in constant memory.
 *
 * Where trials share instances, what each instance's trials came to is kept as well, for the standard error over instances.
 *
 * Source: Welford (1962), the recurrence for the corrected sum of squares, once per step.
 */

/** Mean and standard error after each of some steps. */
export interface CurveSummary {
  /** Steps within the trial, from 1, ascending. */
  readonly step: readonly number[];
  /** Mean over trials after that step. */
  readonly mean: number[];
  /** Its standard error: sample standard deviation / sqrt(n), over instances where trials share them; NaN of fewer than two. */
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

/**
 * A curve at these steps, without trials.
 *
 * @param instances that the trials take in turn; undefined: each has its own
 */
export function createCurve(steps: readonly number[], instances?: number): Curve {
  const clusters = instances === undefined ? undefined : createClusters(steps.length, instances);
  const mean = new Float64Array(steps.length);
  const squares = new Float64Array(steps.length); // sum of squared deviations from the mean
  let trials = 0;

  function pointsAt(places: readonly number[]): CurveSummary {
    const scale = trials > 1 ? 1 / (trials - 1) / trials : Number.NaN;
    return {
      step: places.map((i) => steps[i]),
      mean: places.map((i) => (trials === 0 ? Number.NaN : mean[i])),
      se: places.map((i) =>
        clusters === undefined
          ? Math.sqrt(Math.max(0, squares[i]) * scale)
          : clusters.standardError(i, mean[i], trials),
      ),
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
      clusters?.add(cumulative, trials);
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

/** What the trials of each instance came to, at each step: sums of differences from the first trial, so that equal trials differ by nothing. */
function createClusters(length: number, instances: number) {
  const origin = new Float64Array(length);
  const sums = new Float64Array(length * instances);
  return {
    /** Adds trial number `trial`, from 0. */
    add(cumulative: ArrayLike<number>, trial: number): void {
      if (trial === 0) for (let i = 0; i < length; i++) origin[i] = cumulative[i];
      const begin = length * (trial % instances);
      for (let i = 0; i < length; i++) sums[begin + i] += cumulative[i] - origin[i];
    },
    /** Of the mean of so many trials at a place; the formula of `meanAndStandardErrorOfTrials`. */
    standardError(i: number, mean: number, trials: number): number {
      const found = Math.min(trials, instances);
      if (found < 2) return Number.NaN;
      const difference = mean - origin[i];
      let squares = 0;
      for (let instance = 0; instance < found; instance++) {
        const own = Math.floor((trials - 1 - instance) / instances) + 1;
        squares += (sums[length * instance + i] - own * difference) ** 2;
      }
      return Math.sqrt((squares * found) / (found - 1)) / trials;
    },
  };
}
