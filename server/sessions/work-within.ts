/**
 * The processor's time that one token's sessions may use. What a session computes, an open or a lock-step with its answer, begins once what the
 * token used before is paid for, and then takes turns with everybody's, so that nothing half done holds memory while it waits.
 */
import type { Clock } from "../../common/clock.js";
import type { Slices } from "../../common/slices.js";
import type { WorkQueue } from "../work/work-queue.js";
import type { SessionShare } from "./link.js";

/** How often it is looked whether it is paid for, in milliseconds. */
const LOOKS_MS = 10;

/** Of each share there is one, whichever session asks. */
const queues = new WeakMap<SessionShare, Pick<WorkQueue, "compute">>();

/** What computes for the sessions of a token. */
export function workWithin(share: SessionShare, all: WorkQueue, clock: Pick<Clock, "now" | "after">): WorkQueue {
  const queue = queues.get(share) ?? createQueue(share, all, clock);
  queues.set(share, queue);
  return {
    compute: queue.compute,
    line: all.line,
    get size() {
      return all.size;
    },
  };
}

function createQueue(
  share: SessionShare,
  all: WorkQueue,
  clock: Pick<Clock, "now" | "after">,
): Pick<WorkQueue, "compute"> {
  /** Begin in this order. */
  const waiting = new Set<() => void>();
  let looks = false;

  function look(): void {
    looks = false;
    for (const begin of waiting) {
      if (share.left("cpu_ms_a_second") === 0) return lookAgain();
      waiting.delete(begin);
      begin();
    }
  }

  function lookAgain(): void {
    if (looks) return;
    looks = true;
    clock.after(LOOKS_MS, look);
  }

  /** Runs it, and has its time paid for, however it ends. */
  function paid<T>(run: () => T): T {
    const fromMs = clock.now();
    try {
      return run();
    } finally {
      share.hold("cpu_ms_a_second", clock.now() - fromMs);
    }
  }

  function* metered<T>(slices: Slices<T>): Slices<T> {
    try {
      for (;;) {
        const slice = paid(() => slices.next());
        if (slice.done) return slice.value;
        yield slice.value;
      }
    } finally {
      slices.return(undefined as T); // given up, or over
    }
  }

  return {
    compute<T>(slices: Slices<T>, done: (value: T) => void, failed: (error: unknown) => void) {
      const left = share.left("cpu_ms_a_second");
      if (left === Number.POSITIVE_INFINITY) return all.compute(slices, done, failed);
      const start = () => all.compute(metered(slices), (value) => paid(() => done(value)), failed);
      if (left > 0 && waiting.size === 0) return start();
      let giveUp = () => {
        waiting.delete(begin);
        slices.return(undefined as T);
      };
      const begin = () => {
        giveUp = start();
      };
      waiting.add(begin);
      lookAgain();
      return () => giveUp();
    },
  };
}
