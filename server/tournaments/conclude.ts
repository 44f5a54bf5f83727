/** The end of a tournament: it is finished for good once all that was played is in the log's shards, and its journal says so. */
import type { Clock } from "../../common/clock.js";
import { IcrlError } from "../../common/errors.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import type { Journal } from "./journal.js";
import type { TournamentMatch } from "./match.js";
import type { Tournament } from "./tournament.js";
import type { TournamentEvent } from "./tournament-event.js";

/** How long what could not be written waits before it is tried again. */
const RETRY_MS = 10_000;

/** What it needs of its server. */
export interface ConclusionsContext {
  readonly sink: TrajectorySink;
  /** By which what could not be written is tried again. */
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  readonly tell: (event: TournamentEvent) => void;
}

/** Tournaments on their way to be finished for good. */
export interface Conclusions {
  /**
   * Resolves after the first attempt, and goes on where that could not write: results need not wait for a disk, as they are true, and
   * every trial that counts in them is durable.
   */
  conclude(tournament: Tournament, journal: Journal): Promise<void>;
  /** Attempts no more. */
  close(): void;
}

/** None yet. */
export function createConclusions({ sink, clock, onError, tell }: ConclusionsContext): Conclusions {
  const retries = new Set<() => void>();
  let closed = false;

  return {
    async conclude(tournament, journal) {
      const { spec } = tournament;
      let noted = false;

      async function attempt(): Promise<void> {
        if (!sink.writable) await sink.probe();
        await sink.seal();
        const { matches } = tournament;
        const counts = {
          forfeits: sumOf(matches, (match) => match.forfeits),
          steps: sumOf(matches, (match) => match.steps),
        };
        if (!noted) journal.append({ event: "finished", matches: matches.length, ...counts });
        noted = true;
        await journal.durable();
        tell({
          event: "tournament_finished",
          tournamentId: spec.id,
          name: spec.name,
          matches: matches.length,
          forfeited: matches.filter((match) => match.forfeit !== undefined).length,
          steps: counts.steps,
        });
      }

      /** Says only once what stays as it is. */
      async function tryOnce(told: boolean): Promise<void> {
        try {
          await attempt();
        } catch (error) {
          const again = error instanceof IcrlError && error.reason === "LOG_UNWRITABLE" && !closed;
          if (!told || !again) onError(error);
          if (!again) return;
          const stop = clock.after(RETRY_MS, () => {
            retries.delete(stop);
            void tryOnce(true);
          });
          retries.add(stop);
        }
      }

      await tryOnce(false);
    },
    close() {
      closed = true;
      for (const stop of retries) stop();
    },
  };
}

function sumOf(matches: readonly TournamentMatch[], count: (match: TournamentMatch) => number): number {
  return matches.reduce((total, match) => total + count(match), 0);
}
