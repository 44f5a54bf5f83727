/** How tournaments come into memory: new ones, and those that an earlier run of the server left. */
import type { Clock } from "../../common/clock.js";
import type { CreateTournamentRequest as Request, TournamentResults } from "../../proto/gen/icrl/v1/tournament.js";
import type { MemoryBudget, Release } from "../sessions/memory-budget.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import type { WorkQueue } from "../work/work-queue.js";
import { followed, type LoadedEntry, resultsOf } from "./entry.js";
import type { FinalCounts, Journal, JournalRecord } from "./journal.js";
import { recoverTournament } from "./recover.js";
import { type Attending, sayBeforehand } from "./said-of-entrants.js";
import type { Slot } from "./slot.js";
import { type CheckedSpec, tournamentBytes } from "./spec.js";
import { createTournament, type Tournament, UNATTENDED } from "./tournament.js";
import type { TournamentEvent } from "./tournament-event.js";

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
  readonly memory: MemoryBudget;
  readonly work: WorkQueue;
  readonly onError: (error: unknown) => void;
  readonly tell: (event: TournamentEvent) => void;
}

/** Brings tournaments into memory. */
export function bringing({ dataDir, clock, sink, memory, work, onError, tell }: BringingContext, conclude: Conclude) {
  const follow = (tournament: Tournament, journal: Journal, earlier: FinalCounts | undefined) =>
    followed(tournament, earlier, () => conclude(tournament, journal, earlier), onError);

  return {
    /** What an earlier run left, with its results where it was finished. @throws LOG_CORRUPT if a shard cannot be read */
    async load(slot: Slot): Promise<LoadedEntry> {
      const record = slot.record as JournalRecord;
      const tournament = createTournament(slot.spec, clock, work, () => UNATTENDED, slot.journal.append, tell);
      await recoverTournament(tournament, dataDir, record);
      if (record.cancelled) tournament.cancel();
      const entry = follow(tournament, slot.journal, record.finished);
      if (!record.finished && !record.cancelled) holdWhilePlayed(entry, memory.hold(tournamentBytes(slot.spec)));
      // Until its results are there it would look as if it were still being played.
      if (record.finished !== undefined) await resultsOf(entry);
      return entry;
    },
    /** A new one: that there is one is on disk before it starts. @throws LOG_UNWRITABLE */
    async begin(
      spec: CheckedSpec,
      journal: Journal,
      attendance: Attending,
      request: Request,
      made: { readonly owner: string | undefined; readonly token: string | undefined },
    ): Promise<LoadedEntry> {
      const at = new Date().toISOString();
      const key = spec.seedKey === "" ? {} : { seedKey: spec.seedKey };
      journal.append({ event: "created", spec: journalled(spec), ...key, at, from: sink.end, ...made });
      await journal.durable();
      const tournament = createTournament(spec, clock, work, attendance, journal.append, tell);
      sayBeforehand(tournament, request);
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
    tasks: tasks.map(({ id, task, options, instances }) => ({ id, task: task.name, options, instances })),
    agents,
  };
}

/** Gives memory back when nothing is left to play. */
export function holdWhilePlayed({ tournament }: LoadedEntry, release: Release): void {
  if (tournament.over || tournament.cancelled) return release();
  const stop = tournament.onChange(() => {
    if (!tournament.over && !tournament.cancelled) return;
    stop();
    release();
  });
}
