/** How long an agent may take for its actions: a time for each answer, and an overtime that late answers use up together. */

/** The deadline of what is open in a session. */
export interface ActDeadline {
  /** The agent is asked: an answer is due. Allocates nothing while answers come in time. */
  arm(): void;
  /** The agent has answered after this long; what was late is taken from the overtime. */
  answered(afterMs: number): void;
  /** Nothing is due. */
  disarm(): void;
}

/**
 * A deadline that nothing is due by yet.
 *
 * @param timeoutMs for each answer
 * @param overtimeMs how much longer answers may take, all of them together
 * @param missed called once when an answer has not come in time
 */
export function createActDeadline(timeoutMs: number, overtimeMs: number, missed: () => void): ActDeadline {
  let overtimeLeftMs = overtimeMs;
  let timer: NodeJS.Timeout | undefined;

  function disarm(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  return {
    arm() {
      if (timer === undefined) timer = setTimeout(missed, timeoutMs + overtimeLeftMs);
      else timer.refresh();
    },
    answered(afterMs) {
      if (afterMs <= timeoutMs || overtimeLeftMs === 0) return;
      overtimeLeftMs = Math.max(0, overtimeLeftMs - (afterMs - timeoutMs));
      disarm(); // the next one is due sooner
    },
    disarm,
  };
}
