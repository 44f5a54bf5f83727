import { createWorkQueue, type WorkQueue } from "#icrl/server/work/work-queue.js";

/** A queue whose turns of the event loop a test makes by hand; each slice takes a millisecond by its clock, whatever it computes. */
export interface HandWork {
  readonly work: WorkQueue;
  /** What was told as an error of the server. */
  readonly errors: readonly unknown[];
  /** Whether a turn is waited for. */
  readonly waits: boolean;
  /** Makes a turn, if one is waited for. */
  turn(): void;
  /** Makes turns until none is waited for. @returns how many */
  turnAll(): number;
}

/** One without work. */
export function handWork(): HandWork {
  const errors: unknown[] = [];
  let nowMs = 0;
  let comes: (() => void) | undefined;
  const work = createWorkQueue({
    clock: { now: () => nowMs++ },
    onError: (error) => errors.push(error),
    nextTurn: (callback) => {
      comes = callback;
    },
  });
  const turn = () => {
    const callback = comes;
    comes = undefined;
    callback?.();
  };
  return {
    work,
    errors,
    get waits() {
      return comes !== undefined;
    },
    turn,
    turnAll() {
      let turns = 0;
      for (; comes !== undefined; turns++) turn();
      return turns;
    },
  };
}
