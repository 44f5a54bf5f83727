/**
 * All tournaments of a server, those of earlier runs on the same folder included, and the lobby in which entrants wait for them.
 *
 * A tournament is its spec, the trials in the log and its journal. One that was interrupted goes on when it is created again, or
 * when its entrants come; one that was finished is read from the log when somebody asks for it.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../common/clock.js";
import { IcrlError } from "../../common/errors.js";
import type { CreateTournamentRequest as Request } from "../../proto/gen/icrl/v1/tournament.js";
import { checkSpecName } from "../matches/checked-names.js";
import { createEntrantKeys } from "../matches/entrant-keys.js";
import { type Entrant, type Lobby, nothingMore, type Place, type Seat } from "../matches/lobby.js";
import type { OpenSchedules } from "../matches/open-schedules.js";
import type { Limits } from "../sessions/limits.js";
import type { MemoryBudget, Release } from "../sessions/memory-budget.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import type { WorkQueue } from "../work/work-queue.js";
import { createConclusions } from "./conclude.js";
import { type Entry, followed, type LoadedEntry, resultsOf } from "./entry.js";
import { type FinalCounts, type Journal, type JournalRecord, openJournal, readJournals } from "./journal.js";
import type { Forfeit, TournamentMatch } from "./match.js";
import { recoverTournament } from "./recover.js";
import { computeResults } from "./results.js";
import { type CheckedSpec, checkSpec, seedKeyText, tournamentBytes } from "./spec.js";
import { type Attendance, createTournament, type Tournament, UNATTENDED } from "./tournament.js";
import type { TournamentEvent } from "./tournament-event.js";
import { type Candidate, tournamentFor } from "./tournament-for.js";

/** The tournaments of a server. */
export interface Tournaments extends Lobby {
  /**
   * Creates and starts one, or goes on with the one of the same spec. It is on disk when this resolves, whoever created it; where it
   * cannot be written there is none, and the next who asks creates it. Whoever gives no seed key gets the one that there is, or a new one.
   * @throws SPEC_INVALID, also where the tournament has another seed key, and what its tasks throw; LOG_UNWRITABLE
   */
  create(request: Request): Promise<{ entry: LoadedEntry; existed: boolean }>;
  /** @throws TOURNAMENT_UNKNOWN; LOG_CORRUPT if it has to be read and cannot be */
  get(id: string): Promise<LoadedEntry>;
  /** Oldest first. */
  list(): readonly Entry[];
  /**
   * Forfeits matches of an entrant, as Tournament.forfeit does; that they are is on disk when this resolves.
   *
   * @param key the entrant's, where it has one
   * @throws TOURNAMENT_UNKNOWN, ENTRANT_UNKNOWN, KEY_REFUSED, LOG_UNWRITABLE, SERVER_DRAINING
   */
  /** Seeds of those that this version of the server leaves alone, as it would play something else: they are in no list. */
  readonly leftAlone: readonly Pick<CheckedSpec, "seed" | "seedKey">[];
  forfeit(id: string, entrant: string, forfeit: Forfeit, all: boolean, key: string): Promise<string[]>;
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

/** An entry's place: what an earlier run left is loaded at most once. */
interface Slot {
  readonly spec: CheckedSpec;
  readonly journal: Journal;
  /** What an earlier run left. */
  readonly record: JournalRecord | undefined;
  entry: LoadedEntry | undefined;
  loading: Promise<LoadedEntry> | undefined;
}

/** Of a seed key that is drawn: nobody guesses it. */
const SEED_KEY_BYTES = 32;

type StartedSlot = Slot & { readonly entry: LoadedEntry };
type Attending = (entrant: string) => Attendance;

/**
 * The tournaments that a folder knows of; those that are not finished are brought to where they were.
 *
 * @throws LOG_CORRUPT if a journal or a shard of an unfinished one cannot be read
 */
export async function openTournaments(context: TournamentsContext): Promise<Tournaments> {
  const { dataDir, limits, sink, memory, clock, work, onError, tell } = context;
  /** Those whose first line is on its way to the disk: nobody knows of them yet. */
  const creating = new Map<string, Promise<StartedSlot>>();
  const conclusions = createConclusions({ sink, clock, onError, tell });
  let closed = false;
  /** What may be written only as long as the log is ours. */
  const journalOf = (id: string) => openJournal(dataDir, id, sink.mustHold);
  const { slots, leftAlone } = earlierSlots(context, journalOf);
  context.schedules.watch(() => creating.size + unfinishedIn(slots.values()));

  const follow = (tournament: Tournament, journal: Journal, earlier: FinalCounts | undefined) => {
    const conclude = async () => {
      if (closed) return undefined;
      if (earlier === undefined) await conclusions.conclude(tournament, journal);
      return tournament.work.run(computeResults(tournament));
    };
    return followed(tournament, earlier, conclude, onError);
  };

  function load(slot: Slot): Promise<LoadedEntry> {
    slot.loading ??= (async () => {
      const record = slot.record as JournalRecord;
      const tournament = createTournament(slot.spec, clock, work, () => UNATTENDED, slot.journal.append, tell);
      await recoverTournament(tournament, dataDir, record);
      slot.entry = follow(tournament, slot.journal, record.finished);
      if (record.finished === undefined) holdWhilePlayed(slot.entry, memory.hold(tournamentBytes(slot.spec)));
      // Until its results are there it would look as if it were still being played.
      if (record.finished !== undefined) await resultsOf(slot.entry);
      return slot.entry;
    })();
    return slot.loading;
  }

  /** The slot's entry, with its results where it was finished before: whoever asks while it is read waits, too. */
  async function loaded(slot: Slot): Promise<LoadedEntry> {
    return slot.loading ?? slot.entry ?? load(slot);
  }

  /** Writes that there is a tournament, and then starts it. */
  async function start(spec: CheckedSpec, attendance: Attending, request: Request): Promise<StartedSlot> {
    const journal = journalOf(spec.id);
    const key = spec.seedKey === "" ? {} : { seed_key: spec.seedKey };
    journal.append({ event: "created", spec: journalled(spec), ...key, at: new Date().toISOString() });
    await journal.durable();
    const tournament = createTournament(spec, clock, work, attendance, journal.append, tell);
    sayBeforehand(tournament, request);
    await journal.durable();
    const entry = follow(tournament, journal, undefined);
    const slot = { spec, journal, record: undefined, entry, loading: undefined };
    slots.set(spec.id, slot);
    tell({ event: "tournament_created", ...about(spec, tournament.matches) });
    if (closed) tournament.close();
    return slot;
  }

  const unfinished = [...slots.values()].filter(({ record }) => record?.finished === undefined);
  if (unfinished.length > 0) await sink.seal();
  for (const slot of unfinished) tell({ event: "tournament_resumed", ...howFar(await load(slot)) });

  async function get(id: string): Promise<LoadedEntry> {
    const slot = slots.get(id);
    if (slot !== undefined) return loaded(slot);
    throw new IcrlError(
      "TOURNAMENT_UNKNOWN",
      `no tournament "${id}": this server has ${slots.size}, see ListTournaments`,
    );
  }

  return {
    async create(request) {
      if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: create it again later");
      const spec = checkSpec(request.spec, limits, () => randomBytes(8).readBigUInt64LE());
      const seedKey = request.seedKey === undefined ? undefined : seedKeyText(request.seedKey);
      const attendance = attendanceOf(request, spec, limits);
      checkEntrants(spec, request);
      for (;;) {
        const slot = slots.get(spec.id);
        if (slot !== undefined) {
          requireSameKey(slot.spec, seedKey);
          const entry = await loaded(slot);
          await goOn(entry.tournament, slot.journal, attendance, request);
          return { entry, existed: true };
        }
        const byAnother = creating.get(spec.id);
        if (byAnother === undefined) break;
        await byAnother.catch(() => {}); // if it failed, it is for us to try
      }
      const keyed = { ...spec, seedKey: seedKey ?? randomBytes(SEED_KEY_BYTES).toString("hex") };
      const mine = holding(context, spec, () => start(keyed, attendance, request));
      mine.finally(() => creating.delete(spec.id)).catch(() => {}); // whoever asked is told
      creating.set(spec.id, mine);
      return { entry: (await mine).entry, existed: false };
    },
    get,
    list: () => Array.from(slots.values(), shown),
    async forfeit(id, entrant, forfeit, all, key) {
      if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop");
      const { tournament } = await get(id);
      checkMayForfeit(tournament, entrant, key);
      const given = tournament.forfeit(entrant, forfeit, all);
      await slots.get(id)?.journal.durable();
      return given;
    },
    leftAlone,
    enter: (entrant, seat) => seated(entrant, seat, tournamentFor(entrant, Array.from(slots.values(), candidate))),
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

/** How many are being played. */
function unfinishedIn(slots: Iterable<Slot>): number {
  let count = 0;
  for (const { entry } of slots) if (entry?.tournament.over === false) count += 1;
  return count;
}

/** Those of earlier runs of the server, and the seeds of those that are left alone. @throws LOG_CORRUPT */
function earlierSlots({ dataDir, limits, onError }: TournamentsContext, journalOf: (id: string) => Journal) {
  const slots = new Map<string, Slot>();
  const leftAlone: Pick<CheckedSpec, "seed" | "seedKey">[] = [];
  for (const record of readJournals(dataDir)) {
    const spec = specOf(record, limits, onError);
    if (spec === undefined) leftAlone.push({ seed: record.spec.seed as bigint, seedKey: record.seedKey });
    else slots.set(spec.id, { spec, journal: journalOf(spec.id), record, entry: undefined, loading: undefined });
  }
  return { slots, leftAlone };
}

/** Somebody wants a tournament that there is. What it says of entrants is on disk when this resolves. */
async function goOn(tournament: Tournament, journal: Journal, attendance: Attending, request: Request): Promise<void> {
  // Of one that is over nothing changes any more: who stayed away has forfeited what it might have played.
  if (!tournament.over) sayBeforehand(tournament, request);
  await journal.durable();
  tournament.attend(attendance);
}

/** What a request says of entrants before they come. @throws KEY_REFUSED, and then none of it is said */
function sayBeforehand(tournament: Tournament, { declarations, entrantKeys }: Request): void {
  for (const { name, key } of entrantKeys) tournament.keys.checkGiven(name, key);
  for (const { name, key } of entrantKeys) tournament.keys.give(name, key);
  for (const { name, tasks } of declarations) tournament.declare(name, tasks);
}

/** A place in a tournament, or where it is over. */
const seated = (entrant: Entrant, seat: Seat, tournament: Tournament | undefined): Place =>
  tournament === undefined ? nothingMore(seat) : tournament.enter(entrant, seat);

/** A slot as whoever looks for its tournament sees it. */
const candidate = ({ spec, entry }: Slot): Candidate => ({
  spec,
  unfinished: entry === undefined || entry.tournament.over ? undefined : entry.tournament,
});

/** A slot's entry as a list shows it, without reading anything. */
const shown = ({ spec, entry, record }: Slot): Entry =>
  entry ?? { spec, tournament: undefined, results: undefined, finished: true, earlier: record?.finished };

/** What an event says of a tournament that goes on. */
const howFar = ({ spec, tournament: { matches } }: LoadedEntry) => ({
  ...about(spec, matches),
  unfinished: matches.filter((match) => !match.finished).length,
});

/** What an event says of a tournament. */
const about = ({ id, name, trials }: CheckedSpec, { length }: readonly TournamentMatch[]) => ({
  tournamentId: id,
  name,
  matches: length,
  trials,
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

/** @throws SPEC_INVALID if somebody wants a tournament that there is with other trials than it has */
function requireSameKey({ id, seedKey }: CheckedSpec, wanted: string | undefined): void {
  if (wanted === undefined || wanted === seedKey) return;
  throw new IcrlError(
    "SPEC_INVALID",
    `tournament ${id} exists with another seed_key, which gives it other trials: leave seed_key out to go on with it, or change its name or seed`,
  );
}

/** The spec as a journal keeps it. */
function journalled({ name, seed, trials, tasks, agents }: CheckedSpec): Record<string, unknown> {
  return {
    name,
    seed: String(seed),
    trials,
    tasks: tasks.map(({ id, task, options }) => ({ id, task: task.name, options })),
    agents,
  };
}

/** @throws SPEC_INVALID if a request says something of somebody who is no entrant */
function requireEntrant({ agents }: CheckedSpec, name: string, what: string): void {
  if (agents.some((agent) => agent.name === name)) return;
  const names = agents.map((agent) => agent.name).join(", ");
  throw new IcrlError("SPEC_INVALID", `"${name}" ${what}, but the entrants are ${names}`);
}

/** @throws ENTRANT_UNKNOWN; KEY_REFUSED if the entrant has another key */
function checkMayForfeit({ spec: { id }, lists, keys }: Tournament, entrant: string, key: string): void {
  if (!lists(entrant)) throw new IcrlError("ENTRANT_UNKNOWN", `tournament ${id} has no entrant "${entrant}"`);
  if (!keys.has(entrant) || keys.is(entrant, key)) return;
  throw new IcrlError("KEY_REFUSED", `entrant "${entrant}" of tournament ${id} has a key: give it as key`);
}

/** @throws SPEC_INVALID if something is said of somebody who is no entrant; KEY_REFUSED for keys that cannot be any, or two of one entrant */
function checkEntrants(spec: CheckedSpec, { declarations, entrantKeys }: Request): void {
  checkDeclarations(declarations, spec);
  requireAtMostAll("entrant_keys", entrantKeys, spec);
  const unused = createEntrantKeys("a new tournament", () => {});
  for (const { name, key } of entrantKeys) {
    requireEntrant(spec, name, "is given a key");
    unused.give(name, key); // another one for the same entrant is refused
  }
}

/** Names of tasks and kinds that an entrant may be declared to play, as in `hello.tasks`. */
const MAX_DECLARED = 1000;

/** Sees that what is said of entrants can be kept, and is said once of each. @throws SPEC_INVALID */
function checkDeclarations(declarations: Request["declarations"], spec: CheckedSpec): void {
  requireAtMostAll("declarations", declarations, spec);
  for (const { name, tasks } of declarations) {
    requireEntrant(spec, name, "is declared to play tasks");
    if (tasks.length > MAX_DECLARED) {
      throw new IcrlError(
        "SPEC_INVALID",
        `"${name}" is declared to play ${tasks.length} tasks: at most ${MAX_DECLARED}`,
      );
    }
    for (const task of tasks) checkSpecName(`a task that "${name}" is declared to play`, task);
  }
}

/** @throws SPEC_INVALID if a request says more than one thing of each entrant */
function requireAtMostAll(what: string, { length }: readonly unknown[], { agents }: CheckedSpec): void {
  if (length <= agents.length) return;
  throw new IcrlError("SPEC_INVALID", `${length} ${what} of ${agents.length} entrants: give one of each at most`);
}

/** Starts a tournament with its memory reserved. @throws SERVER_BUSY */
function holding(
  { memory, schedules }: TournamentsContext,
  spec: CheckedSpec,
  start: () => Promise<StartedSlot>,
): Promise<StartedSlot> {
  schedules.checkOneMore();
  const release = memory.reserve(tournamentBytes(spec), `tournament "${spec.name}"`);
  const starting = start();
  starting.then(({ entry }) => holdWhilePlayed(entry, release), release);
  return starting;
}

/** Gives memory back when nothing is left to play. */
function holdWhilePlayed({ tournament }: LoadedEntry, release: Release): void {
  if (tournament.over) return release();
  const stop = tournament.onChange(() => {
    if (!tournament.over) return;
    stop();
    release();
  });
}

/** How a request wants entrants to be waited for. @throws SPEC_INVALID */
function attendanceOf({ attendance }: Request, spec: CheckedSpec, limits: Limits): Attending {
  const usual = { mayLeave: false, timeoutMs: limits.entrantTimeoutMs, processes: 1 };
  const wanted = new Map<string, Attendance>();
  requireAtMostAll("attendances", attendance, spec);
  for (const { name, processes, mayLeave } of attendance) {
    requireEntrant(spec, name, "is to be waited for");
    if (processes < 1)
      throw new IcrlError("SPEC_INVALID", `${processes} processes of "${name}" are awaited: at least 1`);
    wanted.set(name, { mayLeave, timeoutMs: mayLeave ? undefined : usual.timeoutMs, processes });
  }
  return (entrant) => wanted.get(entrant) ?? usual;
}
