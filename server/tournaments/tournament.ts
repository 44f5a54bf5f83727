/** One tournament: its matches, who plays them, and when it is over. */
import type { Clock } from "../../common/clock.js";
import { IcrlError } from "../../common/errors.js";
import { playsTask } from "../../common/plays-task.js";
import { createEntrantKeys, type EntrantKeys } from "../matches/entrant-keys.js";
import type { Entrant } from "../matches/lobby.js";
import { createRoster, type Roster, type Schedule, SERVER_FAULTS, type Waiting } from "../matches/roster.js";
import { type Listener, turnListeners } from "../matches/turn-listeners.js";
import { internalError } from "../sessions/session-event.js";
import type { WorkLine, WorkQueue } from "../work/work-queue.js";
import type { JournalEvent, JournalRecord, LeftTrial } from "./journal.js";
import { createMatch, type Forfeit, type MatchContext, type MatchEvents, type TournamentMatch } from "./match.js";
import { earlyBytesOf, type PlayedTrial } from "./match-results.js";
import { type CheckedSpec, entersFor, seriesOf } from "./spec.js";
import type { TournamentEvent } from "./tournament-event.js";

/** How an entrant is waited for. */
export interface Attendance extends Waiting {
  /** Whether it may leave in the middle of a match and come back later. */
  readonly mayLeave: boolean;
}

/** Nobody forfeits by staying away: until somebody wants the tournament to go on. */
export const UNATTENDED: Attendance = { mayLeave: true, timeoutMs: undefined, processes: 1 };

/** Most actions of trials that were left, of all its entrants, that a journal has: some 4 MB. */
const MOST_LEFT = 1 << 20;

/** A tournament that is being played or is over. */
export interface Tournament extends Pick<Roster<TournamentMatch>, "lists" | "enter" | "presenceOf"> {
  readonly spec: CheckedSpec;
  /** By which its entrants are known again. */
  readonly keys: EntrantKeys;
  /** By task, then by entrant; what an entrant turns out not to play has left. Another array whenever some have. */
  readonly matches: readonly TournamentMatch[];
  /** Whether all matches are finished. */
  readonly over: boolean;
  /** Whether it was ended before that, for good. */
  readonly cancelled: boolean;
  /** Counts changes of anything that is told of it. */
  readonly changes: number;
  /** Counts changes: of a match, the number that it last changed at. */
  changedAt(match: TournamentMatch): number;
  /** Whether it is not known yet if a match will be played: its entrant has not said what it plays, and nothing of it is decided. */
  undeclared(match: TournamentMatch): boolean;
  /** An entrant says what it plays, or somebody who knows: families and kinds, empty for any. What was said before stands. */
  declare(entrant: string, tasks: readonly string[]): void;
  /** The match of an entrant on a task, if it plays it. */
  match(taskId: string, entrant: string): TournamentMatch | undefined;
  /** Calls a listener after every change; returns how to stop that. */
  onChange(listener: Listener): () => void;
  /** From now on asks this of the entrants. */
  attend(attendance: (entrant: string) => Attendance): void;
  /** Forfeits matches of an entrant: all that are unfinished, or those that are being played or were left. Gives their task ids. */
  forfeit(entrant: string, forfeit: Forfeit, all: boolean): string[];
  /** Ends it: sessions that play it end at once and are told why, what is under way is cut short, and nothing is forfeited. */
  cancel(): void;
  /** Takes a trial that the log holds. */
  recover(taskId: string, entrant: string, trial: number, played: PlayedTrial): void;
  /** Goes on as if what a journal says had happened now; call it after the trials are recovered. */
  replay(record: Pick<JournalRecord, "declared" | "forfeits" | "left" | "keys">): void;
  /** Where what takes long is computed; closed with the tournament. */
  readonly work: WorkLine;
  /** Stops waiting for entrants, gives up what is being computed, and tells listeners. */
  close(): void;
}

/**
 * Starts a tournament.
 *
 * @param clock by which entrants are waited for
 * @param queue where what takes long is computed
 * @param write takes what the log of trajectories will not tell
 * @param tell told what happens from now on
 */
export function createTournament(
  spec: CheckedSpec,
  clock: Clock,
  queue: WorkQueue,
  initially: (entrant: string) => Attendance,
  write: (event: JournalEvent) => void,
  tell: (event: TournamentEvent) => void,
): Tournament {
  let attendance = initially;
  let replaying = false;
  let cancelled = false;
  const leftTrials = createLeftTrials(write);
  const failed = (error: unknown) => tell(internalError("tournament", error));
  const changes = changesOf(() => roster.offerAll(), failed);
  const { touch, changedAt, changed, onChange } = changes;
  const keys = createEntrantKeys(`tournament ${spec.id}`, (entrant, hash) => write({ event: "keyed", entrant, hash }));
  const work = queue.line();
  let matches = matchesOf(spec, { clock, work }, tell, {
    changed(match) {
      touch(match);
      if (match.finished) unfinished.delete(match);
      changed();
    },
    forfeited({ taskId, entrant }, forfeit) {
      if (!replaying) write({ event: "forfeited", task: taskId, entrant, ...forfeit });
      return !replaying;
    },
    leftTrial: leftTrials.write,
    mayLeave: (entrant) => attendance(entrant).mayLeave,
    failed,
    cancelled: () => cancelled,
  });
  /** There may be ten thousand matches, and a change every turn of the event loop. */
  const unfinished = new Set(matches);
  const byEntrant = matchesByEntrant(spec, matches);
  const heard = new Set<string>();

  /** It is said of an entrant, once, what it plays: the rest of its matches leave. */
  function declare(name: string, tasks: readonly string[]): void {
    if (heard.has(name)) return;
    heard.add(name);
    if (!replaying) write({ event: "declared", entrant: name, tasks });
    const own = byEntrant.get(name) ?? [];
    const played = own.filter(({ task }) => playsTask(tasks, task.name, task.kinds));
    for (const match of played) touch(match);
    if (played.length < own.length) {
      byEntrant.set(name, played);
      for (const match of own) if (!played.includes(match)) unfinished.delete(match);
      matches = matches.filter((match) => match.entrant !== name || played.includes(match));
    }
    changed();
  }

  const assignmentsOf = (entrant: string) => byEntrant.get(entrant) ?? [];
  const declared = ({ name, tasks }: Entrant) => declare(name, tasks);
  const roster = createRoster(scheduleOf(spec, { keys, assignmentsOf, declared, changed, failed }), clock, initially);
  const matchOf = (taskId: string, entrant: string) => byEntrant.get(entrant)?.find((match) => match.taskId === taskId);

  return {
    spec,
    keys,
    get matches() {
      return matches;
    },
    get over() {
      return unfinished.size === 0;
    },
    get cancelled() {
      return cancelled;
    },
    get changes() {
      return changes.all;
    },
    changedAt,
    undeclared: (match) => !heard.has(match.entrant) && match.standing === "pending" && match.forfeit === undefined,
    ...{ declare, match: matchOf, onChange },
    ...{ lists: roster.lists, enter: roster.enter, presenceOf: roster.presenceOf },
    attend(wanted) {
      attendance = wanted;
      roster.waitFor(wanted);
      changed();
    },
    forfeit(entrant, forfeit, all) {
      const open = assignmentsOf(entrant).filter(({ finished, forfeit: given }) => !finished && given === undefined);
      const given = open.filter((match) => all || match.left || roster.plays(match));
      for (const match of given) match.giveUp(forfeit);
      return given.map(({ taskId }) => taskId);
    },
    cancel() {
      cancelled = true;
      for (const match of unfinished) touch(match);
      work.close();
      roster.end(cancelledError(spec.id));
      changed();
    },
    recover(taskId, entrant, trial, played) {
      const match = matchOf(taskId, entrant);
      match?.recover(trial, played);
      if (match?.finished) unfinished.delete(match);
    },
    replay(journal) {
      replaying = true;
      for (const [name, tasks] of journal.declared) declare(name, tasks);
      for (const { task, entrant, reason, message } of journal.forfeits) {
        matchOf(task, entrant)?.giveUp({ reason, message });
      }
      replaying = false;
      leftTrials.restore(journal.left, matchOf);
      keys.restore(journal.keys);
      changed();
    },
    work,
    close() {
      roster.close();
      work.close();
      changed();
    },
  };
}

/** Trials that their agents left, as the journal has them. */
function createLeftTrials(write: (event: JournalEvent) => void) {
  /** Actions that the journal has. */
  let actions = 0;
  return {
    /** Beyond MOST_LEFT they stand only as long as this server runs: the next one is to be able to read its journal. */
    write({ taskId, entrant }: TournamentMatch, trial: number, taken: Int32Array): void {
      actions += taken.length;
      if (actions <= MOST_LEFT) write({ event: "left", task: taskId, entrant, trial, taken: Array.from(taken) });
    },
    /** What cannot have been taken is passed over. */
    restore(
      left: JournalRecord["left"],
      matchOf: (taskId: string, entrant: string) => TournamentMatch | undefined,
    ): void {
      for (const one of left) {
        actions += one.taken.length;
        const match = matchOf(one.task, one.entrant);
        if (match !== undefined && canBeLeft(match, one)) match.restore(one.trial, Int32Array.from(one.taken));
      }
    },
  };
}

/** Whether an agent of a match can have left a trial so. */
function canBeLeft({ task, trials }: TournamentMatch, { trial, taken }: LeftTrial): boolean {
  const most = task.horizon * task.episodes;
  return trial < trials && taken.length < most && taken.every((action) => action < task.numActions);
}

/** Counts changes, all of them and of each match by itself, and tells of them once a turn of the event loop. */
function changesOf(offerAll: () => void, failed: (error: unknown) => void) {
  const { changed: changedThisTurn, onChange } = turnListeners(offerAll, failed);
  const last = new WeakMap<TournamentMatch, number>();
  let ofMatches = 0;
  let all = 0;
  return {
    onChange,
    touch: (match: TournamentMatch) => void last.set(match, ++ofMatches),
    changedAt: (match: TournamentMatch) => last.get(match) ?? 0,
    changed() {
      all += 1;
      changedThisTurn();
    },
    get all() {
      return all;
    },
  };
}

/** All entrants of a spec, each with its matches. */
function matchesByEntrant(spec: CheckedSpec, matches: readonly TournamentMatch[]): Map<string, TournamentMatch[]> {
  const byEntrant = new Map<string, TournamentMatch[]>(spec.agents.map(({ name }) => [name, []]));
  for (const match of matches) byEntrant.get(match.entrant)?.push(match);
  return byEntrant;
}

/** What the roster asks of a tournament, and is told of its matches. */
function scheduleOf(
  spec: CheckedSpec,
  rest: Pick<Schedule<TournamentMatch>, "keys" | "assignmentsOf" | "declared" | "changed" | "failed">,
): Schedule<TournamentMatch> {
  const optionsOf = new Map(spec.agents.map(({ name, options }) => [name, options]));
  return {
    ...rest,
    name: `tournament ${spec.id}`,
    entrants: spec.agents,
    describe: (match) => ({
      tournamentId: spec.id,
      matchId: `${match.taskId}/${match.entrant}`,
      taskId: match.taskId,
      task: match.task,
      agentOptions: optionsOf.get(match.entrant) ?? {},
      source: match.source,
      keepsTruncated: (reason) => !SERVER_FAULTS.includes(reason) && match.forfeitsBy(reason),
    }),
  };
}

/** What everybody is told who plays a tournament that was cancelled, or wants to. */
export function cancelledError(id: string): IcrlError {
  return new IcrlError(
    "TOURNAMENT_CANCELLED",
    `tournament ${id} was cancelled: DeleteTournament forgets it, and what is created then begins anew`,
    { tournament: id },
  );
}

/** What the matches of a tournament tell it, and ask. */
interface MatchHooks {
  changed(match: TournamentMatch): void;
  /** It is given up; returns whether that is news. */
  forfeited(match: TournamentMatch, forfeit: Forfeit): boolean;
  leftTrial(match: TournamentMatch, trial: number, taken: Int32Array): void;
  mayLeave(entrant: string): boolean;
  /** Told what fails where no session can be. */
  failed(error: unknown): void;
  cancelled(): boolean;
}

/** The matches of a spec: by task, then by entrant. */
function matchesOf(
  spec: CheckedSpec,
  context: MatchContext,
  tell: (event: TournamentEvent) => void,
  hooks: MatchHooks,
): readonly TournamentMatch[] {
  const { length } = spec.agents.flatMap((agent) => spec.tasks.filter(({ id }) => entersFor(agent, id)));
  return spec.tasks.flatMap(({ id, task }) =>
    spec.agents
      .filter((agent) => entersFor(agent, id))
      .map(({ name: entrant }) => {
        const about = { tournamentId: spec.id, task: id, entrant, trials: spec.trials };
        const events: MatchEvents = {
          changed: () => hooks.changed(match),
          opened: () => tell({ event: "match_opened", ...about }),
          finished: () => tell({ event: "match_finished", ...about, steps: match.steps }),
          forfeited(forfeit) {
            if (!hooks.forfeited(match, forfeit)) return;
            tell({ event: "match_forfeited", ...about, played: match.completeTrials, ...forfeit });
          },
          leftTrial: (trial, taken) => hooks.leftTrial(match, trial, taken),
          mayLeave: () => hooks.mayLeave(entrant),
          failed: hooks.failed,
          cancelled: hooks.cancelled,
        };
        const match: TournamentMatch = createMatch(
          seriesOf(spec, id, entrant),
          task,
          spec.trials,
          events,
          context,
          earlyBytesOf(task, spec.trials, length),
        );
        return match;
      }),
  );
}
