/** How many steps the server takes a second, and took lately. */

/** Seconds that are remembered. */
const REMEMBERED = 120;

/** A rate that is measured once a second. */
export interface StepRate {
  /** Steps a second, one a second, the latest last. */
  readonly rates: readonly number[];
  /** Measures: call it about once a second. */
  tick(nowMs: number): void;
}

/** Starts to measure. */
export function createStepRate(counters: { readonly steps: number }, startMs: number): StepRate {
  const rates: number[] = [];
  let last = { atMs: startMs, steps: counters.steps };
  return {
    rates,
    tick(nowMs) {
      const { steps } = counters;
      if (nowMs <= last.atMs) return;
      rates.push(Math.round(((steps - last.steps) * 1000) / (nowMs - last.atMs)));
      if (rates.length > REMEMBERED) rates.shift();
      last = { atMs: nowMs, steps };
    },
  };
}
