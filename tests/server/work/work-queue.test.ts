import { expect, test, vi } from "vitest";
import type { Pause, Slices } from "#icrl/common/slices.js";
import { handWork } from "../../support/hand-work.js";

/** A computation of so many pauses that notes each of its slices. */
function* noted(name: string, pauses: number, slices: string[], result = name): Slices<string> {
  for (let i = 0; i < pauses; i++) {
    slices.push(name);
    yield;
  }
  slices.push(name);
  return result;
}

const never = () => expect.unreachable();

test("what is little is computed at once, and no turn is waited for", () => {
  const { work, waits } = handWork();
  const done = vi.fn();
  work.compute(noted("a", 0, []), done, never);
  expect(done).toHaveBeenCalledExactlyOnceWith("a");
  expect([waits, work.size]).toEqual([false, 0]);
});

test("of what is much, four slices are computed at once, and the rest four a turn", () => {
  const { work, turn, turnAll } = handWork();
  const slices: string[] = [];
  const done = vi.fn();
  work.compute(noted("a", 19, slices), done, never);
  expect(slices.length).toBe(4);
  turn();
  expect(slices.length).toBe(8);
  expect(done).not.toHaveBeenCalled();
  expect(turnAll()).toBe(3);
  expect(slices.length).toBe(20);
  expect(done).toHaveBeenCalledExactlyOnceWith("a");
});

test("all who ask share the slices that are computed at once in a turn: many small ones add up to no long turn", () => {
  const { work, turn, turnAll } = handWork();
  const slices: string[] = [];
  for (let i = 0; i < 200; i++) work.compute(noted(`${i}`, 1, slices), () => {}, never);
  expect(slices.length).toBe(7); // four whole ones, and the beginnings of the last after the first three
  turn();
  work.compute(noted("next", 0, slices), () => {}, never); // the next turn has slices of its own
  expect(slices.slice(11)).toEqual(["next"]);
  turnAll();
  expect(slices.length).toBe(401);
  expect(work.size).toBe(0);
});

test("a long computation delays a short one by a slice, and what nobody waits for has every other slice", () => {
  const { work, turnAll } = handWork();
  const slices: string[] = [];
  const ended: string[] = [];
  const end = (name: string) => void ended.push(name);
  const [x, y] = [work.line(), work.line()];
  void x.run(noted("x", 9, slices)).then(() => end("x"));
  void y.run(noted("y", 1, slices)).then(() => end("y"));
  void x.run(noted("z", 0, slices)); // after x, in its line
  work.compute(noted("long", 29, slices), end, never);
  work.compute(noted("short", 2, slices), end, never);
  turnAll();
  const rest = slices.slice(4);
  expect(slices.slice(0, 4)).toEqual(["long", "long", "long", "long"]);
  expect(rest.slice(0, 12)).toEqual([
    ...["long", "x", "short", "y", "long", "x", "short", "y", "long", "x", "short", "x"], // by hand: the rings take turns
  ]);
  expect(rest.indexOf("z")).toBeGreaterThan(rest.lastIndexOf("x"));
  expect(ended).toEqual(["short", "long"]);
});

test("of computations that hold much memory, four are begun at once", () => {
  const { work, turn, turnAll } = handWork();
  let holding = 0;
  let most = 0;
  function* large(): Slices<void> {
    for (let i = 0; i < 3; i++) {
      yield "begins";
      holding += 1;
      most = Math.max(most, holding);
      yield;
      yield;
      holding -= 1;
      yield "ends";
    }
  }
  const done = vi.fn();
  const giveUps = Array.from({ length: 20 }, () => work.compute(large(), done, never));
  for (let i = 0; i < 3; i++) turn();
  expect(holding).toBe(4);
  giveUps[0]();
  giveUps[19]();
  holding -= 1; // what was given up says nothing more
  turnAll();
  expect(most).toBe(4);
  expect(done).toHaveBeenCalledTimes(18);
});

test("a computation that holds nothing yet goes on beside those that wait to hold much", () => {
  const { work, turnAll } = handWork();
  function* waits(): Slices<void> {
    yield "begins";
    for (let i = 0; i < 100; i++) yield;
    yield "ends";
  }
  const ended: string[] = [];
  for (let i = 0; i < 10; i++) work.compute(waits(), () => ended.push("large"), never);
  work.compute(noted("small", 2, []), (name) => ended.push(name), never);
  turnAll();
  expect(ended[0]).toBe("small");
  expect(ended.length).toBe(11);
});

test("what is given up is told so, calls nobody, and is gone", () => {
  const { work, turnAll } = handWork();
  const freed = vi.fn();
  function* endless(): Slices<void> {
    try {
      for (;;) yield;
    } finally {
      freed();
    }
  }
  const giveUp = work.compute(endless(), never, never);
  giveUp();
  giveUp();
  expect(freed).toHaveBeenCalledOnce();
  expect(work.size).toBe(0);
  expect(turnAll()).toBe(1); // the one that was waited for
});

test("a line that is closed gives up what is under way and what waits, and takes no more", async () => {
  const { work, turn, turnAll, errors } = handWork();
  const line = work.line();
  const slices: string[] = [];
  const results = [line.run(noted("a", 99, slices)), line.run(noted("b", 0, slices))];
  turn();
  line.close();
  results.push(line.run(noted("c", 0, slices)));
  line.start(noted("d", 0, slices) as unknown as Slices<void>);
  turnAll();
  expect(await Promise.all(results)).toEqual([undefined, undefined, undefined]);
  expect(new Set(slices)).toEqual(new Set(["a"]));
  expect([work.size, errors]).toEqual([0, []]);
});

test("a computation may be given up from inside, by what it does", () => {
  const { work, turnAll } = handWork();
  const line = work.line();
  const slices: string[] = [];
  function* closes(): Slices<void> {
    yield;
    line.close();
    yield;
    slices.push("went on");
  }
  line.start(closes());
  turnAll();
  expect([slices, work.size]).toEqual([[], 0]);
});

test("what throws fails alone", async () => {
  const { work, turnAll, errors } = handWork();
  function* throws(pauses: number): Generator<Pause, string, void> {
    for (let i = 0; i < pauses; i++) yield;
    throw new Error("cucumber");
  }
  const failed = vi.fn();
  const done = vi.fn();
  const told = () => {
    throw new Error("who was told");
  };
  work.compute(throws(0), never, failed);
  work.compute(throws(9), never, failed);
  work.compute(noted("a", 0, []), told, failed);
  work.compute(throws(9), never, told);
  work.compute(noted("b", 9, []), done, never);
  const line = work.line();
  const rejected = expect(line.run(throws(3))).rejects.toThrow("cucumber");
  line.start(throws(3) as unknown as Slices<void>);
  turnAll();
  await rejected;
  expect(failed.mock.calls.map(([error]) => error.message)).toEqual(["cucumber", "who was told", "cucumber"]);
  expect(done).toHaveBeenCalledOnce();
  expect(errors.map((error) => (error as Error).message)).toEqual(["cucumber", "who was told"]);
  expect(work.size).toBe(0);
});

test("what throws when it is given up hurts nobody but the server's log", () => {
  const { work, errors } = handWork();
  function* throwsWhenGivenUp(): Slices<void> {
    try {
      for (;;) yield;
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: what it shows
      throw new Error("given up");
    }
  }
  work.compute(throwsWhenGivenUp(), never, never)();
  expect(errors).toMatchObject([{ message: "given up" }]);
  expect(work.size).toBe(0);
});
