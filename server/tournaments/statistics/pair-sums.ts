import { estimated } from "./estimated.js";
import { type Resampling, replicates } from "./resampling.js";
import type { PairStatistics } from "./statistics-document.js";

/** Comparisons of pairs, added up over tasks. */
export interface PairSums {
  /** Adds a task that both play: replicates of how probably `a` is better, and of the difference of scores. */
  add(a: string, b: string, improvement: Float64Array, scoreDifference: Float64Array): void;
  /** The means over tasks, of pairs in the order in which they were added. */
  statistics(): Generator<void, PairStatistics[]>;
}

interface Sums {
  readonly a: string;
  readonly b: string;
  tasks: number;
  readonly improvement: Float64Array;
  readonly scoreDifference: Float64Array;
}

/** No pairs yet. */
export function pairSums(resampling: Resampling): PairSums {
  const pairs = new Map<string, Sums>();
  return {
    add(a, b, improvement, scoreDifference) {
      const key = JSON.stringify([a, b]);
      const fresh = { a, b, tasks: 0, improvement: replicates(resampling), scoreDifference: replicates(resampling) };
      const sums = pairs.get(key) ?? fresh;
      pairs.set(key, sums);
      sums.tasks += 1;
      addTo(sums.improvement, improvement);
      addTo(sums.scoreDifference, scoreDifference);
    },
    *statistics() {
      const statistics: PairStatistics[] = [];
      for (const { a, b, tasks, improvement, scoreDifference } of pairs.values()) {
        const mean = (sums: Float64Array) =>
          estimated(sums.subarray(0, 1 + resampling.resamples).map((sum) => sum / tasks));
        statistics.push({
          a,
          b,
          probability_of_improvement: mean(improvement),
          score_difference: mean(scoreDifference),
        });
        yield;
      }
      return statistics;
    },
  };
}

function addTo(sums: Float64Array, values: Float64Array): void {
  for (let r = 0; r < sums.length; r++) sums[r] += values[r];
}
