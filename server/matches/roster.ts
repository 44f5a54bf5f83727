/**
 * Who sits where: seats the sessions of entrants, opens in each free seat the next assignment that has trials left, and tells an
 * assignment when the one who played it is gone. What it is, and what happens to one that nobody plays, is the schedule's business.
 */
import type { Clock } from "../../common/clock.js";
import { IcrlError, type Reason } from "../../common/errors.js";
import type { Assignable, Assignment } from "./assignment.js";
import type { EntrantKeys } from "./entrant-keys.js";
import type { Entrant, Place, Seat } from "./lobby.js";
import { notifyAll } from "./turn-listeners.js";

/** What a roster asks of its schedule. */
export interface Schedule<A extends Assignable> {
  /** What the schedule is, for error texts: `tournament 12ab`. */
  readonly name: string;
  /** Names in the schedule, and the agents behind them. */
  readonly entrants: readonly { readonly name: string; readonly agent: string }[];
  /** What an entrant may be given, in the order in which it is offered. */
  assignmentsOf(entrant: string): readonly A[];
  /** By which its entrants are known again. */
  readonly keys: EntrantKeys;
  /** Called once for each entrant, when its first session enters, before anything is offered to it. */
  declared(entrant: Entrant): void;
  /** What a session is told of one. */
  describe(assignable: A): Assignment;
  /** Called after an entrant's session came or left. */
  changed(): void;
  /** Told what fails where no session can be. */
  failed(error: unknown): void;
}

/** How an entrant is waited for. */
export interface Waiting {
  /** How long it may have no session, with something left to play, before it counts as absent; undefined: for ever. */
  readonly timeoutMs: number | undefined;
  /** Processes that must have connected before it is offered anything. */
  readonly processes: number;
}

/** The seats of one schedule. */
export interface Roster<A extends Assignable> {
  /** Whether the schedule lists an entrant of this name. */
  lists(entrant: string): boolean;
  /** Seats an entrant that it lists. @throws AGENT_MISMATCH, KEY_REFUSED, and what `declared` throws */
  enter(entrant: Entrant, seat: Seat): Place;
  /** Offers assignments to those who wait: call it when there may be something for them. */
  offerAll(): void;
  /** Whether a session plays this now. */
  plays(assignable: A): boolean;
  /** Processes of an entrant that are connected, and that are waited for. */
  presenceOf(entrant: string): { readonly processes: number; readonly awaited: number };
  /** From now on waits for entrants in this way. */
  waitFor(waiting: (entrant: string) => Waiting): void;
  /** Stops waiting for entrants. */
  close(): void;
  /** Ends every session with this error, now and when one enters: nothing is played any more, and nobody is to blame. */
  end(error: IcrlError): void;
}

/** What happens on the server's side is no fault of the entrant: its trials are played again. */
export const SERVER_FAULTS: readonly Reason[] = ["SERVER_DRAINING", "LOG_UNWRITABLE"];

/** One seated session. */
interface Occupant<A> {
  readonly seat: Seat;
  readonly entrant: string;
  readonly peer: string;
  plays: A | undefined;
  finished: boolean;
}

/** Opens a roster, and waits for its entrants by this clock. */
export function createRoster<A extends Assignable>(
  schedule: Schedule<A>,
  clock: Clock,
  initially: (entrant: string) => Waiting,
): Roster<A> {
  const occupants = new Map<string, Set<Occupant<A>>>(schedule.entrants.map(({ name }) => [name, new Set()]));
  const listed = new Map(schedule.entrants.map((entrant) => [entrant.name, entrant]));
  const declared = new Set<string>();
  /** Entrants of which as many processes have come as were waited for: they may leave again. */
  const assembled = new Set<string>();
  /** What stops waiting for an entrant that is away. */
  const stopAwaiting = new Map<string, () => void>();
  let waiting = initially;
  let closed = false;
  let ended: IcrlError | undefined;

  const sessionsOf = (entrant: string): ReadonlySet<Occupant<A>> => occupants.get(entrant) ?? new Set();

  const processesOf = (entrant: string): number =>
    new Set(Array.from(sessionsOf(entrant), (occupant) => occupant.peer)).size;

  function isAssembled(entrant: string): boolean {
    if (!assembled.has(entrant) && processesOf(entrant) >= waiting(entrant).processes) assembled.add(entrant);
    return assembled.has(entrant);
  }

  /** What fails in this is one session's, whoever asked for it. */
  function offer(occupant: Occupant<A>): void {
    try {
      offerNext(occupant);
    } catch (error) {
      occupant.seat.fail(error);
    }
  }

  function offerNext(occupant: Occupant<A>): void {
    if (ended !== undefined || occupant.finished || occupant.plays !== undefined) return;
    const own = schedule.assignmentsOf(occupant.entrant);
    if (own.every(({ finished }) => finished)) {
      occupant.finished = true;
      occupant.seat.finish();
      return;
    }
    if (!isAssembled(occupant.entrant)) return;
    const next = own.find((candidate) => candidate.source.remaining > 0n);
    if (next === undefined) return;
    occupant.plays = next;
    occupant.seat.open(schedule.describe(next));
  }

  function awaitEntrant(entrant: string): void {
    stopAwaiting.get(entrant)?.();
    const { timeoutMs } = waiting(entrant);
    if (closed || timeoutMs === undefined || sessionsOf(entrant).size > 0) return;
    if (schedule.assignmentsOf(entrant).every(({ finished }) => finished)) return;
    const absent = () => abandonAll(schedule, entrant, timeoutMs);
    stopAwaiting.set(entrant, clock.after(timeoutMs, absent));
  }

  const roster: Roster<A> = {
    lists: (entrant) => listed.has(entrant),
    enter(entrant, seat) {
      if (ended !== undefined) throw ended;
      const { name, peer } = entrant;
      requireAgent(schedule.name, entrant, listed.get(name)?.agent);
      if (entrant.known !== true) schedule.keys.admit(name, entrant.key);
      if (!declared.has(name)) {
        declared.add(name);
        schedule.declared(entrant);
      }
      stopAwaiting.get(name)?.();
      const own = occupants.get(name) as Set<Occupant<A>>;
      const occupant: Occupant<A> = { seat, entrant: name, peer, plays: undefined, finished: false };
      own.add(occupant);
      // After the session has its place: what is offered may be over at once.
      setImmediate(() => own.has(occupant) && offer(occupant));
      schedule.changed();
      return {
        free() {
          occupant.plays = undefined;
          offer(occupant);
        },
        leave(reason, message, unheard) {
          own.delete(occupant);
          if (ended !== undefined) return schedule.changed();
          try {
            if (reason !== undefined && !SERVER_FAULTS.includes(reason)) {
              occupant.plays?.abandoned(reason, message, unheard);
            }
          } finally {
            if (own.size === 0) awaitEntrant(name);
            schedule.changed();
          }
        },
      };
    },
    offerAll() {
      for (const sessions of occupants.values()) for (const occupant of sessions) offer(occupant);
    },
    plays: (assignable) => [...sessionsOf(assignable.entrant)].some(({ plays }) => plays === assignable),
    presenceOf: (entrant) => ({ processes: processesOf(entrant), awaited: waiting(entrant).processes }),
    waitFor(changed) {
      waiting = changed;
      for (const { name } of schedule.entrants) awaitEntrant(name);
      roster.offerAll();
    },
    close() {
      closed = true;
      for (const stop of stopAwaiting.values()) stop();
    },
    end(error) {
      ended = error;
      roster.close();
      for (const sessions of occupants.values()) for (const { seat } of [...sessions]) seat.fail(error);
    },
  };
  roster.waitFor(initially);
  return roster;
}

/** @throws AGENT_MISMATCH if an entrant is not the agent that is listed */
function requireAgent(schedule: string, { name, agent }: Entrant, listed: string | undefined): void {
  if (listed === undefined || listed === agent) return;
  throw new IcrlError("AGENT_MISMATCH", `entrant "${name}" of ${schedule} is agent "${listed}", not "${agent}"`, {
    entrant: name,
    agent,
    expected: listed,
  });
}

/** An entrant stayed away: that is said to all that it has not finished, whatever some of it throws. */
function abandonAll<A extends Assignable>(schedule: Schedule<A>, entrant: string, timeoutMs: number): void {
  const why = `no session under this name for ${timeoutMs} ms`;
  const unfinished = schedule.assignmentsOf(entrant).filter(({ finished }) => !finished);
  const saying = unfinished.map((assigned) => () => assigned.abandoned("AGENT_ABSENT", why));
  notifyAll(saying, schedule.failed);
}
