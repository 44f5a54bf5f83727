/** What of an open's trials is left, should the server stop: those that nobody had, and those that were begun and not played to their ends. */
import type { TrialSource, TrialTicket } from "../matches/trial-source.js";

/** A trial that is played again from its beginning, and the env that had it. */
export type TrialAgain = Omit<TrialTicket, "taken"> & { readonly env: number };

/** What is left. */
export interface TrialsLeft {
  /** How many trials were handed out of the series, or of each env's own. */
  readonly taken: readonly bigint[];
  readonly again: readonly TrialAgain[];
  /** Of what is played: trials played to their ends. */
  readonly completeTrials: number;
  /** Those that the agent ended before, and their episodes. */
  readonly incompleteTrials: number;
  readonly incompleteEpisodes: number;
  /** Steps of both. */
  readonly steps: number;
}

/** A source that knows what is left of it. */
export interface CountedSource extends TrialSource {
  /** From now on what comes back unplayed is left. */
  stop(): void;
  /** What is left now that it was stopped. */
  left(): TrialsLeft;
}

/**
 * Counts what is taken of a source.
 *
 * @param own whether each env has a series of its own
 * @param before what was left of it when the server was stopped; `source` begins after what had been handed out then
 */
export function countedSource(source: TrialSource, own: boolean, before?: TrialsLeft): CountedSource {
  const taken = [...(before?.taken ?? [])];
  let waiting = [...(before?.again ?? [])];
  /** By env. */
  const out = new Map<number, TrialAgain>();
  const again: TrialAgain[] = [];
  let completeTrials = before?.completeTrials ?? 0;
  let incompleteTrials = before?.incompleteTrials ?? 0;
  let incompleteEpisodes = before?.incompleteEpisodes ?? 0;
  let steps = before?.steps ?? 0;
  let stopped = false;

  function next(n: number): TrialTicket | undefined {
    const found = waiting.find(({ env }) => !own || env === n);
    if (found !== undefined) {
      waiting = waiting.filter((one) => one !== found);
      return found;
    }
    const ticket = source.take(n);
    const series = own ? n : 0;
    if (ticket !== undefined) taken[series] = (taken[series] ?? 0n) + 1n;
    return ticket;
  }

  return {
    get remaining() {
      return source.remaining + BigInt(waiting.length);
    },
    take(n) {
      const ticket = next(n);
      if (ticket === undefined) return undefined;
      const own = { ...ticket, env: n };
      out.set(n, own);
      return own;
    },
    stepped: source.stepped,
    done(result) {
      const { ticket, complete } = result;
      const { env = 0 } = ticket;
      out.delete(env);
      if (stopped && !complete) again.push({ ...ticket, env });
      else {
        completeTrials += complete ? 1 : 0;
        incompleteTrials += complete ? 0 : 1;
        incompleteEpisodes += complete ? 0 : result.episodes;
        steps += result.steps;
      }
      source.done(result);
    },
    stop() {
      stopped = true;
    },
    left: () => ({
      taken: Array.from(taken, (count) => count ?? 0n),
      again: [...again, ...out.values(), ...waiting],
      completeTrials,
      incompleteTrials,
      incompleteEpisodes,
      steps,
    }),
  };
}
