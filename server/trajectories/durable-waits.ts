/** Who waits until an episode is durable, and which episodes never will be. */
import type { IcrlError } from "../../common/errors.js";

interface Waiter {
  readonly number: number;
  resolve(): void;
  reject(error: IcrlError): void;
}

/** Nobody waits, and nothing is lost. Numbers count episodes from 1. */
export function createDurableWaits() {
  /** Numbers from..to that could not be written. */
  const lost: { readonly from: number; readonly to: number }[] = [];
  let waiters: Waiter[] = [];
  return {
    /** Resolves once `durable` has come to a number; rejects where it is lost, with what `errorOf` makes of that. */
    when(number: number, durable: number, errorOf: (why: Error) => IcrlError): Promise<void> {
      if (lost.some(({ from, to }) => from <= number && number <= to)) {
        return Promise.reject(errorOf(new Error(`episode ${number} was lost when the log could not be written`)));
      }
      if (number <= durable) return Promise.resolve();
      return new Promise((resolve, reject) => waiters.push({ number, resolve, reject }));
    },
    /** Tells those whose episodes are durable. */
    settle(durable: number): void {
      const ready = waiters.filter((waiter) => waiter.number <= durable);
      if (ready.length === 0) return;
      waiters = waiters.filter((waiter) => waiter.number > durable);
      for (const waiter of ready) waiter.resolve();
    },
    /** These alone are lost, and those who wait for them are told. */
    loseSome(from: number, to: number, error: IcrlError): void {
      lost.push({ from, to });
      const told = waiters.filter(({ number }) => from <= number && number <= to);
      waiters = waiters.filter(({ number }) => number < from || to < number);
      for (const waiter of told) waiter.reject(error);
    },
    /** Whether any of these is lost. */
    hasLost: (from: number, to: number): boolean => lost.some((range) => range.from <= to && from <= range.to),
    /** All that was appended and is not durable is lost, and those who wait are told; gives how many episodes that are now. */
    lose(durable: number, appended: number, error: IcrlError): number {
      const from = Math.max(durable, lost.at(-1)?.to ?? 0) + 1;
      if (from <= appended) lost.push({ from, to: appended });
      const told = waiters;
      waiters = [];
      for (const waiter of told) waiter.reject(error);
      return appended + 1 - from;
    },
  };
}
