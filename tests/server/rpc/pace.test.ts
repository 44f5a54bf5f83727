import { expect, test } from "vitest";
import { createPace } from "#icrl/server/rpc/pace.js";

const KB = 1 << 10;

/** A pace whose turns come when they are asked for, and the sizes of what left, in order. */
function paced() {
  const turns: (() => void)[] = [];
  const pace = createPace((callback) => turns.push(callback));
  const left: number[] = [];
  const send = (kb: number) => {
    const turn = pace.turnFor(kb * KB);
    if (turn === undefined) left.push(kb);
    else void turn.then(() => left.push(kb));
  };
  const nextTurn = async () => {
    turns.shift()?.();
    await Promise.resolve();
    return left.splice(0);
  };
  return { send, nextTurn, left, turns };
}

test("a turn has 256 KB of large answers, or one that is larger, first come, first served", async () => {
  const { send, nextTurn, left, turns } = paced();
  for (const kb of [100, 200, 1000, 17, 300, 20]) send(kb);
  expect(left.splice(0)).toEqual([100, 200]); // the second is begun while there is something left
  expect(await nextTurn()).toEqual([1000]);
  expect(await nextTurn()).toEqual([17, 300]);
  expect(await nextTurn()).toEqual([20]);
  expect(await nextTurn()).toEqual([]);
  expect(turns).toEqual([]); // it sleeps
  send(300);
  expect(left).toEqual([300]);
});

test("small answers wait for nobody", async () => {
  const { send, nextTurn, left } = paced();
  send(1000);
  send(17);
  for (let i = 0; i < 100; i++) send(16);
  expect(left.splice(0)).toEqual([1000, ...Array.from({ length: 100 }, () => 16)]);
  expect(await nextTurn()).toEqual([17]);
});
