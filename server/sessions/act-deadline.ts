/** How long an agent may take for its actions: a time for each answer and, in a match, an overtime that late answers use up together. */

/** The deadline of a session. */
export interface ActDeadline {
  /** Begins anew, with this much overtime for all answers together. */
  begin(overtimeMs: number): void;
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
 * @param missed called once when an answer has not come in time, with the overtime that the answers had in all
 */
export function createActDeadline(timeoutMs: number, missed: (overtimeMs: number) => void): ActDeadline {
  let overtimeMs = 0;
  let overtimeLeftMs = 0;
  let timer: NodeJS.Timeout | undefined;

  function disarm(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  return {
    begin(overtime) {
      disarm();
      overtimeMs = overtime;
      overtimeLeftMs = overtime;
    },
    arm() {
      if (timer === undefined) timer = setTimeout(() => missed(overtimeMs), timeoutMs + overtimeLeftMs);
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
