import { expect, test, vi } from "vitest";
import { trialSeeds } from "#icrl/common/seeds.js";
import { type CollectionPart, createPart } from "#icrl/server/collections/part.js";
import { manualClock } from "../../support/manual-clock.js";
import { collected } from "./collected.js";

type TrialTicket = NonNullable<ReturnType<CollectionPart["source"]["take"]>>;

const spec = collected();
const [task] = spec.tasks;
const [behaviour] = spec.behaviours;

/** A part of trials 1, 4 and 5 of the river, and who is told of its changes. */
function part(played: readonly number[] = []) {
  const onChange = vi.fn();
  return {
    onChange,
    part: createPart(
      spec,
      task,
      behaviour,
      { trials: 3, waiting: Int32Array.of(1, 4, 5).filter((trial) => !played.includes(trial)) },
      manualClock(),
      onChange,
    ),
  };
}

const indexOf = (ticket: TrialTicket | undefined) => ticket && Number(ticket.trialIndex);

/** How a trial ended; what it earned is nothing to a part. */
const ended = (ticket: TrialTicket, complete: boolean, steps: number) => ({
  ticket,
  complete,
  steps,
  episodes: 1,
  return: 0,
  regret: 0,
  optimalValue: 0,
  curve: new Float64Array(0),
  actions: new Int32Array(0),
  regrets: new Float32Array(0),
  whenDurable: undefined,
});

test("trials are handed out in order, each with the seeds of its place in the collection, and then no more", () => {
  const { source, entrant } = part().part;
  expect(entrant).toBe("random");
  expect(source.remaining).toBe(3n);
  const series = { purpose: "collect", seed: 7n, taskId: "swim", entrant: "random" } as const;
  for (const index of [1n, 4n, 5n]) {
    expect(source.take(0)).toEqual({ trialIndex: index, seriesSeed: 7n, seeds: trialSeeds(series, index) });
  }
  expect(source.take(0)).toBeUndefined();
  expect(source.remaining).toBe(0n);
});

test("of so many instances the trials take one after the other", () => {
  const own = { ...task, instances: 3 };
  const waiting = Int32Array.of(1, 4, 5);
  const { source } = createPart(spec, own, behaviour, { trials: 3, waiting }, manualClock(), () => {});
  const seeds = [...waiting].map(() => source.take(0)?.seeds);
  expect(seeds[1]?.taskSeed).toBe(seeds[0]?.taskSeed); // 4 and 1 are one instance
  expect(new Set(seeds.map((one) => one?.taskSeed)).size).toBe(2);
  expect(new Set(seeds.map((one) => one?.noiseSeed)).size).toBe(3);
});

test("what the log holds is played already", () => {
  const { source, ...rest } = part([4, 99]).part;
  expect(rest.trials).toBe(3);
  expect([indexOf(source.take(0)), indexOf(source.take(0)), source.take(0)]).toEqual([1, 5, undefined]);
  const done = part([1, 4, 5]).part;
  expect([done.completeTrials, done.finished, done.source.remaining]).toEqual([3, true, 0n]);
});

test("a trial that was cut short is played again, next, and those that end count until all have", () => {
  const { part: of, onChange } = part();
  const first = of.source.take(0) as TrialTicket;
  of.source.stepped(7);
  of.source.done(ended(first, false, 7));
  expect([of.completeTrials, of.finished]).toEqual([0, false]);
  for (const index of [1, 4, 5]) {
    expect(of.finished).toBe(false);
    const ticket = of.source.take(0) as TrialTicket;
    expect(indexOf(ticket)).toBe(index);
    of.source.stepped(15);
    onChange.mockClear();
    of.source.done(ended(ticket, true, 15));
    expect(onChange).toHaveBeenCalled();
  }
  expect([of.completeTrials, of.finished, of.failureReason]).toEqual([3, true, undefined]);
});

test("three sessions that die without a trial between them end it; a trial in between counts them anew", () => {
  const { part: of } = part();
  of.abandoned("CONNECTION_LOST", "");
  of.abandoned("CONNECTION_LOST", "");
  of.source.done(ended(of.source.take(0) as TrialTicket, true, 15));
  of.abandoned("CONNECTION_LOST", "");
  of.abandoned("AGENT_FAILED", "");
  expect([of.finished, of.failureReason]).toEqual([false, undefined]);
  of.abandoned("ACT_TIMEOUT", "");
  expect([of.finished, of.failureReason]).toEqual([true, "ACT_TIMEOUT"]);
  expect([of.source.take(0), of.source.remaining]).toEqual([undefined, 0n]);
});

test("an agent that never came ends it at once", () => {
  const { part: of } = part();
  of.abandoned("AGENT_ABSENT", "");
  expect([of.finished, of.failureReason, of.completeTrials]).toEqual([true, "AGENT_ABSENT", 0]);
});

test("why it failed is why it failed first, and what is over cannot fail", () => {
  const { part: of, onChange } = part();
  of.fail("TASK_UNSUPPORTED");
  of.fail("INTERNAL");
  expect(of.failureReason).toBe("TASK_UNSUPPORTED");
  expect(onChange).toHaveBeenCalled();
  const done = part([1, 4, 5]).part;
  done.fail("INTERNAL");
  expect(done.failureReason).toBeUndefined();
});
