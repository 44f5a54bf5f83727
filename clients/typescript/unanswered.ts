/** Messages that the server may not have taken: they are sent again after a loss. */

/** Most messages that are kept: agent and server take turns, so that one or two are on their way. */
const MOST = 4;

/** What a session has sent, hello and resume not counted. */
export interface Unanswered {
  /** How many were sent. */
  readonly sent: number;
  /** Another one was sent. */
  add(kind: string, bytes: Buffer): void;
  /** The server has said something: all that is kept was taken, or all but the last one where several are: the two take turns. */
  answered(): void;
  /** Whether all but the first `taken` ones are kept. */
  has(taken: number): boolean;
  /** All but the first `taken` ones. */
  after(taken: number): readonly Buffer[];
  /** The last one of this kind that is kept, and is not among the first `taken`; undefined where there is none. */
  last(kind: string, taken: number): Buffer | undefined;
  /** Counts those that are kept as the first ones, for a new session. */
  recount(): void;
  /** Forgets all, and counts from 0. */
  forget(): void;
}

/** Nothing was sent. */
export function createUnanswered(): Unanswered {
  let kept: { readonly kind: string; readonly bytes: Buffer }[] = [];
  let dropped = 0;
  return {
    get sent() {
      return dropped + kept.length;
    },
    add(kind, bytes) {
      kept.push({ kind, bytes });
      if (kept.length <= MOST) return;
      kept.shift();
      dropped += 1;
    },
    answered() {
      const left = kept.length > 1 ? 1 : 0;
      dropped += kept.length - left;
      kept = kept.slice(kept.length - left);
    },
    has: (taken) => taken >= dropped && taken <= dropped + kept.length,
    after: (taken) => kept.slice(taken - dropped).map(({ bytes }) => bytes),
    last: (kind, taken) => kept.findLast((one, at) => one.kind === kind && dropped + at >= taken)?.bytes,
    recount() {
      dropped = 0;
    },
    forget() {
      kept = [];
      dropped = 0;
    },
  };
}
