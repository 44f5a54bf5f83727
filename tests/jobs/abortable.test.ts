import { expect, test } from "vitest";
import { abortable } from "#icrl/jobs/abortable.js";

const why = new Error("enough");
const never = new Promise<never>(() => {});

test("work that is done is given, and work that fails fails", async () => {
  const { signal } = new AbortController();
  expect(await abortable(Promise.resolve(3), signal)).toBe(3);
  await expect(abortable(Promise.reject(new Error("broken")), signal)).rejects.toThrow("broken");
});

test("aborting ends the waiting, before it began and in the middle; what is thrown is why", async () => {
  const stop = new AbortController();
  const waiting = abortable(never, stop.signal);
  stop.abort(why);
  await expect(waiting).rejects.toBe(why);
  await expect(abortable(never, stop.signal)).rejects.toBe(why);
  await expect(abortable(Promise.resolve(3), stop.signal)).rejects.toBe(why);
});

test("a failure a moment before is taken for what the abort did to others first", async () => {
  const stop = new AbortController();
  const failing = abortable(Promise.reject(new Error("the server has gone")), stop.signal);
  await new Promise(setImmediate); // the failure is seen
  stop.abort(why);
  await expect(failing).rejects.toBe(why);
});
