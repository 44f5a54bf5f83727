import { expect, test } from "vitest";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { createHandOut } from "#icrl/server/tournaments/hand-out.js";
import { createMatch } from "#icrl/server/tournaments/match.js";
import { earlyBytesOf, newResults } from "#icrl/server/tournaments/match-results.js";
import { createWorkQueue } from "#icrl/server/work/work-queue.js";
import { manualClock } from "../../support/manual-clock.js";

const task = buildTask("bernoulli-bandit", { arms: 2, horizon: 4 });
const CURVE_BYTES = 32; // by hand: four numbers

/** What came of a trial, whatever it is. */
const played = {
  complete: true,
  steps: 4,
  episodes: 1,
  return: 0,
  regret: 4,
  optimalValue: 0,
  curve: Float64Array.of(1, 2, 3, 4),
  actions: new Int32Array(4),
  regrets: new Float32Array(4).fill(1),
};

/** The trials of a match of ten, of which two may wait for an earlier one. */
function handOut() {
  const results = newResults(task, 10, 2 * CURVE_BYTES);
  const seeds = { taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n };
  const quiet = {
    ...{ isOpen: () => true, playsOn: () => false },
    ...{ taken() {}, played() {}, left() {}, returned() {}, stepped() {}, failed: () => expect.unreachable() },
  };
  const { source } = createHandOut(results, 10, () => ({ seeds }), manualClock(), quiet);
  return {
    results,
    source,
    take: () => source.take(0)?.trialIndex,
    done: (trialIndex: bigint, complete = true) => source.done({ ...played, complete, ticket: { trialIndex, seeds } }),
  };
}

test("where too many results wait for an earlier trial, no other trial is handed out until it is played", () => {
  const { results, source, take, done } = handOut();
  expect([take(), take(), take(), take()]).toEqual([0n, 1n, 2n, 3n]);
  done(2n);
  expect([results.crowded, source.remaining]).toEqual([false, 6n]);
  done(3n);
  expect([results.crowded, source.remaining, take()]).toEqual([true, 0n, undefined]);
  done(1n, false); // given back: it waits for trial 0 as the others do
  expect([source.remaining, take()]).toEqual([0n, undefined]);
  done(0n);
  expect([results.crowded, source.remaining]).toEqual([true, 1n]); // now trial 1 is the first
  expect(take()).toBe(1n);
  done(1n);
  expect([results.crowded, source.remaining, results.first]).toEqual([false, 6n, 4]);
  expect(take()).toBe(4n);
});

test("the first trial is handed out again when it comes back, however crowded it is", () => {
  const { source, take, done, results } = handOut();
  for (let i = 0; i < 3; i++) take();
  done(1n);
  done(2n);
  expect(take()).toBeUndefined();
  done(0n, false);
  expect(source.remaining).toBe(1n);
  expect(take()).toBe(0n);
  done(0n);
  expect(results.curve.trials).toBe(3);
});

test("a trial that a log lacks in front of many is played first", () => {
  const { results, source, take } = handOut();
  for (let trial = 1; trial < 8; trial++) results.complete(trial, played);
  expect([results.crowded, source.remaining, take(), take()]).toEqual([true, 1n, 0n, undefined]);
});

test("what a match forfeits behind a trial that is still played waits for it, and is forfeited in the end", async () => {
  let changes = () => {};
  const changed = () => new Promise<void>((resolve) => (changes = resolve));
  const match = createMatch(
    { purpose: "tournament", seed: 7n, taskId: "bandit", entrant: "a" },
    task,
    10,
    {
      ...{ changed: () => changes(), opened() {}, finished() {}, forfeited() {}, failed: () => expect.unreachable() },
      ...{ leftTrial() {}, mayLeave: () => false, cancelled: () => false },
    },
    {
      clock: manualClock(),
      work: createWorkQueue({ clock: manualClock(), onError: () => expect.unreachable() }).line(),
    },
    2 * CURVE_BYTES,
  );
  const ticket = match.source.take(0);
  const crowded = changed();
  match.giveUp({ reason: "AGENT_FAILED", message: "it gave up" });
  await crowded;
  expect([match.forfeits, match.finished]).toEqual([2, false]);
  if (ticket === undefined) return expect.unreachable();
  match.source.done({ ...played, ticket });
  while (!match.finished) await changed();
  expect([match.forfeits, match.completeTrials, match.curve.trials]).toEqual([9, 1, 10]);
});

test("matches share what may wait, and each has room for two", () => {
  const long = buildTask("bernoulli-bandit", { horizon: 100_000 }); // a curve of 0.8 MB
  expect(earlyBytesOf(task, 10, 1)).toBe(10 * CURVE_BYTES);
  expect(earlyBytesOf(long, 1000, 1)).toBe(64 << 20);
  expect(earlyBytesOf(long, 1000, 4)).toBe(16 << 20);
  expect(earlyBytesOf(long, 1000, 1000)).toBe(1_600_000);
});
