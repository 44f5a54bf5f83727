import { expect, test } from "vitest";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { mdpTruth } from "./mdp-values.js";

const states = 24;
const task = buildTask("banded-mdp", { states });

test("no state leads further than its band, every one leads on, and the goal is the end of the row", () => {
  for (let seed = 0n; seed < 100n; seed++) {
    const { probabilities, terminal = new Uint8Array() } = mdpTruth(task, seed);
    expect(terminal[states - 1]).toBe(1);
    expect([...terminal.subarray(0, 3)]).toEqual([0, 0, 0]);
    for (let s = 0; s < states; s++) {
      if (terminal[s] === 1) continue;
      const reached = Array.from({ length: states }, (_, next) => next).filter((next) =>
        Array.from({ length: 5 }, (_, a) => probabilities[(s * 5 + a) * states + next]).some((p) => p > 0),
      );
      const [first, last] = [reached[0], reached[reached.length - 1]];
      expect(first).toBeGreaterThanOrEqual(s - 12); // min(S / 2, 18)
      expect(reached).toEqual(Array.from({ length: last - first + 1 }, (_, i) => first + i)); // no gaps
      expect(reached.some((next) => next > s && (next === states - 1 || terminal[next] === 0))).toBe(true);
      const ahead = terminal.subarray(s + 1, last).every((is) => is === 1);
      if (last > s + 7) expect(ahead, `state ${s}`).toBe(true); // min(S / 4, 6) + 1, unless all before are pitfalls
    }
  }
});

test("actions differ: each is the likeliest to reach some state", () => {
  const likeliest = new Set<number>();
  const { probabilities } = mdpTruth(task, 3n);
  for (let s = 0; s < 3; s++) {
    for (let next = 0; next < states; next++) {
      const chances = Array.from({ length: 5 }, (_, a) => probabilities[(s * 5 + a) * states + next]);
      if (Math.max(...chances) > 0) likeliest.add(chances.indexOf(Math.max(...chances)));
    }
  }
  expect(likeliest.size).toBeGreaterThan(2);
});

test("pitfalls are as frequent as they were told, and starts are the first three states", () => {
  let [pits, starts] = [0, 0];
  for (let seed = 0n; seed < 400n; seed++) {
    const { terminal = new Uint8Array(), start } = mdpTruth(buildTask("banded-mdp", { states, pitfalls: 0.25 }), seed);
    pits += terminal.reduce((sum, is) => sum + is, -1) / (400 * (states - 4));
    starts += start[0] / 400;
    expect(start.subarray(3).every((p) => p === 0)).toBe(true);
  }
  expect(Math.abs(pits - 0.25)).toBeLessThan(0.02); // 8,000 draws: four standard deviations
  expect(Math.abs(starts - 1 / 3)).toBeLessThan(0.08);
});

test("the way forward pays more on average, the goal the most", () => {
  const { rewards } = mdpTruth(buildTask("banded-mdp", { states, pitfalls: 0, bonus: 5 }), 1n);
  const mean = (s: number) => rewards.subarray(s * 5, s * 5 + 5).reduce((sum, r) => sum + r / 5, 0);
  expect(mean(states - 2)).toBeGreaterThan(1);
  expect(mean(0)).toBeLessThan(mean(states - 2));
});
