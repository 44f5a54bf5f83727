/** Large answers leave a few a turn of the event loop, whoever they are for, so that those who play are heard in between. */

/** When answers may leave. */
export interface Pace {
  /** Resolves when an answer of so many bytes may leave; undefined where it may at once. First come, first served. */
  turnFor(bytes: number): Promise<void> | undefined;
}

/** Answers up to this size wait for nobody: copying one costs less than a turn. */
const SMALL_BYTES = 16 << 10;

/** Bytes of larger ones that leave in one turn: about a millisecond's worth of copies. The last one may be more. */
const TURN_BYTES = 256 << 10;

/** @param nextTurn calls back in the next turn of the event loop, after the input that has come */
export function createPace(nextTurn: (callback: () => void) => void = setImmediate): Pace {
  const waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  let bytesLeft = TURN_BYTES;
  let turnComes = false;

  function wantTurn(): void {
    if (turnComes) return;
    turnComes = true;
    nextTurn(turn);
  }

  function turn(): void {
    turnComes = false;
    bytesLeft = TURN_BYTES;
    while (bytesLeft > 0) {
      const next = waiting.shift();
      if (next === undefined) break;
      bytesLeft -= next.bytes;
      next.go();
    }
    if (bytesLeft < TURN_BYTES) wantTurn();
  }

  return {
    turnFor(bytes) {
      if (bytes <= SMALL_BYTES) return undefined;
      wantTurn();
      if (waiting.length === 0 && bytesLeft > 0) {
        bytesLeft -= bytes;
        return undefined;
      }
      return new Promise((go) => waiting.push({ bytes, go }));
    },
  };
}
