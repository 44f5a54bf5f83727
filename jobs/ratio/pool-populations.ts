import type { PopulationPoint } from "./run-population.js";

/** What is said of the ratio at one horizon. */
export interface RatioPoint {
  /** Steps of the trial. */
  readonly horizon: number;
  /** Logarithm of the mean of the populations' estimates; Infinity where a population found it so. */
  readonly logRatio: number;
  /** Standard error of `logRatio`, by the spread of the populations' own; undefined with one population, or where infinite. */
  readonly standardError: number | undefined;
  /** Effective number of independent instances: 1 / sum of squares of the shares of the weight that their particles carry. */
  readonly ess: number;
  /** Instances that any weight is left on. */
  readonly ancestors: number;
  /** Whether `ess` is too small for the standard error to be believed. */
  readonly unreliable: boolean;
}

/** Below this many effective instances an estimate is called unreliable. */
export const RELIABLE_ESS = 100;

/** Takes independent populations of the same size together, each counting by its own estimate of the ratio. */
export function poolPopulations(populations: readonly (readonly PopulationPoint[])[]): RatioPoint[] {
  return populations[0].map(({ horizon }, h) => {
    const points = populations.map((population) => population[h]);
    const ancestors = points.reduce((sum, point) => sum + point.ancestors, 0);
    const logs = points.map(({ logRatio }) => logRatio);
    const most = Math.max(...logs);
    if (most === Number.POSITIVE_INFINITY) {
      return { horizon, logRatio: most, standardError: undefined, ess: 0, ancestors, unreliable: false };
    }
    const sum = logs.reduce((total, log) => total + Math.exp(log - most), 0);
    const squares = points.reduce(
      (total, { logRatio, squaredShares }) => total + (Math.exp(logRatio - most) / sum) ** 2 * squaredShares,
      0,
    );
    const ess = 1 / squares;
    return {
      horizon,
      logRatio: most + Math.log(sum / logs.length),
      standardError: logs.length > 1 ? standardError(logs) : undefined,
      ess,
      ancestors,
      unreliable: ess < RELIABLE_ESS,
    };
  });
}

function standardError(values: readonly number[]): number {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) / n);
}
