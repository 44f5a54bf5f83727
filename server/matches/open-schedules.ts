import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";

/** The tournaments and collections of a server that are not over, together. */
export interface OpenSchedules {
  /** Counts those of one kind from now on. */
  watch(count: () => number): void;
  /** @throws SERVER_BUSY if there may be no more */
  checkOneMore(): void;
}

/** None is counted yet; there may be `max`. */
export function openSchedules(max: number): OpenSchedules {
  const counts: (() => number)[] = [];
  return {
    watch: (count) => void counts.push(count),
    checkOneMore() {
      const open = counts.reduce((sum, count) => sum + count(), 0);
      if (open < max) return;
      throw new IcrlError(
        "SERVER_BUSY",
        `${open} tournaments and collections are not over: at most ${max}, cancel one or wait for its end`,
        { retry_delay_ms: RETRY_DELAY_MS },
      );
    },
  };
}
