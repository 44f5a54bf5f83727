import { expect, test } from "vitest";
import { createProgressLine } from "#icrl/clients/typescript/progress-line.js";

/** A line on a stream and a clock of the test's. */
function lineOn(isTTY: boolean) {
  let atMs = 1000;
  let text = "";
  const stream = {
    isTTY,
    write: (written: string) => {
      text += written;
    },
  };
  const line = createProgressLine(stream, () => atMs);
  return {
    /** So many milliseconds after it began. */
    at(ms: number, trials: number, steps: number): string {
      atMs = 1000 + ms;
      text = "";
      line.update({ trials, total: 40, steps });
      return text;
    },
    finish(): string {
      text = "";
      line.finish();
      return text;
    },
  };
}

test("on a terminal it is redrawn in place, ten times a second at most, and gone at the end", () => {
  const line = lineOn(true);
  expect(line.at(0, 0, 0)).toBe("\r\x1b[K0 %  0 of 40 trials");
  expect(line.at(99, 1, 100)).toBe("");
  // by hand: 500 steps in half a second; 35 trials at 10 a second
  expect(line.at(500, 5, 500)).toBe("\r\x1b[K12 %  5 of 40 trials  1000 steps/s  4 s left");
  expect(line.at(600, 40, 4000)).toBe("\r\x1b[K100 %  40 of 40 trials  6667 steps/s");
  expect(line.finish()).toBe("\r\x1b[K");
  expect(line.at(10_000, 40, 4000)).toBe("");
  expect(line.finish()).toBe("");
});

test("elsewhere it is a line every five seconds, and none of what is over sooner", () => {
  const line = lineOn(false);
  expect(line.at(0, 0, 0)).toBe("");
  expect(line.at(4999, 9, 900)).toBe("");
  expect(line.at(5000, 10, 1000)).toBe("25 %  10 of 40 trials  200 steps/s  15 s left\n");
  expect(line.at(9999, 20, 2000)).toBe("");
  expect(line.at(10_000, 20, 2000)).toBe("50 %  20 of 40 trials  200 steps/s  10 s left\n");
  expect(line.finish()).toBe("");
});
