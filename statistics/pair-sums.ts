import type { Slices } from "../common/slices.js";
import { estimated } from "./estimated.js";
import { type Resampling, replicates } from "./resampling.js";
import type { Estimated, PairStatistics } from "./statistics-document.js";
import { wilsonMargins } from "./wilson.js";

/** Comparisons of pairs, added up over tasks. */
export interface PairSums {
  /** Adds a task that both play, of which so many trials, or instances, are resampled: replicates of how probably `a` is better, and of the difference of scores. */
  add(a: string, b: string, units: number, improvement: Float64Array, scoreDifference: Float64Array): void;
  /** The means over tasks, of pairs in the order in which they were added. */
  statistics(): Slices<PairStatistics[]>;
}

interface Sums {
  readonly a: string;
  readonly b: string;
  tasks: number;
  /** Of the task that has the fewest. */
  units: number;
  readonly improvement: Float64Array;
  readonly scoreDifference: Float64Array;
  /** Sums of squares over the tasks of how far the interval of the probability has to reach at least. */
  below: number;
  above: number;
}

/** No pairs yet. */
export function pairSums(resampling: Resampling): PairSums {
  const pairs = new Map<string, Sums>();
  return {
    add(a, b, units, improvement, scoreDifference) {
      const key = JSON.stringify([a, b]);
      const sums = pairs.get(key) ?? {
        a,
        b,
        tasks: 0,
        units,
        improvement: replicates(resampling),
        scoreDifference: replicates(resampling),
        below: 0,
        above: 0,
      };
      pairs.set(key, sums);
      sums.tasks += 1;
      sums.units = Math.min(sums.units, units);
      const [below, above] = wilsonMargins(improvement[0], units);
      sums.below += below ** 2;
      sums.above += above ** 2;
      addTo(sums.improvement, improvement);
      addTo(sums.scoreDifference, scoreDifference);
    },
    *statistics() {
      const statistics: PairStatistics[] = [];
      for (const sums of pairs.values()) {
        const { a, b, tasks, units, improvement, scoreDifference } = sums;
        const mean = (of: Float64Array) =>
          estimated(
            of.map((sum) => sum / tasks),
            resampling.resamples,
            units,
          );
        statistics.push({
          a,
          b,
          probability_of_improvement: widened(mean(improvement), sums),
          score_difference: mean(scoreDifference),
        });
        yield;
      }
      return statistics;
    },
  };
}

/**
 * The interval of a mean of shares, as wide at least as intervals of the shares make it, where they lie so near to 0 or 1 that resamples
 * of the trials tell too little.
 *
 * Source: Zou & Donner (2008), "Construction of confidence limits about effect measures: a general approach", for the sum of squares.
 */
function widened({ value, ci95 }: Estimated, { tasks, below, above }: Sums): Estimated {
  if (ci95 === null) return { value, ci95 };
  const low = Math.max(0, value - Math.sqrt(below) / tasks);
  const high = Math.min(1, value + Math.sqrt(above) / tasks);
  return { value, ci95: [Math.min(low, ci95[0]), Math.max(high, ci95[1])] };
}

function addTo(sums: Float64Array, values: Float64Array): void {
  for (let r = 0; r < sums.length; r++) sums[r] += values[r];
}
