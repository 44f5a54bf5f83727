import { expect, test } from "vitest";
import { publishedRegret } from "#icrl/server/http/published-regret.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { createMatch, type TournamentMatch } from "#icrl/server/tournaments/match.js";

const task = buildTask("bernoulli-bandit", { arms: 2, horizon: 4 });

const NO_EVENTS = {
  ...{ changed() {}, opened() {}, finished() {}, forfeited() {} },
  ...{ mayLeave: () => false, cancelled: () => false },
};

/** What was done in a trial; nothing here asks for it. */
const PLAYED = { actions: new Int32Array(4), regrets: new Float32Array(4) };

/** A match, and how to have so many of its trials played. */
function matchOf(trials: number): { match: TournamentMatch; play: (count: number) => void } {
  const match = createMatch("bandit", task, "a", 1n, trials, NO_EVENTS);
  return {
    match,
    play(count) {
      for (let i = 0; i < count; i++) {
        const ticket = match.source.take();
        if (ticket === undefined) throw new Error("no trial is left");
        const regret = Number(ticket.trialIndex);
        const curve = new Float64Array(4).fill(regret);
        match.source.done({ ticket, complete: true, steps: 4, return: 0, regret, optimalValue: 0, curve, ...PLAYED });
      }
    },
  };
}

test("while a match runs, two means that are told differ by ten trials or more", () => {
  const { match, play } = matchOf(47);
  const told: number[] = [];
  for (let n = 0; n <= 47; n++) {
    if (n > 0) play(1);
    const trials = publishedRegret(match, false)?.trials ?? 0;
    if (trials !== (told.at(-1) ?? 0)) told.push(trials);
  }
  // By hand: after ten each, but for the last seven, which would be too few for a time of their own.
  expect(told).toEqual([10, 20, 30, 47]);
});

test("what is told is the mean over the trials that it says, whenever it is asked for", () => {
  const { match, play } = matchOf(100);
  play(12);
  expect(publishedRegret(match, false)).toMatchObject({ trials: 12, mean: [5.5, 5.5, 5.5, 5.5] }); // 0 .. 11
  play(5);
  expect(publishedRegret(match, false)?.trials).toBe(12);
  expect(publishedRegret(match, true)).toMatchObject({ trials: 17, mean: [8, 8, 8, 8] }); // 0 .. 16
});

test("a match of few trials is told of when its tournament is over, and one without any is not", () => {
  const { match, play } = matchOf(5);
  expect(publishedRegret(match, true)).toBeUndefined();
  play(5);
  expect(publishedRegret(match, false)).toBeUndefined();
  expect(publishedRegret(match, true)?.trials).toBe(5);
});

test("a long curve is told at a hundred steps, the last among them", () => {
  const long = buildTask("bernoulli-bandit", { arms: 2, horizon: 100_000 });
  const match = createMatch("bandit", long, "a", 1n, 1, NO_EVENTS);
  const ticket = match.source.take();
  if (ticket === undefined) throw new Error("no trial is left");
  const curve = Float64Array.from({ length: 100_000 }, (_, t) => t + 1);
  match.source.done({
    ticket,
    complete: true,
    steps: 100_000,
    return: 0,
    regret: 100_000,
    optimalValue: 0,
    curve,
    ...PLAYED,
  });
  const { step, mean } = publishedRegret(match, true) ?? { step: [], mean: [] };
  expect(step).toHaveLength(100);
  expect(step.at(-1)).toBe(100_000);
  expect(mean).toEqual(step);
});
