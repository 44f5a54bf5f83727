import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";

/** By whose token one is created. */
export interface Creator {
  readonly tokenId: string;
  /** May it be one more than so many of its that are not over? @throws QUOTA_EXCEEDED */
  requireOneMore(quota: "tournaments", open: number): void;
}

/** The tournaments and collections of a server that are not over, together. */
export interface OpenSchedules {
  /** Counts those of one kind from now on: all of them, or those of a token. */
  watch(count: (tokenId?: string) => number): void;
  /** @throws SERVER_BUSY if there may be no more; QUOTA_EXCEEDED if there may be no more of whose it is, where it is a token's */
  checkOneMore(by?: Creator): void;
}

/** How many of them are a token's, or of anybody where no token is given. */
export const countOf = (all: readonly { readonly tokenId: string | undefined }[], tokenId?: string): number =>
  tokenId === undefined ? all.length : all.filter((one) => one.tokenId === tokenId).length;

/** None is counted yet; there may be `max`. */
export function openSchedules(max: number): OpenSchedules {
  const counts: ((tokenId?: string) => number)[] = [];
  const openOf = (tokenId?: string) => counts.reduce((sum, count) => sum + count(tokenId), 0);
  return {
    watch: (count) => void counts.push(count),
    checkOneMore(by) {
      by?.requireOneMore("tournaments", openOf(by.tokenId));
      const open = openOf();
      if (open < max) return;
      throw new IcrlError(
        "SERVER_BUSY",
        `${open} tournaments and collections are not over: at most ${max}, cancel one or wait for its end`,
        { retry_delay_ms: RETRY_DELAY_MS },
      );
    },
  };
}
