/**
 * All tournaments of a server, those of earlier runs on the same folder included, and the lobby in which entrants wait for them.
 *
 * A tournament is its spec, the trials in the log and its journal. One that was interrupted goes on when it is created again, or
 * when its entrants come; one that was finished, before or a while ago, is read from the log when somebody asks for it.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../common/clock.js";
import { IcrlError } from "../../common/errors.js";
import type { CreateTournamentRequest as Request } from "../../proto/gen/icrl/v1/tournament.js";
import { ownerHash } from "../keys.js";
import { type Entrant, type Lobby, nothingMore, type Place, type Seat } from "../matches/lobby.js";
import { type Creator, countOf, type OpenSchedules } from "../matches/open-schedules.js";
import type { Limits } from "../sessions/limits.js";
import type { MemoryBudget } from "../sessions/memory-budget.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import type { WorkQueue } from "../work/work-queue.js";
import { bringing, holdWhilePlayed } from "./bringing.js";
import { createConclusions } from "./conclude.js";
import { createEndings, type Endings } from "./endings.js";
import type { Entry, LoadedEntry } from "./entry.js";
import { inMemory } from "./in-memory.js";
import { type Journal, type JournalRecord, openJournal, readJournalOf, readJournals } from "./journal.js";
import { computeResults } from "./results.js";
import { type Attending, attendanceOf, checkEntrants, sayBeforehand } from "./said-of-entrants.js";
import { about, howFar, type Slot, shown } from "./slot.js";
import { type CheckedSpec, checkSpec, seedKeyText, tournamentBytes } from "./spec.js";
import { cancelledError, type Tournament } from "./tournament.js";
import type { TournamentEvent } from "./tournament-event.js";
import { type Candidate, tournamentFor } from "./tournament-for.js";

/** The tournaments of a server. */
export interface Tournaments extends Lobby, Endings {
  /**
   * Creates and starts one, or goes on with the one of the same spec. It is on disk when this resolves, whoever created it; where it
   * cannot be written there is none, and the next who asks creates it. Whoever gives no seed key gets the one that there is, or a new one.
   * Who shows another key than its owner's finds it as it is.
   * @throws SPEC_INVALID, also where the tournament has another seed key, and what its tasks throw; LOG_UNWRITABLE, KEY_REFUSED,
   *   TOURNAMENT_CANCELLED, SERVER_BUSY, QUOTA_EXCEEDED
   */
  create(request: Request, operator: boolean, by?: Creator): Promise<{ entry: LoadedEntry; existed: boolean }>;
  /** @throws TOURNAMENT_UNKNOWN; LOG_CORRUPT if it has to be read and cannot be */
  get(id: string): Promise<LoadedEntry>;
  /** Oldest first. */
  list(): readonly Entry[];
  /** Of a list: a number that grows with every tournament, from 1, and stays while the server runs. */
  numberOf(id: string): number;
  /** Seeds of those that this version of the server leaves alone, as it would play something else: they are in no list. */
  readonly leftAlone: readonly Pick<CheckedSpec, "seed" | "seedKey">[];
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
  /** What all sessions may hold together: tournaments that are played hold of it, too. */
  readonly memory: MemoryBudget;
  readonly schedules: OpenSchedules;
  /** Where what takes long is computed. */
  readonly work: WorkQueue;
  /** Told what goes wrong where nobody waits for an answer. */
  readonly onError: (error: unknown) => void;
  /** Told what happens. */
  readonly tell: (event: TournamentEvent) => void;
}

/** Of a seed key that is drawn: nobody guesses it. */
const SEED_KEY_BYTES = 32;

/** One whose first line is on its way to the disk. */
interface Creating {
  readonly tokenId: string | undefined;
  readonly started: Promise<LoadedEntry>;
}

/**
 * The tournaments that a folder knows of; those that are not finished are brought to where they were.
 *
 * @throws LOG_CORRUPT if a journal or a shard of an unfinished one cannot be read
 */
export async function openTournaments(context: TournamentsContext): Promise<Tournaments> {
  const { dataDir, limits, sink, clock, onError, tell } = context;
  /** Those whose first line is on its way to the disk: nobody knows of them yet. */
  const creating = new Map<string, Creating>();
  const conclusions = createConclusions({ sink, clock, onError, tell });
  let closed = false;
  /** What may be written only as long as the log is ours. */
  const journalOf = (id: string) => openJournal(dataDir, id, sink.mustHold);
  const { slots, leftAlone } = earlierSlots(context, journalOf);
  let created = slots.size;
  const unfinishedNow = () => [...slots.values()].filter(isUnfinished);
  context.schedules.watch((tokenId) => countOf([...creating.values(), ...unfinishedNow()], tokenId));

  const { load, begin } = bringing(context, async (tournament, journal, earlier) => {
    if (closed) return undefined;
    if (earlier === undefined) await conclusions.conclude(tournament, journal);
    return tournament.work.run(computeResults(tournament));
  });

  const { loaded, placed, forget } = inMemory(load, ({ spec }) => {
    try {
      return readJournalOf(dataDir, spec.id);
    } catch (error) {
      onError(error);
      return undefined;
    }
  });

  /** Writes that there is a tournament, and then starts it. */
  async function start(
    spec: CheckedSpec,
    attendance: Attending,
    request: Request,
    tokenId: string | undefined,
  ): Promise<LoadedEntry> {
    const journal = journalOf(spec.id);
    const owner = ownerHash(request.ownerKey);
    const entry = await begin(spec, journal, attendance, request, { owner, token: tokenId });
    const place = { record: undefined, entry: undefined, loading: undefined, deleting: undefined };
    const slot = { number: ++created, spec, journal, owner, tokenId, ...place };
    placed(slot, entry);
    slots.set(spec.id, slot);
    tell({ event: "tournament_created", ...about(spec, entry.tournament.matches) });
    if (closed) entry.tournament.close();
    return entry;
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
    forgotten(slot) {
      slots.delete(slot.spec.id);
      forget(slot);
    },
  });

  return {
    async create(request, operator, by) {
      if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: create it again later");
      const spec = checkSpec(request.spec, limits, () => randomBytes(8).readBigUInt64LE());
      const seedKey = request.seedKey === undefined ? undefined : seedKeyText(request.seedKey);
      const attendance = attendanceOf(request, spec, limits);
      checkEntrants(spec, request);
      const owner = ownerHash(request.ownerKey);
      for (;;) {
        const slot = slots.get(spec.id);
        if (slot?.deleting !== undefined) {
          await slot.deleting.catch(() => {});
          continue;
        }
        if (slot !== undefined) {
          requireSameKey(slot.spec, seedKey);
          if (shown(slot).cancelled) throw cancelledError(spec.id);
          const entry = await loaded(slot);
          const mayAsk = operator || slot.owner === undefined || slot.owner === owner;
          if (mayAsk) await goOn(entry.tournament, slot.journal, attendance, request);
          return { entry, existed: true };
        }
        const byAnother = creating.get(spec.id);
        if (byAnother === undefined) break;
        await byAnother.started.catch(() => {}); // if it failed, it is for us to try
      }
      const keyed = { ...spec, seedKey: seedKey ?? randomBytes(SEED_KEY_BYTES).toString("hex") };
      const tokenId = by?.tokenId;
      const mine = holding(context, spec, by, () => start(keyed, attendance, request, tokenId));
      mine.finally(() => creating.delete(spec.id)).catch(() => {}); // whoever asked is told
      creating.set(spec.id, { tokenId, started: mine });
      return { entry: await mine, existed: false };
    },
    get: async (id) => loaded(slotOf(slots, id)),
    list: () => Array.from(slots.values(), shown),
    numberOf: (id) => slots.get(id)?.number ?? 0,
    ...endings,
    leftAlone,
    enter: (entrant, seat) => seated(entrant, seat, tournamentFor(entrant, Array.from(slots.values(), candidate))),
    get closed() {
      return closed;
    },
    async close() {
      closed = true;
      conclusions.close();
      await Promise.allSettled(Array.from(creating.values(), ({ started }) => started));
      for (const { entry } of slots.values()) entry?.tournament.close();
      await Promise.all(Array.from(slots.values(), ({ journal }) => journal.durable().catch(onError)));
    },
  };
}

/** Whether it is being played. */
const isUnfinished = ({ entry }: Slot): boolean => entry !== undefined && isPlayed(entry.tournament);

/** Whether something is left to play. */
const isPlayed = ({ over, cancelled }: Tournament): boolean => !over && !cancelled;

/** Those of earlier runs of the server, and the seeds of those that are left alone. @throws LOG_CORRUPT */
function earlierSlots({ dataDir, limits, onError }: TournamentsContext, journalOf: (id: string) => Journal) {
  const slots = new Map<string, Slot>();
  const leftAlone: Pick<CheckedSpec, "seed" | "seedKey">[] = [];
  for (const record of readJournals(dataDir)) {
    const spec = specOf(record, limits, onError);
    if (spec === undefined) {
      leftAlone.push({ seed: record.spec.seed as bigint, seedKey: record.seedKey });
      continue;
    }
    const place = { record, entry: undefined, loading: undefined, deleting: undefined };
    slots.set(spec.id, {
      number: slots.size + 1,
      spec,
      journal: journalOf(spec.id),
      owner: record.owner,
      tokenId: record.tokenId,
      ...place,
    });
  }
  return { slots, leftAlone };
}

/** @throws TOURNAMENT_UNKNOWN */
function slotOf(slots: ReadonlyMap<string, Slot>, id: string): Slot {
  const slot = slots.get(id);
  if (slot !== undefined && slot.deleting === undefined) return slot;
  throw new IcrlError(
    "TOURNAMENT_UNKNOWN",
    `no tournament "${id}": this server has ${slots.size}, see ListTournaments`,
    { tournament: id },
  );
}

/** Somebody wants a tournament that there is. What it says of entrants is on disk when this resolves. */
async function goOn(tournament: Tournament, journal: Journal, attendance: Attending, request: Request): Promise<void> {
  // Of one that is over nothing changes any more: who stayed away has forfeited what it might have played.
  if (!tournament.over) sayBeforehand(tournament, request);
  await journal.durable();
  tournament.attend(attendance);
}

/** A place in a tournament, or where it is over. */
const seated = (entrant: Entrant, seat: Seat, tournament: Tournament | undefined): Place =>
  tournament === undefined ? nothingMore(seat) : tournament.enter(entrant, seat);

/** A slot as whoever looks for its tournament sees it. */
const candidate = (slot: Slot): Candidate => ({
  spec: slot.spec,
  unfinished: slot.entry !== undefined && isPlayed(slot.entry.tournament) ? slot.entry.tournament : undefined,
  cancelled: shown(slot).cancelled,
});

/** The spec of a journal; undefined, and onError told, where this version of the server would play something else. */
function specOf(
  { id, spec, seedKey }: JournalRecord,
  limits: Limits,
  onError: (error: unknown) => void,
): CheckedSpec | undefined {
  try {
    const checked = { ...checkSpec(spec, limits, () => 0n), seedKey };
    if (checked.id === id) return checked;
    throw new IcrlError("SPEC_INVALID", "a version of its tasks has changed");
  } catch (error) {
    const why = `tournament ${id} of an earlier version of the server is left alone: ${(error as Error).message}`;
    onError(new IcrlError("SPEC_INVALID", why, { tournament: id }));
    return undefined;
  }
}

/** Starts a tournament with its memory reserved. @throws SERVER_BUSY, QUOTA_EXCEEDED */
function holding(
  { memory, schedules }: TournamentsContext,
  spec: CheckedSpec,
  by: Creator | undefined,
  start: () => Promise<LoadedEntry>,
): Promise<LoadedEntry> {
  schedules.checkOneMore(by);
  const release = memory.reserve(tournamentBytes(spec), `tournament "${spec.name}"`);
  const starting = start();
  starting.then((entry) => holdWhilePlayed(entry, release), release);
  return starting;
}

/** @throws SPEC_INVALID if somebody wants a tournament that there is with other trials than it has */
function requireSameKey({ id, seedKey }: CheckedSpec, wanted: string | undefined): void {
  if (wanted === undefined || wanted === seedKey) return;
  throw new IcrlError(
    "SPEC_INVALID",
    `tournament ${id} exists with another seed_key, which gives it other trials: leave seed_key out to go on with it, or change its name or seed`,
    { tournament: id },
  );
}
