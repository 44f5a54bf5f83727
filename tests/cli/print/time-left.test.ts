import { describe, expect, it } from "vitest";
import { createTimeLeft, type Work } from "#icrl/cli/print/time-left.js";

/** What is estimated at times a tenth of a second apart, while work goes on as a function of the seconds says. */
function estimates(seconds: number, works: (second: number) => readonly Work[]): (number | undefined)[] {
  const left = createTimeLeft();
  return Array.from({ length: 10 * seconds + 1 }, (_, tenth) => {
    left.take(100 * tenth, works(tenth / 10));
    const ms = left.leftMs(100 * tenth);
    return ms === undefined ? undefined : ms / 1000;
  });
}

const work = (name: string, done: number, total: number): Work => ({
  name,
  done: Math.min(total, Math.max(0, done)),
  total,
});

describe("the time left", () => {
  it("of a short run that starts late is what is left of it: no 22 seconds at 98 % of 5", () => {
    // Two seconds to start, then a third of it a second.
    const told = estimates(5, (s) => [work("a", 100 * (s - 2), 300)]);
    expect(told.slice(0, 30).every((one) => one === undefined)).toBe(true); // one second of work at least
    for (const [tenth, one] of told.entries()) {
      if (one !== undefined) expect(Math.abs(one - (5 - tenth / 10))).toBeLessThan(0.05);
    }
    expect(told[49]).toBeCloseTo(0.1, 5);
  });

  it("follows the recent rate, not the mean since the start", () => {
    // 100 a second for a minute, then 10 a second: of 7,200 what is left takes 120 seconds.
    const told = estimates(120, (s) => [work("a", s < 60 ? 100 * s : 6000 + 10 * (s - 60), 7200)]);
    expect(told[590]).toBeCloseTo(13, 1); // 1,300 at 100 a second
    expect(Math.abs((told[1000] as number) - 80)).toBeLessThan(2); // 800 at 10 a second; the mean rate would say 13
  });

  it("of several pieces side by side is that of the slowest, and falls by a second a second", () => {
    // By hand: a is done after 10 seconds, b after 50, c after 20.
    const told = estimates(50, (s) => [work("a", 100 * s, 1000), work("b", 2 * s, 100), work("c", 50 * s, 1000)]);
    for (const [tenth, one] of told.entries()) {
      if (tenth >= 20 && tenth < 500) expect(Math.abs((one as number) - (50 - tenth / 10))).toBeLessThan(1);
    }
  });

  it("is not told while some piece has not begun: nobody knows how fast it will be", () => {
    const told = estimates(60, (s) => [work("quick", 100 * s, 1000), work("slow", s - 10, 50)]);
    expect(told.slice(0, 100).every((one) => one === undefined)).toBe(true);
    expect(told[200]).toBeCloseTo(40, 0);
  });

  it("of work that goes on by leaps is counted from leap to leap, and grows when a leap is overdue", () => {
    // 64 of 640 end together every 3 seconds, and after 15 seconds nothing more: 30 seconds were to be.
    const told = estimates(40, (s) => [work("a", 64 * Math.floor(Math.min(s, 15) / 3), 640)]);
    expect(told[100]).toBeCloseTo(20, 0);
    expect(told[149]).toBeCloseTo(15, 0);
    expect(told[400]).toBeGreaterThan(told[300] as number);
  });

  it("is nothing when all is done, and where nothing goes on", () => {
    expect(estimates(5, () => [work("a", 0, 10)]).every((one) => one === undefined)).toBe(true);
    expect(estimates(5, () => [work("a", 10, 10)]).every((one) => one === undefined)).toBe(true);
    expect(
      estimates(20, (s) => [work("a", s, 10)])
        .slice(100)
        .every((one) => one === undefined),
    ).toBe(true);
  });
});
