/**
 * All tournaments of a server, those of earlier runs on the same folder included, and the lobby in which entrants wait for them.
 *
 * A tournament is its spec, the trials in the log and its journal. One that was interrupted goes on when it is created again, or
 * when its entrants come; one that was finished is read from the log when somebody asks for it.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../common/clock.js";
import { IcrlError } from "../../common/errors.js";
import type { CreateTournamentRequest } from "../../proto/gen/icrl/v1/tournament.js";
import { ownerHash } from "../keys.js";
import type { Entrant, Lobby } from "../matches/lobby.js";
import type { Limits } from "../sessions/limits.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import { type Attending, bringing, type Declarations } from "./bringing.js";
import { createConclusions } from "./conclude.js";
import { createEndings, type Endings } from "./endings.js";
import type { Entry, LoadedEntry } from "./entry.js";
import { type Journal, type JournalRecord, openJournal, readJournals } from "./journal.js";
import { computeResults } from "./results.js";
import { about, howFar, type Slot, shown } from "./slot.js";
import { type CheckedSpec, checkSpec } from "./spec.js";
import { type Attendance, cancelledError, type Tournament } from "./tournament.js";
import type { TournamentEvent } from "./tournament-event.js";

/** The tournaments of a server. */
export interface Tournaments extends Lobby, Endings {
  /**
   * Creates and starts one, or goes on with the one of the same spec. It is on disk when this resolves, whoever created it; where it
   * cannot be written there is none, and the next who asks creates it.
   * Who shows another key than its owner's finds it as it is.
   * @throws SPEC_INVALID and what its tasks throw; LOG_UNWRITABLE, KEY_REFUSED, TOURNAMENT_CANCELLED
   */
  create(request: CreateTournamentRequest, operator: boolean): Promise<{ entry: LoadedEntry; existed: boolean }>;
  /** @throws TOURNAMENT_UNKNOWN; LOG_CORRUPT if it has to be read and cannot be */
  get(id: string): Promise<LoadedEntry>;
  /** Oldest first. */
  list(): readonly Entry[];
  /** Of a list: a number that grows with every tournament, from 1, and stays while the server runs. */
  numberOf(id: string): number;
  /** Ids of those whose truth must not be read. */
  running(): string[];
  /** Whether nothing will change any more: the server is about to stop. */
  readonly closed: boolean;
  /** Stops waiting for entrants, tells listeners, and takes no more; resolves when the journals are written. */
  close(): Promise<void>;
}

/** What tournaments need of their server. */
export interface TournamentsContext {
  readonly dataDir: string;
  readonly limits: Limits;
  readonly sink: TrajectorySink;
  /** By which entrants are waited for. */
  readonly clock: Clock;
  /** Told what goes wrong where nobody waits for an answer. */
  readonly onError: (error: unknown) => void;
  /** Told what happens. */
  readonly tell: (event: TournamentEvent) => void;
}

type StartedSlot = Slot & { readonly entry: LoadedEntry };

/**
 * The tournaments that a folder knows of; those that are not finished are brought to where they were.
 *
 * @throws LOG_CORRUPT if a journal or a shard of an unfinished one cannot be read
 */
export async function openTournaments(context: TournamentsContext): Promise<Tournaments> {
  const { dataDir, limits, sink, onError, tell } = context;
  const slots = new Map<string, Slot>();
  /** Those whose first line is on its way to the disk: nobody knows of them yet. */
  const creating = new Map<string, Promise<StartedSlot>>();
  const conclusions = createConclusions({ sink, onError, tell });
  let closed = false;
  let created = 0;

  /** What may be written only as long as the log is ours. */
  const journalOf = (id: string) => openJournal(dataDir, id, sink.mustHold);

  const { load, begin } = bringing(context, async (tournament, journal, earlier) => {
    if (closed) return undefined;
    if (earlier === undefined) await conclusions.conclude(tournament, journal);
    return computeResults(tournament);
  });

  function loadOnce(slot: Slot): Promise<LoadedEntry> {
    slot.loading = load(slot).then((entry) => {
      slot.entry = entry;
      return entry;
    });
    return slot.loading;
  }

  /** The slot's entry, with its results where it was finished before: whoever asks while it is read waits, too. */
  const loaded = async (slot: Slot): Promise<LoadedEntry> => slot.loading ?? slot.entry ?? loadOnce(slot);

  /** Writes that there is a tournament, and then starts it. */
  async function start(
    spec: CheckedSpec,
    attendance: Attending,
    declarations: Declarations,
    owner: string | undefined,
  ): Promise<StartedSlot> {
    const journal = journalOf(spec.id);
    const entry = await begin(spec, journal, attendance, declarations, owner);
    const place = { record: undefined, entry, loading: undefined, deleting: undefined };
    const slot = { number: ++created, spec, journal, owner, ...place };
    slots.set(spec.id, slot);
    tell({ event: "tournament_created", ...about(spec, entry.tournament.matches) });
    if (closed) entry.tournament.close();
    return slot;
  }

  for (const record of readJournals(dataDir)) {
    const spec = specOf(record, limits, onError);
    if (spec === undefined) continue;
    const place = { record, entry: undefined, loading: undefined, deleting: undefined };
    slots.set(spec.id, { number: ++created, spec, journal: journalOf(spec.id), owner: record.owner, ...place });
  }
  const unfinished = [...slots.values()].filter(({ record }) => !record?.finished && !record?.cancelled);
  if (unfinished.length > 0) await sink.seal();
  for (const slot of unfinished) tell({ event: "tournament_resumed", ...howFar(await loaded(slot)) });

  const endings = createEndings({
    ...{ sink, tell, loaded },
    slotOf(id) {
      if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop");
      return slotOf(slots, id);
    },
    forgotten: ({ spec }) => void slots.delete(spec.id),
  });

  /** Those in which something is left to play. */
  const open = () =>
    [...slots.values()].flatMap(({ entry }) =>
      entry && !entry.tournament.over && !entry.tournament.cancelled ? [entry] : [],
    );

  return {
    async create(request, operator) {
      if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: create it again later");
      const spec = checkSpec(request.spec, limits, () => randomBytes(8).readBigUInt64LE());
      const attendance = attendanceOf(request, spec, limits);
      const owner = ownerHash(request.ownerKey);
      for (const { name } of request.declarations) requireEntrant(spec, name, "is declared to play tasks");
      for (;;) {
        const slot = slots.get(spec.id);
        if (slot?.deleting !== undefined) {
          await slot.deleting.catch(() => {});
          continue;
        }
        if (slot !== undefined) {
          if (shown(slot).cancelled) throw cancelledError(spec.id);
          const entry = await loaded(slot);
          const mayAsk = operator || slot.owner === undefined || slot.owner === owner;
          if (mayAsk) await goOn(entry.tournament, slot.journal, attendance, request.declarations);
          return { entry, existed: true };
        }
        const byAnother = creating.get(spec.id);
        if (byAnother === undefined) break;
        await byAnother.catch(() => {}); // if it failed, it is for us to try
      }
      const mine = start(spec, attendance, request.declarations, owner).finally(() => creating.delete(spec.id));
      creating.set(spec.id, mine);
      return { entry: (await mine).entry, existed: false };
    },
    get: async (id) => loaded(slotOf(slots, id)),
    list: () => Array.from(slots.values(), shown),
    numberOf: (id) => slots.get(id)?.number ?? 0,
    ...endings,
    running: () => open().map(({ spec }) => spec.id),
    enter: (entrant, seat) => tournamentFor(entrant, slots, open).enter(entrant, seat),
    get closed() {
      return closed;
    },
    async close() {
      closed = true;
      conclusions.close();
      await Promise.allSettled(creating.values());
      for (const { entry } of slots.values()) entry?.tournament.close();
      await Promise.all(Array.from(slots.values(), ({ journal }) => journal.durable().catch(onError)));
    },
  };
}

/** @throws TOURNAMENT_UNKNOWN */
function slotOf(slots: ReadonlyMap<string, Slot>, id: string): Slot {
  const slot = slots.get(id);
  if (slot !== undefined && slot.deleting === undefined) return slot;
  throw new IcrlError(
    "TOURNAMENT_UNKNOWN",
    `no tournament "${id}": this server has ${slots.size}, see ListTournaments`,
  );
}

/** Somebody wants a tournament that there is. What it says of entrants is on disk when this resolves. */
async function goOn(
  tournament: Tournament,
  journal: Journal,
  attendance: Attending,
  declarations: Declarations,
): Promise<void> {
  // Of one that is over nothing changes any more: who stayed away has forfeited what it might have played.
  if (!tournament.over) for (const { name, tasks } of declarations) tournament.declare(name, tasks);
  await journal.durable();
  tournament.attend(attendance);
}

/** The spec of a journal; undefined, and onError told, where this version of the server would play something else. */
function specOf(
  { id, spec }: JournalRecord,
  limits: Limits,
  onError: (error: unknown) => void,
): CheckedSpec | undefined {
  try {
    const checked = checkSpec(spec, limits, () => 0n);
    if (checked.id === id) return checked;
    throw new IcrlError("SPEC_INVALID", "a version of its tasks has changed");
  } catch (error) {
    const why = `tournament ${id} of an earlier version of the server is left alone: ${(error as Error).message}`;
    onError(new IcrlError("SPEC_INVALID", why, { tournament: id }));
    return undefined;
  }
}

/** The tournament that an entrant is for. @throws TOURNAMENT_UNKNOWN, ENTRANT_UNKNOWN */
function tournamentFor(
  { name, tournamentId }: Entrant,
  slots: ReadonlyMap<string, Slot>,
  open: () => readonly LoadedEntry[],
): Tournament {
  if (tournamentId !== undefined && !slots.has(tournamentId)) {
    throw new IcrlError("TOURNAMENT_UNKNOWN", `no tournament "${tournamentId}": see ListTournaments`);
  }
  const asked = tournamentId === undefined ? undefined : slots.get(tournamentId);
  if (asked !== undefined && shown(asked).cancelled) throw cancelledError(asked.spec.id);
  const named = tournamentId === undefined ? undefined : slots.get(tournamentId)?.entry;
  const candidates = tournamentId === undefined ? open() : named === undefined ? [] : [named];
  const entry = candidates.find(({ tournament }) => tournament.lists(name));
  if (entry !== undefined) return entry.tournament;
  throw new IcrlError("ENTRANT_UNKNOWN", `no unfinished tournament lists the entrant "${name}"`);
}

/** @throws SPEC_INVALID if a request says something of somebody who is no entrant */
function requireEntrant({ agents }: CheckedSpec, name: string, what: string): void {
  if (agents.some((agent) => agent.name === name)) return;
  const names = agents.map((agent) => agent.name).join(", ");
  throw new IcrlError("SPEC_INVALID", `"${name}" ${what}, but the entrants are ${names}`);
}

/** How a request wants entrants to be waited for. @throws SPEC_INVALID */
function attendanceOf({ attendance }: CreateTournamentRequest, spec: CheckedSpec, limits: Limits): Attending {
  const usual = { mayLeave: false, timeoutMs: limits.entrant_timeout_ms, processes: 1 };
  const wanted = new Map<string, Attendance>();
  for (const { name, processes, mayLeave } of attendance) {
    requireEntrant(spec, name, "is to be waited for");
    if (processes < 1)
      throw new IcrlError("SPEC_INVALID", `${processes} processes of "${name}" are awaited: at least 1`);
    wanted.set(name, { mayLeave, timeoutMs: mayLeave ? undefined : usual.timeoutMs, processes });
  }
  return (entrant) => wanted.get(entrant) ?? usual;
}
