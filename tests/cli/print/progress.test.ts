import { describe, expect, it } from "vitest";
import { createProgress } from "#icrl/cli/print/progress.js";
import type { ProgressItem } from "#icrl/jobs/listener.js";

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
    for (clock.ms = 1000; clock.ms <= 5000; clock.ms += 1000)
      progress.update([match("", clock.ms / 100, 5 * clock.ms, "loss 1.5000")]);
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
      "  7 %  7 of 100 trials: a 7/100 (waiting for its agent)\n", // one step forward tells no rate yet
    ]);
  });

  it("names four matches and counts the others", () => {
    const { written, progress } = setUp();
    progress.update(["a", "b", "c", "d", "e", "f"].map((name) => match(name, 0, 0)));
    expect(written[0]).toBe("  0 %  0 of 600 trials: a 0/100, b 0/100, c 0/100, d 0/100 and 2 more\n");
  });

  it("counts apart what nobody knows yet to be done, and names whom it waits for instead of standing at 100 %", () => {
    const { clock, written, progress } = setUp();
    const late = { ...match("late", 0, 0), undeclared: true };
    progress.update([late], "waiting for late");
    clock.ms = 1000;
    progress.update([match("a", 10, 100), late], "waiting for late (0 of 2 processes)");
    clock.ms = 7000;
    progress.update([match("a", 100, 1000), late], "waiting for late (0 of 2 processes)");
    clock.ms = 8000;
    progress.update([match("a", 100, 1000), match("late", 50, 200)]);
    progress.finish();
    expect(written).toEqual([
      "waiting for late: up to 100 trials\n",
      "≥ 5 %  10 of 100 trials, up to 100 more  100 steps/s: a 10/100, waiting for late (0 of 2 processes)\n", // 10 of 200 at most
      "waiting for late (0 of 2 processes): up to 100 more\n",
      " 75 %  150 of 200 trials  150 steps/s: late 50/100\n", // 150 of 200, 1,200 steps in 8 seconds
    ]);
  });

  it("names what is done without a bar, once, and goes on with the bar afterwards", () => {
    const { clock, written, progress } = setUp();
    progress.doing("starting a server");
    progress.update([match("a", 0, 0)]);
    clock.ms = 5000;
    progress.doing("saving", { brief: true });
    progress.update([match("a", 100, 0)]);
    progress.doing("closing the log");
    progress.update([match("a", 100, 0)]);
    progress.doing("closing the log");
    progress.finish();
    expect(written).toEqual([
      "starting a server\n",
      "  0 %  0 of 100 trials: a 0/100\n",
      "100 %  100 of 100 trials\n",
      "closing the log\n",
    ]);
  });

  it("has a time left that counts the evaluations to come, as soon as it is known how long one takes", () => {
    const { clock, written, progress } = setUp();
    const learn = (from: number, to: number) => {
      for (let done = from; done <= to; done++) {
        progress.update([{ name: "", done, total: 40 }]);
        clock.ms += 1000;
      }
    };
    progress.expect("evaluating", 2);
    learn(0, 20);
    expect(written.join("")).not.toContain("left"); // nobody knows how long they take
    progress.expect("evaluating", 1);
    progress.doing("evaluating", { kind: "evaluating" });
    clock.ms += 60_000;
    learn(21, 21);
    // By hand: 19 updates of a second, and another evaluation of a minute.
    expect(written.at(-1)).toBe(" 52 %  21 of 40 trials  1:19 left\n");
  });

  it("has a time left by what trials cost and how fast they go now, not by their number since the start", () => {
    const { clock, written, progress } = setUp({ isTTY: true, columns: 120 });
    // Two agents start after 2 seconds and take 10,000 steps a second each: 1,000 trials of 10 steps, 100 of 1,000.
    for (clock.ms = 0; clock.ms <= 11_000; clock.ms += 100) {
      const steps = Math.max(0, 10 * (clock.ms - 2000));
      const of = (name: string, total: number, each: number): ProgressItem => {
        const taken = Math.min(total * each, steps);
        const done = Math.floor(taken / each);
        return { name, done, total, steps: taken, maxSteps: total * each };
      };
      progress.update([of("short", 1000, 10), of("long", 100, 1000)]);
    }
    const left = written.flatMap((text) => {
      const [, seconds] = /0:(\d\d) left/.exec(text) ?? [];
      return seconds === undefined ? [] : [Number(seconds)];
    });
    // By hand: the last step is taken at 12 seconds, and a rate is known a second after the first of them.
    expect(left[0]).toBe(9);
    expect(left.at(-1)).toBe(1);
    expect(left).toEqual(left.toSorted((a, b) => b - a));
  });

  it("does not tell 22 seconds at 98 % of a run of five", () => {
    const { clock, written, progress } = setUp({ isTTY: true });
    // Begins slowly: 1 % a second for 3 seconds, then the rest in 2.
    for (clock.ms = 0; clock.ms <= 4900; clock.ms += 100) {
      const share = clock.ms < 3000 ? clock.ms / 100_000 : 0.03 + (0.97 * (clock.ms - 3000)) / 2000;
      progress.update([match("a", Math.floor(100 * share), Math.floor(10_000 * share))]);
    }
    const last = /(\d+):(\d+) left/.exec(screen(written)[0]);
    expect(screen(written)[0]).toContain(" 95 %");
    expect(60 * Number(last?.[1]) + Number(last?.[2])).toBeLessThanOrEqual(1);
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
    expect(left.length).toBeGreaterThan(18); // every five seconds from the third leap on
    const settled = left;
    for (const [i, seconds] of settled.entries()) {
      expect(Math.abs(seconds - (settled[0] - 5 * i))).toBeLessThan(4); // of 110 at first
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
      "██████████████████░░░░░░  75 %  150 of 200 trials  2.40 M steps/s",
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

  it("has what is done now under the bar, in its place where the bar is full, and ends with the bar", () => {
    const { clock, written, progress } = setUp({ isTTY: true });
    progress.doing("starting");
    expect(screen(written)).toEqual(["starting"]);
    progress.update([match("a", 50, 0)]);
    progress.doing("evaluating");
    expect(screen(written)).toEqual(["████████████░░░░░░░░░░░░  50 %  50 of 100 trials", "evaluating"]);
    clock.ms = 50;
    progress.update([match("a", 60, 0)]); // at once: the evaluation is over
    expect(screen(written)[1]).toBe("██████████████░░░░░░░░░░ a  60 of 100");
    progress.update([match("a", 100, 0)]);
    progress.doing("writing the results");
    progress.say("a line");
    expect(screen(written)).toEqual(["a line", "writing the results"]);
    progress.finish();
    expect(screen(written)).toEqual(["a line", "████████████████████████ 100 %  100 of 100 trials"]);
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
