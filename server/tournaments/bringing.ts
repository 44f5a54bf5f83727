/** How tournaments come into memory: new ones, and those that an earlier run of the server left. */
import type { Clock } from "../../common/clock.js";
import type { CreateTournamentRequest, TournamentResults } from "../../proto/gen/icrl/v1/tournament.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import { followed, type LoadedEntry, resultsOf } from "./entry.js";
import type { FinalCounts, Journal, JournalRecord } from "./journal.js";
import { recoverTournament } from "./recover.js";
import type { Slot } from "./slot.js";
import type { CheckedSpec } from "./spec.js";
import { type Attendance, createTournament, type Tournament, UNATTENDED } from "./tournament.js";
import type { TournamentEvent } from "./tournament-event.js";

/** What is said of entrants when a tournament is created. */
export type Declarations = CreateTournamentRequest["declarations"];

/** How each of them is waited for. */
export type Attending = (entrant: string) => Attendance;

/** Gives results, once all is played; undefined where nobody wants them any more. `earlier` is what an earlier run counted then. */
type Conclude = (
  tournament: Tournament,
  journal: Journal,
  earlier: FinalCounts | undefined,
) => Promise<TournamentResults | undefined>;

/** What it needs of its server. */
interface BringingContext {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly sink: TrajectorySink;
  readonly tell: (event: TournamentEvent) => void;
}

/** Brings tournaments into memory. */
export function bringing({ dataDir, clock, sink, tell }: BringingContext, conclude: Conclude) {
  const follow = (tournament: Tournament, journal: Journal, earlier: FinalCounts | undefined) =>
    followed(tournament, earlier, () => conclude(tournament, journal, earlier));

  return {
    /** What an earlier run left, with its results where it was finished. @throws LOG_CORRUPT if a shard cannot be read */
    async load(slot: Slot): Promise<LoadedEntry> {
      const record = slot.record as JournalRecord;
      const tournament = createTournament(slot.spec, clock, () => UNATTENDED, slot.journal.append, tell);
      await recoverTournament(tournament, dataDir, record);
      if (record.cancelled) tournament.cancel();
      const entry = follow(tournament, slot.journal, record.finished);
      // Until its results are there it would look as if it were still being played.
      if (record.finished !== undefined) await resultsOf(entry);
      return entry;
    },
    /** A new one: that there is one is on disk before it starts. @throws LOG_UNWRITABLE */
    async begin(
      spec: CheckedSpec,
      journal: Journal,
      attendance: Attending,
      declarations: Declarations,
      owner: string | undefined,
    ): Promise<LoadedEntry> {
      const at = new Date().toISOString();
      journal.append({ event: "created", spec: journalled(spec), at, from: sink.end, owner });
      await journal.durable();
      const tournament = createTournament(spec, clock, attendance, journal.append, tell);
      for (const { name, tasks } of declarations) tournament.declare(name, tasks);
      await journal.durable();
      return follow(tournament, journal, undefined);
    },
  };
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
