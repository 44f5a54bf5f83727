/** What tokens use of what they may have, counted for as long as the server runs. */
import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";
import { QUOTAS, type Quota, type Quotas } from "./token.js";

/** Gives back what was taken; once is enough. */
export type GiveBack = () => void;

/** What one token may have of each quota, and has. Its file is looked at every time. */
export interface Share {
  readonly tokenId: string;
  /** How much it may still take; Infinity where it is not bounded. */
  left(quota: Quota): number;
  /** Takes so much. @throws QUOTA_EXCEEDED if it may not, with `quota`, `limit` and `retry_delay_ms` */
  take(quota: Quota, amount: number): GiveBack;
  /** Counts what is there already, whether it may be or not. */
  hold(quota: Quota, amount: number): GiveBack;
  /** @throws QUOTA_EXCEEDED if nothing is left */
  requireLeft(quota: Quota): void;
  /** Of what is counted elsewhere: may it be one more than so many? @throws QUOTA_EXCEEDED */
  requireOneMore(quota: Quota, used: number): void;
}

/** The shares of a server's tokens. */
export interface Shares {
  of(tokenId: string): Share;
}

const DAY_MS = 86_400_000;

/**
 * Nothing is used.
 *
 * @param quotasOf those of a token; undefined where there is none of that id any more: its sessions are about to end
 * @param nowMs Unix time in milliseconds
 */
export function createShares(quotasOf: (tokenId: string) => Quotas | undefined, nowMs: () => number): Shares {
  const shares = new Map<string, Share>();
  return {
    of(tokenId) {
      const share = shares.get(tokenId) ?? createShare(tokenId, () => quotasOf(tokenId) ?? {}, nowMs);
      shares.set(tokenId, share);
      return share;
    },
  };
}

function createShare(tokenId: string, quotas: () => Quotas, nowMs: () => number): Share {
  const used = Object.fromEntries(Object.keys(QUOTAS).map((quota) => [quota, 0])) as Record<Quota, number>;
  let day = 0;
  let paidAtMs = nowMs();

  const isDaily = (quota: Quota) => quota === "log_bytes_a_day";

  /** How much is used: of what is counted by day since midnight, UTC; of the processor's time what is not paid for by time that has passed. */
  function usedOf(quota: Quota): number {
    if (quota === "cpu_ms_a_second") {
      const now = nowMs();
      used[quota] = Math.max(0, used[quota] - (Math.max(0, now - paidAtMs) / 1000) * (quotas()[quota] ?? 0));
      paidAtMs = now;
    } else if (isDaily(quota)) {
      const today = Math.floor(nowMs() / DAY_MS);
      if (today !== day) used[quota] = 0;
      day = today;
    }
    return used[quota];
  }

  function require(quota: Quota, before: number, amount: number): void {
    const limit = quotas()[quota];
    if (limit === undefined || before + amount <= limit) return;
    const retryMs = isDaily(quota) ? DAY_MS - (nowMs() % DAY_MS) : RETRY_DELAY_MS;
    const { flag, what, remedy } = QUOTAS[quota];
    throw new IcrlError(
      "QUOTA_EXCEEDED",
      `token ${tokenId} has ${before} ${what} and asks for ${amount} more: at most ${limit} (--${flag}), ${remedy}`,
      { quota, limit, retry_delay_ms: Math.ceil(retryMs) },
    );
  }

  function hold(quota: Quota, amount: number): GiveBack {
    used[quota] = usedOf(quota) + amount;
    let held = amount;
    return () => {
      used[quota] -= held;
      held = 0;
    };
  }

  return {
    tokenId,
    left: (quota) => Math.max(0, (quotas()[quota] ?? Number.POSITIVE_INFINITY) - usedOf(quota)),
    take(quota, amount) {
      require(quota, usedOf(quota), amount);
      return hold(quota, amount);
    },
    hold,
    requireLeft: (quota) => require(quota, usedOf(quota), 1),
    requireOneMore: (quota, before) => require(quota, before, 1),
  };
}
