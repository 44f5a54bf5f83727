/** Telling watchers. */
import { setMaxListeners } from "node:events";
import { expect, test } from "vitest";
import { watch } from "#icrl/server/rpc/watch.js";

/** Something to watch: a number. */
function watched() {
  const listeners = new Set<() => void>();
  let number = 0;
  let looks = 0;
  return {
    of: {},
    get looks() {
      return looks;
    },
    get listening() {
      return listeners.size;
    },
    change() {
      number += 1;
      for (const listener of listeners) listener();
    },
    set(value: number) {
      number = value;
    },
    parts: {
      onChange(listener: () => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      state() {
        looks += 1;
        return number;
      },
      over: () => number >= 100,
      check() {},
    },
  };
}

test("all who watch a thing are told at the same moments, and one listener serves them", async () => {
  const thing = watched();
  const leave = new AbortController();
  setMaxListeners(0, leave.signal);
  const watchers = Array.from({ length: 50 }, () => watch({ of: thing.of, ...thing.parts, aborted: leave.signal }));
  for (const watcher of watchers) expect((await watcher.next()).value).toBe(0);
  expect(thing.listening).toBe(1);
  const next = Promise.all(watchers.map((watcher) => watcher.next()));
  for (let n = 0; n < 20; n++) thing.change();
  for (const { value } of await next) expect(value).toBe(20);
  expect(thing.looks).toBe(100);
  const last = Promise.all(watchers.map((watcher) => watcher.next()));
  leave.abort();
  for (const { done } of await last) expect(done).toBe(true);
  expect(thing.listening).toBe(0);
});

test("what was told last is the end, also where the thing ends while the state before is on its way", async () => {
  const thing = watched();
  const watcher = watch({ of: thing.of, ...thing.parts, aborted: new AbortController().signal });
  expect((await watcher.next()).value).toBe(0);
  thing.set(99);
  thing.change(); // it is over before the watcher has looked again
  expect(await watcher.next()).toEqual({ done: false, value: 100 });
  expect((await watcher.next()).done).toBe(true);
  expect(thing.looks).toBe(2);
});

test("watchers beyond so many are SERVER_BUSY", async () => {
  const thing = watched();
  const open = [];
  const start = () => watch({ of: thing.of, ...thing.parts, aborted: new AbortController().signal });
  for (let n = 0; n < 512; n++) {
    const watcher = start();
    await watcher.next();
    open.push(watcher);
  }
  await expect(start().next()).rejects.toMatchObject({ reason: "SERVER_BUSY" });
  for (const watcher of open) await watcher.return(undefined);
  const again = start();
  expect((await again.next()).value).toBe(0);
  await again.return(undefined);
});
