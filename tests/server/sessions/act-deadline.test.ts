import { expect, test, vi } from "vitest";
import { createActDeadline } from "#icrl/server/sessions/act-deadline.js";
import { manualClock } from "../../support/manual-clock.js";

/** A deadline of 100 ms with this much overtime, an agent that answers after so long, and how often it was missed. */
function deadlineWith(overtimeMs: number) {
  const missed = vi.fn();
  const clock = manualClock();
  const deadline = createActDeadline(clock, 100, overtimeMs, missed);
  const ask = () => deadline.arm(clock.now());
  const answer = (afterMs: number) => {
    ask();
    clock.pass(afterMs);
    expect(deadline.answered(clock.now())).toBeCloseTo(afterMs, 6);
  };
  return { deadline, clock, missed, ask, answer };
}

test("without overtime an answer is due after the time for one", () => {
  const { clock, missed, ask, answer } = deadlineWith(0);
  answer(99);
  answer(99);
  ask();
  clock.pass(99);
  expect(missed).not.toHaveBeenCalled();
  clock.pass(1);
  expect(missed).toHaveBeenCalledOnce();
});

test("late answers use up one overtime together, answers in time none of it", () => {
  const { clock, missed, ask, answer } = deadlineWith(50);
  answer(130); // 20 left
  answer(100);
  answer(110); // 10 left
  expect(missed).not.toHaveBeenCalled();
  ask();
  clock.pass(109);
  expect(missed).not.toHaveBeenCalled();
  clock.pass(1);
  expect(missed).toHaveBeenCalledOnce();
});

test("time in which the server itself was late does not count, and none of it is taken from the overtime", () => {
  const { deadline, clock, missed, ask } = deadlineWith(50);
  ask();
  clock.pass(60);
  clock.stall(3000);
  clock.pass(89);
  expect(missed).not.toHaveBeenCalled();
  deadline.answered(clock.now()); // 1 left
  ask();
  clock.stall(3000);
  clock.pass(40);
  clock.stall(3000);
  clock.pass(60);
  expect(missed).not.toHaveBeenCalled();
  clock.pass(1);
  expect(missed).toHaveBeenCalledOnce();
});

test("while it is paused no time passes, for what is due and for what becomes due", () => {
  const { deadline, clock, missed, ask } = deadlineWith(50);
  ask();
  clock.pass(60);
  deadline.pause();
  expect(clock.waiting).toBe(0);
  clock.pass(100_000);
  clock.stall(100_000);
  deadline.goOn();
  clock.pass(89);
  expect(missed).not.toHaveBeenCalled();
  expect(deadline.answered(clock.now())).toBe(149); // 1 left
  deadline.pause();
  ask();
  clock.pass(100_000);
  deadline.goOn();
  clock.pass(100);
  expect(missed).not.toHaveBeenCalled();
  clock.pass(1);
  expect(missed).toHaveBeenCalledOnce();
});

test("what is disarmed while it is paused is not due when time passes again", () => {
  const { deadline, clock, missed, ask } = deadlineWith(0);
  ask();
  deadline.pause();
  deadline.disarm();
  deadline.goOn();
  expect(clock.waiting).toBe(0);
  clock.pass(1000);
  expect(missed).not.toHaveBeenCalled();
});

test("nothing is due once it is disarmed", () => {
  const { deadline, clock, missed, ask } = deadlineWith(50);
  ask();
  deadline.disarm();
  expect(clock.waiting).toBe(0);
  clock.pass(1000);
  expect(missed).not.toHaveBeenCalled();
});

test("a thousand answers in time wait for the clock three times, not a thousand", () => {
  const { clock, missed, answer } = deadlineWith(0);
  const after = vi.spyOn(clock, "after");
  for (let i = 0; i < 1000; i++) answer(0.2); // 200 ms together: at 0, at 100, at 199.8
  expect(after.mock.calls.length).toBe(3);
  expect(clock.waiting).toBe(1);
  expect(missed).not.toHaveBeenCalled();
});
