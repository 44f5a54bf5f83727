/** A tournament of a server, from what a list shows of it to its results. */
import type { TournamentResults } from "../../proto/gen/icrl/v1/tournament.js";
import { notifyAll } from "../matches/turn-listeners.js";
import type { FinalCounts } from "./journal.js";
import type { CheckedSpec } from "./spec.js";
import type { Tournament } from "./tournament.js";

/** A tournament with its results, once they are there. */
export interface Entry {
  readonly spec: CheckedSpec;
  /** Undefined where it is over and not in memory: nobody has asked for it since the server was started, or lately. */
  readonly tournament: Tournament | undefined;
  readonly results: TournamentResults | undefined;
  /** Whether it is over, and its results are there or can be had. */
  readonly finished: boolean;
  /** Whether it was ended before it was over: there will be no results. */
  readonly cancelled: boolean;
  /** What its journal counted when it was finished; undefined where this run of the server played it and holds it still. */
  readonly earlier: FinalCounts | undefined;
}

/** One that is in memory. */
export interface LoadedEntry extends Entry {
  readonly tournament: Tournament;
  /** Calls a listener after every change, results included; returns how to stop that. */
  onChange(listener: () => void): () => void;
}

/**
 * Follows a tournament to its results.
 *
 * @param earlier what an earlier run of the server counted when it was finished
 * @param conclude gives them, once all is played; undefined where nobody wants them any more
 * @param failed told what a listener throws
 */
export function followed(
  tournament: Tournament,
  earlier: FinalCounts | undefined,
  conclude: () => Promise<TournamentResults | undefined>,
  failed: (error: unknown) => void,
): LoadedEntry {
  const listeners = new Set<() => void>();
  let results: TournamentResults | undefined;
  let concluding = false;
  const notify = () => notifyAll(listeners, failed);
  tournament.onChange(async () => {
    notify();
    if (!tournament.over || tournament.cancelled || concluding) return;
    concluding = true;
    results = await conclude();
    if (results !== undefined) notify();
  });
  return {
    spec: tournament.spec,
    tournament,
    get results() {
      return results;
    },
    get finished() {
      return results !== undefined;
    },
    get cancelled() {
      return tournament.cancelled;
    },
    earlier,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Resolves once a tournament that is over has its results. */
export async function resultsOf(entry: LoadedEntry): Promise<void> {
  while (entry.results === undefined) {
    await new Promise<void>((resolve) => {
      const stop = entry.onChange(() => {
        stop();
        resolve();
      });
    });
  }
}
