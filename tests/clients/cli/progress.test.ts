import { describe, expect, it } from "vitest";
import { createProgress, type ProgressItem } from "#icrl/clients/cli/print/progress.js";

/** A reporter with a clock that the test moves, and what it wrote. */
function setUp(stream: { isTTY?: boolean; columns?: number; rows?: number } = {}) {
  const clock = { ms: 0 };
  const written: string[] = [];
  const progress = createProgress({
    stream: { ...stream, write: (text) => written.push(text) },
    nowMs: () => clock.ms,
  });
  return { clock, written, progress };
}

const match = (name: string, done: number, steps: number, note?: string): ProgressItem => ({
  name,
  done,
  total: 100,
  steps,
  ...(note === undefined ? {} : { note }),
});

/** What a terminal shows after these writes: moves up and clears to the end are the only controls. */
function screen(written: readonly string[]): string[] {
  const lines: string[] = [];
  for (const text of written) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal controls are made of them
    const up = /^\x1b\[(\d+)A\x1b\[0J/.exec(text);
    if (up) lines.length -= Number(up[1]);
    lines.push(
      ...text
        .slice(up?.[0].length ?? 0)
        .split("\n")
        .slice(0, -1),
    );
  }
  return lines;
}

describe("progress elsewhere than on a terminal", () => {
  it("is a plain line at once, one every five seconds, and one at 100 %", () => {
    const { clock, written, progress } = setUp();
    for (let second = 0; second <= 12; second++) {
      clock.ms = second * 1000;
      progress.update([match("a", Math.min(100, second * 10), second * 5000)]);
    }
    progress.finish();
    // By hand: 10 trials and 5,000 steps a second; shown at 0 s, 5 s and 10 s, which is the end.
    expect(written).toEqual([
      "  0 %  0 of 100 trials: a 0/100\n",
      " 50 %  50 of 100 trials  5.00 k steps/s  0:05 left: a 50/100\n",
      "100 %  100 of 100 trials  5.00 k steps/s\n",
    ]);
  });

  it("of a single thing without a name has its note beside the whole", () => {
    const { clock, written, progress } = setUp();
    progress.update([match("", 0, 0, "loss 2.0000")]);
    clock.ms = 5000;
    progress.update([match("", 50, 25_000, "loss 1.5000")]);
    expect(written).toEqual([
      "  0 %  0 of 100 trials: loss 2.0000\n",
      " 50 %  50 of 100 trials  5.00 k steps/s  0:05 left: loss 1.5000\n",
    ]);
  });

  it("shows the last state at the end of an interrupted run, once", () => {
    const { clock, written, progress } = setUp();
    progress.update([match("a", 0, 0)]);
    clock.ms = 1000;
    progress.update([match("a", 7, 0, "waiting for its agent")]);
    progress.finish();
    progress.finish();
    progress.update([match("a", 100, 0)]);
    progress.say("too late");
    expect(written).toEqual([
      "  0 %  0 of 100 trials: a 0/100\n",
      "  7 %  7 of 100 trials  0:14 left: a 7/100 (waiting for its agent)\n", // 93 trials at 7 a second
    ]);
  });

  it("names four matches and counts the others", () => {
    const { written, progress } = setUp();
    progress.update(["a", "b", "c", "d", "e", "f"].map((name) => match(name, 0, 0)));
    expect(written[0]).toBe("  0 %  0 of 600 trials: a 0/100, b 0/100, c 0/100, d 0/100 and 2 more\n");
  });

  it("shows no total while it waits for who says what there is to do, and what there is as soon as they have", () => {
    const { clock, written, progress } = setUp();
    progress.update([match("a", 0, 0), match("b", 0, 0)], "waiting for 2 of 2 agents");
    clock.ms = 1000;
    progress.update([match("a", 10, 100), match("b", 0, 0)], "waiting for 1 of 2 agents");
    clock.ms = 2000;
    progress.update([match("a", 20, 200)]);
    progress.finish();
    expect(written).toEqual([
      "waiting for 2 of 2 agents\n",
      "waiting for 1 of 2 agents\n", // at once: it is news
      " 20 %  20 of 100 trials  100 steps/s  0:08 left: a 20/100\n", // 80 trials at 10 a second
    ]);
  });

  it("has a time left that falls steadily where envs end their trials together", () => {
    const { clock, written, progress } = setUp();
    // 50 of 1,000 trials end together every 7 seconds: 140 seconds in all.
    for (let second = 0; second <= 120; second++) {
      clock.ms = second * 1000;
      progress.update([{ name: "a", done: 50 * Math.floor(second / 7), total: 1000 }]);
    }
    const left = written.flatMap((line) => {
      const [, minutes, seconds] = /(\d+):(\d+) left/.exec(line) ?? [];
      return minutes === undefined ? [] : [60 * Number(minutes) + Number(seconds)];
    });
    expect(left.length).toBeGreaterThan(20);
    const settled = left.slice(5); // after half a minute
    for (const [i, seconds] of settled.entries()) {
      expect(Math.abs(seconds - (settled[0] - 5 * i))).toBeLessThan(20); // of 110 at first
      if (i > 0) expect(seconds).toBeLessThan(settled[i - 1]);
    }
  });

  it("writes nothing without an update, and never an escape sequence", () => {
    const { written, progress } = setUp({ isTTY: false });
    progress.update([]);
    progress.finish();
    expect(written).toEqual([]);
    const other = setUp();
    other.progress.say("a line");
    other.progress.update([match("a", 1, 1)]);
    expect(other.written.join("")).not.toContain("\x1b");
  });
});

describe("progress on a terminal", () => {
  it("of a single thing without a name has one bar, and its note below", () => {
    const { written, progress } = setUp({ isTTY: true });
    progress.update([match("", 50, 0, "loss 1.5000")]);
    expect(screen(written)).toEqual(["████████████░░░░░░░░░░░░  50 %  50 of 100 trials", "loss 1.5000"]);
  });

  it("is one block, redrawn in place, of the whole and the matches under way", () => {
    const { clock, written, progress } = setUp({ isTTY: true, columns: 100, rows: 24 });
    progress.update([match("first", 0, 0), match("second one", 0, 0)]);
    clock.ms = 1000;
    progress.update([match("first", 50, 2_000_000), match("second one", 100, 400_000)]);
    expect(screen(written)).toEqual([
      "██████████████████░░░░░░  75 %  150 of 200 trials  2.40 M steps/s  0:01 left",
      "████████████░░░░░░░░░░░░ first  50 of 100",
    ]);
    clock.ms = 2000;
    progress.update([match("first", 100, 4_000_000), match("second one", 100, 400_000, "forfeited")]);
    progress.finish();
    expect(screen(written)).toEqual([
      "████████████████████████ 100 %  200 of 200 trials  2.20 M steps/s",
      "████████████████████████ second one  100 of 100  forfeited",
    ]);
  });

  it("redraws at most ten times a second, but always at the end", () => {
    const { clock, written, progress } = setUp({ isTTY: true });
    for (let k = 0; k <= 100; k++) {
      clock.ms = k * 9;
      progress.update([match("a", k, 0)]);
    }
    // By hand: at 0, 108, 216, ... 864 ms, each the first multiple of 9 ms that is 100 ms later; and at 900 ms, the
    // end.
    expect(written.length).toBe(10);
    expect(screen(written)[0]).toContain("100 %");
    progress.update([match("a", 100, 0)]);
    progress.finish();
    expect(written.length).toBe(10);
  });

  it("keeps lines that are said above the block", () => {
    const { written, progress } = setUp({ isTTY: true });
    progress.update([match("a", 10, 0)]);
    progress.say("an agent died");
    expect(screen(written)).toEqual([
      "an agent died",
      "██░░░░░░░░░░░░░░░░░░░░░░  10 %  10 of 100 trials",
      "██░░░░░░░░░░░░░░░░░░░░░░ a  10 of 100",
    ]);
  });

  it("never exceeds the terminal: a wrapped or scrolled line could not be redrawn", () => {
    const { written, progress } = setUp({ isTTY: true, columns: 40, rows: 6 });
    progress.update(Array.from({ length: 20 }, (_, i) => match(`a match with a long name ${i}`, 1, 0)));
    const lines = screen(written);
    expect(lines.length).toBe(4);
    for (const line of lines) expect(line.length).toBeLessThan(40);
  });

  it("rates what was done in the last ten seconds", () => {
    const { clock, written, progress } = setUp();
    for (let second = 0; second <= 40; second += 1) {
      clock.ms = second * 1000;
      progress.update([match("a", 0, second <= 20 ? 1000 * second : 20_000 + 10 * (second - 20))]);
    }
    expect(written.at(-1)).toBe("  0 %  0 of 100 trials  10 steps/s: a 0/100\n");
  });
});
