/** What a token's sessions compute, beside what others do. */
import { expect, test } from "vitest";
import type { Slices } from "#icrl/common/slices.js";
import { createShares } from "#icrl/server/access/share.js";
import { workWithin } from "#icrl/server/sessions/work-within.js";
import { handWork } from "../../support/hand-work.js";
import { manualClock } from "../../support/manual-clock.js";

function bounded(msASecond: number) {
  const clock = manualClock();
  const hand = handWork();
  const share = createShares(
    () => ({ cpu_ms_a_second: msASecond }),
    () => clock.now(),
  ).of("00000000");
  const said: unknown[] = [];
  /** Takes so long by the clock. */
  function* taking(ms: number, name: string): Slices<string> {
    clock.pass(ms);
    yield;
    return name;
  }
  const run = (ms: number, name: string, work = workWithin(share, hand.work, clock)) =>
    work.compute(
      taking(ms, name),
      (value) => said.push(value),
      (error) => said.push(error),
    );
  return { clock, hand, said, run };
}

test("what comes when its time is used begins in the order of asking, once it is paid for; others' at once", () => {
  const { clock, hand, said, run } = bounded(100);
  run(200, "first");
  run(0, "second");
  run(0, "third");
  run(0, "another's", hand.work);
  hand.turnAll();
  expect(said).toEqual(["first", "another's"]);
  clock.pass(900);
  hand.turnAll();
  expect(said).toEqual(["first", "another's"]);
  clock.pass(200);
  hand.turnAll();
  expect(said).toEqual(["first", "another's", "second", "third"]);
});

test("what is given up while it waits never begins, and what was begun is told so", () => {
  const { clock, hand, said, run } = bounded(1);
  run(10, "first");
  const giveUp = run(0, "second");
  hand.turnAll();
  giveUp();
  clock.pass(60_000);
  hand.turnAll();
  expect(said).toEqual(["first"]);
  expect(hand.work.size).toBe(0);
  expect(clock.waiting).toBe(0);
});
