/**
 * Who sits where: seats the sessions of entrants, opens in each free seat the next match that has trials left for it, and tells a
 * match when the one who played it is gone. What a match is, and what happens to one that nobody plays, is the schedule's business.
 */
import { IcrlError, type Reason } from "../../common/errors.js";
import type { Entrant, Match, Place, Seat } from "./lobby.js";
import type { TrialSource } from "./trial-source.js";

/** A match as its schedule keeps it. */
export interface ScheduledMatch {
  readonly entrant: string;
  readonly source: TrialSource;
  /** Whether nothing of it is left to play. */
  readonly finished: boolean;
  /** Called when a session left it unfinished, or its entrant stayed away; with a text for people. */
  abandoned(reason: Reason, message: string): void;
}

/** What a roster asks of its schedule. */
export interface Schedule<M extends ScheduledMatch> {
  /** What the schedule is, for error texts: `tournament 12ab`. */
  readonly name: string;
  /** Names in the schedule, and the agents behind them. */
  readonly entrants: readonly { readonly name: string; readonly agent: string }[];
  /** The matches of an entrant, in the order in which they are offered. */
  matchesOf(entrant: string): readonly M[];
  /** Called once for each entrant, when its first session enters, before anything is offered to it. */
  declared(entrant: Entrant): void;
  /** What a session is told of a match. */
  describe(match: M): Match;
  /** Called after an entrant's session came or left. */
  changed(): void;
}

/** How an entrant is waited for. */
export interface Waiting {
  /** How long it may have no session, with matches left, before it counts as absent; undefined: for ever. */
  readonly timeoutMs: number | undefined;
  /** Processes that must have connected before it is offered anything. */
  readonly processes: number;
}

/** The seats of one schedule. */
export interface Roster<M extends ScheduledMatch> {
  /** Whether the schedule lists an entrant of this name. */
  lists(entrant: string): boolean;
  /** Seats an entrant that it lists. @throws AGENT_MISMATCH */
  enter(entrant: Entrant, seat: Seat): Place;
  /** Offers matches to those who wait: call it when there may be something for them. */
  offerAll(): void;
  /** Whether a session plays this match. */
  plays(match: M): boolean;
  /** Processes of an entrant that are connected, and that are waited for. */
  presenceOf(entrant: string): { readonly processes: number; readonly awaited: number };
  /** From now on waits for entrants in this way. */
  waitFor(waiting: (entrant: string) => Waiting): void;
  /** Stops waiting for entrants. */
  close(): void;
}

/** What happens on the server's side is no fault of the entrant: its trials are played again. */
export const SERVER_FAULTS: readonly Reason[] = ["SERVER_DRAINING", "LOG_UNWRITABLE"];

/** One seated session. */
interface Occupant<M> {
  readonly seat: Seat;
  readonly entrant: string;
  readonly peer: string;
  match: M | undefined;
  finished: boolean;
}

/** Opens a roster, and waits for its entrants. */
export function createRoster<M extends ScheduledMatch>(
  schedule: Schedule<M>,
  initially: (entrant: string) => Waiting,
): Roster<M> {
  const occupants = new Map<string, Set<Occupant<M>>>(schedule.entrants.map(({ name }) => [name, new Set()]));
  const listed = new Map(schedule.entrants.map((entrant) => [entrant.name, entrant]));
  const declared = new Set<string>();
  /** Entrants of which as many processes have come as were waited for: they may leave again. */
  const assembled = new Set<string>();
  const absenceTimers = new Map<string, NodeJS.Timeout>();
  let waiting = initially;
  let closed = false;

  const sessionsOf = (entrant: string): ReadonlySet<Occupant<M>> => occupants.get(entrant) ?? new Set();

  const processesOf = (entrant: string): number =>
    new Set(Array.from(sessionsOf(entrant), (occupant) => occupant.peer)).size;

  function isAssembled(entrant: string): boolean {
    if (!assembled.has(entrant) && processesOf(entrant) >= waiting(entrant).processes) assembled.add(entrant);
    return assembled.has(entrant);
  }

  function offer(occupant: Occupant<M>): void {
    if (occupant.finished || occupant.match !== undefined) return;
    const own = schedule.matchesOf(occupant.entrant);
    if (own.every((candidate) => candidate.finished)) {
      occupant.finished = true;
      occupant.seat.finish();
      return;
    }
    if (!isAssembled(occupant.entrant)) return;
    const match = own.find((candidate) => candidate.source.remaining > 0n);
    if (match === undefined) return;
    occupant.match = match;
    occupant.seat.open(schedule.describe(match));
  }

  function awaitEntrant(entrant: string): void {
    clearTimeout(absenceTimers.get(entrant));
    const { timeoutMs } = waiting(entrant);
    if (closed || timeoutMs === undefined || sessionsOf(entrant).size > 0) return;
    if (schedule.matchesOf(entrant).every((match) => match.finished)) return;
    const absent = () => {
      for (const match of schedule.matchesOf(entrant)) {
        if (!match.finished) match.abandoned("AGENT_ABSENT", `no session under this name for ${timeoutMs} ms`);
      }
    };
    absenceTimers.set(entrant, setTimeout(absent, timeoutMs));
  }

  const roster: Roster<M> = {
    lists: (entrant) => listed.has(entrant),
    enter(entrant, seat) {
      const { name, peer } = entrant;
      const agent = listed.get(name)?.agent;
      if (agent !== undefined && agent !== entrant.agent) {
        throw new IcrlError(
          "AGENT_MISMATCH",
          `entrant "${name}" of ${schedule.name} is agent "${agent}", not "${entrant.agent}"`,
        );
      }
      clearTimeout(absenceTimers.get(name));
      if (!declared.has(name)) {
        declared.add(name);
        schedule.declared(entrant);
      }
      const own = occupants.get(name) as Set<Occupant<M>>;
      const occupant: Occupant<M> = { seat, entrant: name, peer, match: undefined, finished: false };
      own.add(occupant);
      // After the session has its place: what is offered may be over at once.
      setImmediate(() => own.has(occupant) && offer(occupant));
      schedule.changed();
      return {
        free() {
          occupant.match = undefined;
          offer(occupant);
        },
        leave(reason, message) {
          own.delete(occupant);
          const { match } = occupant;
          if (match !== undefined && reason !== undefined && !SERVER_FAULTS.includes(reason)) {
            match.abandoned(reason, message);
          }
          if (own.size === 0) awaitEntrant(name);
          schedule.changed();
        },
      };
    },
    offerAll() {
      for (const sessions of occupants.values()) for (const occupant of sessions) offer(occupant);
    },
    plays(match) {
      for (const occupant of sessionsOf(match.entrant)) if (occupant.match === match) return true;
      return false;
    },
    presenceOf: (entrant) => ({ processes: processesOf(entrant), awaited: waiting(entrant).processes }),
    waitFor(changed) {
      waiting = changed;
      for (const { name } of schedule.entrants) awaitEntrant(name);
      roster.offerAll();
    },
    close() {
      closed = true;
      for (const timer of absenceTimers.values()) clearTimeout(timer);
    },
  };
  roster.waitFor(initially);
  return roster;
}
