/**
 * What a session and its agent have said to each other, by count, and what the agent may not have got: so that another stream can go
 * on where one broke off.
 */
import { IcrlError } from "../../common/errors.js";
import type { MemoryBudget, Release } from "./memory-budget.js";

/** The messages of one session, welcome and draining not counted. */
export interface Delivery {
  /** Messages of the agent that the session has taken, hello not counted. */
  taken: number;
  /** Messages that were sent. */
  readonly sentCount: number;
  /** Whether the agent may not have got some of them. */
  readonly pending: boolean;
  /** Whether the agent has shown that it knows of the session: until it has, its welcome may have been lost. */
  heard: boolean;
  /** Messages that the server before had taken, where this one was started again since; else undefined. */
  before: number | undefined;
  /** Keeps what is sent until the agent has got it. */
  sent(bytes: Buffer): void;
  /** The agent has got all that was sent. */
  acknowledged(): void;
  /** What is kept is in no reservation any more: it is counted by itself from now on. */
  hold(): void;
  /** What was sent after the first `received`. @throws RESUME_CONFLICT if that is no count that the agent can have */
  after(received: bigint): readonly Buffer[];
}

/**
 * Most messages that are kept. An agent that does as it should has at most four to get: the last observations, `closed`, and `opened`
 * with the first observations of what comes next. Only one that repeats itself gets more, each of them what it got before.
 */
const MAX_KEPT = 16;

/** Nothing was said yet. */
export function createDelivery(memory: Pick<MemoryBudget, "hold">): Delivery {
  let kept: Buffer[] = [];
  let sent = 0;
  let release: Release | undefined;
  return {
    taken: 0,
    get sentCount() {
      return sent;
    },
    get pending() {
      return kept.length > 0;
    },
    heard: false,
    before: undefined,
    sent(bytes) {
      sent += 1;
      if (kept.push(bytes) > MAX_KEPT) kept.shift();
    },
    acknowledged() {
      kept = [];
      release?.();
      release = undefined;
    },
    hold() {
      release?.();
      release = memory.hold(kept.reduce((sum, { length }) => sum + length, 0));
    },
    after(received) {
      const missing = BigInt(sent) - received;
      if (missing >= 0n && missing <= BigInt(kept.length)) return kept.slice(kept.length - Number(missing));
      throw new IcrlError(
        "RESUME_CONFLICT",
        `received is ${received}: ${sent} messages were sent in this session, and all but the last ${kept.length} were answered`,
      );
    },
  };
}
