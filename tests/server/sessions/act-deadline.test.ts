import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createActDeadline } from "#icrl/server/sessions/act-deadline.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A deadline of 100 ms with this much overtime, and what it said. */
function deadlineWith(overtimeMs: number) {
  const missed: number[] = [];
  const deadline = createActDeadline(100, (overtime) => missed.push(overtime));
  deadline.begin(overtimeMs);
  return { deadline, missed };
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
  expect(missed).toEqual([]);
  deadline.arm();
  vi.advanceTimersByTime(100);
  expect(missed).toEqual([0]);
});

test("late answers use up one overtime together, answers in time none of it", () => {
  const { deadline, missed } = deadlineWith(50);
  answer(deadline, 130); // 20 left
  answer(deadline, 100);
  answer(deadline, 110); // 10 left
  expect(missed).toEqual([]);
  deadline.arm();
  vi.advanceTimersByTime(109);
  expect(missed).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(missed).toEqual([50]);
});

test("a new match has its overtime anew", () => {
  const { deadline, missed } = deadlineWith(50);
  answer(deadline, 149);
  deadline.begin(50);
  answer(deadline, 149);
  expect(missed).toEqual([]);
});

test("nothing is due once it is disarmed", () => {
  const { deadline, missed } = deadlineWith(50);
  deadline.arm();
  deadline.disarm();
  vi.advanceTimersByTime(1000);
  expect(missed).toEqual([]);
});
