import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createActDeadline } from "#icrl/server/sessions/act-deadline.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A deadline of 100 ms with this much overtime, and how often it was missed. */
function deadlineWith(overtimeMs: number) {
  const missed = vi.fn();
  return { deadline: createActDeadline(100, overtimeMs, missed), missed };
}

/** The agent answers after so long. */
function answer(deadline: ReturnType<typeof createActDeadline>, afterMs: number): void {
  deadline.arm();
  vi.advanceTimersByTime(afterMs);
  deadline.answered(afterMs);
}

test("without overtime an answer is due after the time for one", () => {
  const { deadline, missed } = deadlineWith(0);
  answer(deadline, 99);
  answer(deadline, 99);
  expect(missed).not.toHaveBeenCalled();
  deadline.arm();
  vi.advanceTimersByTime(100);
  expect(missed).toHaveBeenCalledOnce();
});

test("late answers use up one overtime together, answers in time none of it", () => {
  const { deadline, missed } = deadlineWith(50);
  answer(deadline, 130); // 20 left
  answer(deadline, 100);
  answer(deadline, 110); // 10 left
  expect(missed).not.toHaveBeenCalled();
  deadline.arm();
  vi.advanceTimersByTime(109);
  expect(missed).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(missed).toHaveBeenCalledOnce();
});

test("nothing is due once it is disarmed", () => {
  const { deadline, missed } = deadlineWith(50);
  deadline.arm();
  deadline.disarm();
  vi.advanceTimersByTime(1000);
  expect(missed).not.toHaveBeenCalled();
});
