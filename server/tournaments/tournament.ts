/** One tournament: its matches, who plays them, and when it is over. */
import type { Reason } from "../../common/errors.js";
import { playsTask } from "../../common/plays-task.js";
import { createRoster, type Roster, SERVER_FAULTS, type Waiting } from "../sessions/roster.js";
import type { JournalEvent, JournalRecord } from "./journal.js";
import { createMatch, type Forfeit, type PlayedTrial, type TournamentMatch } from "./match.js";
import { type CheckedSpec, entersFor } from "./spec.js";
import type { TournamentEvent } from "./tournament-event.js";

/** How an entrant is waited for. */
export interface Attendance extends Waiting {
  /** Whether it may leave in the middle of a match and come back later. */
  readonly mayLeave: boolean;
}

/** Nobody forfeits by staying away: until somebody wants the tournament to go on. */
export const UNATTENDED: Attendance = { mayLeave: true, timeoutMs: undefined, processes: 1 };

/** A tournament that is being played or is over. */
export interface Tournament extends Pick<Roster<TournamentMatch>, "lists" | "enter" | "presenceOf"> {
  readonly spec: CheckedSpec;
  /** By task, then by entrant; what an entrant turns out not to play has left. Another array whenever some have. */
  readonly matches: readonly TournamentMatch[];
  /** Whether all matches are finished. */
  readonly over: boolean;
  /** Counts changes: of a match, the number that it last changed at. */
  changedAt(match: TournamentMatch): number;
  /** Whether it is not known yet if a match will be played: its entrant has not said what it plays, and nothing of it is decided. */
  undeclared(match: TournamentMatch): boolean;
  /** An entrant says what it plays, or somebody who knows: families and kinds, empty for any. What was said before stands. */
  declare(entrant: string, tasks: readonly string[]): void;
  /** The match of an entrant on a task, if it plays it. */
  match(taskId: string, entrant: string): TournamentMatch | undefined;
  /** Calls a listener after every change; returns how to stop that. */
  onChange(listener: () => void): () => void;
  /** From now on asks this of the entrants. */
  attend(attendance: (entrant: string) => Attendance): void;
  /** Forfeits matches of an entrant: all that are unfinished, or those that are being played or were left. Gives their task ids. */
  forfeit(entrant: string, forfeit: Forfeit, all: boolean): string[];
  /** Takes a trial that the log holds. */
  recover(taskId: string, entrant: string, trial: number, played: PlayedTrial): void;
  /** Goes on as if what a journal says had happened now; call it after the trials are recovered. */
  replay(record: Pick<JournalRecord, "declared" | "forfeits">): void;
  /** Stops waiting for entrants, and tells listeners. */
  close(): void;
}

/**
 * Starts a tournament.
 *
 * @param write takes what the log of trajectories will not tell
 * @param tell told what happens from now on
 */
export function createTournament(
  spec: CheckedSpec,
  initially: (entrant: string) => Attendance,
  write: (event: JournalEvent) => void,
  tell: (event: TournamentEvent) => void,
): Tournament {
  let attendance = initially;
  let replaying = false;
  const changes = createChangeCount<TournamentMatch>();
  let matches: readonly TournamentMatch[] = spec.tasks.flatMap((entry) =>
    spec.agents
      .filter((agent) => entersFor(agent, entry.id))
      .map(({ name }) =>
        newMatch(spec, entry, name, {
          changed(match) {
            changes.note(match);
            if (match.finished) unfinished.delete(match);
            listeners.changed();
          },
          forfeited(match, forfeit) {
            if (!replaying) tellForfeit(spec, match, forfeit, write, tell);
          },
          mayLeave: () => attendance(name).mayLeave,
          tell,
        }),
      ),
  );
  /** There may be ten thousand matches, and a change every turn of the event loop. */
  const unfinished = new Set(matches);
  const byEntrant = new Map<string, TournamentMatch[]>(spec.agents.map(({ name }) => [name, []]));
  for (const match of matches) byEntrant.get(match.entrant)?.push(match);
  const optionsOf = new Map(spec.agents.map(({ name, options }) => [name, options]));
  const declared = new Set<string>();

  /** It is said of an entrant, once, what it plays: the rest of its matches leave. */
  function declare(name: string, tasks: readonly string[]): void {
    if (declared.has(name)) return;
    declared.add(name);
    if (!replaying) write({ event: "declared", entrant: name, tasks });
    const own = byEntrant.get(name) ?? [];
    const played = own.filter(({ task }) => playsTask(tasks, task.name, task.kinds));
    for (const match of played) changes.note(match);
    if (played.length < own.length) {
      byEntrant.set(name, played);
      for (const match of own) if (!played.includes(match)) unfinished.delete(match);
      matches = matches.filter((match) => match.entrant !== name || played.includes(match));
    }
    listeners.changed();
  }

  const roster = createRoster<TournamentMatch>(
    {
      name: `tournament ${spec.id}`,
      entrants: spec.agents,
      matchesOf: (entrant) => byEntrant.get(entrant) ?? [],
      declared: ({ name, tasks }) => declare(name, tasks),
      describe: (match) => assignmentOf(spec, match, optionsOf.get(match.entrant) ?? {}),
      changed: () => listeners.changed(),
    },
    initially,
  );

  const listeners = createListeners(roster.offerAll);

  const matchOf = (taskId: string, entrant: string) => byEntrant.get(entrant)?.find((match) => match.taskId === taskId);

  return {
    spec,
    get matches() {
      return matches;
    },
    get over() {
      return unfinished.size === 0;
    },
    changedAt: changes.lastOf,
    undeclared: (match) => !declared.has(match.entrant) && !match.started && match.forfeit === undefined,
    declare,
    match: matchOf,
    onChange: listeners.onChange,
    lists: roster.lists,
    enter: roster.enter,
    presenceOf: roster.presenceOf,
    attend(wanted) {
      attendance = wanted;
      roster.waitFor(wanted);
      listeners.changed();
    },
    forfeit(entrant, forfeit, all) {
      const given = (byEntrant.get(entrant) ?? []).filter(
        (match) => !match.finished && match.forfeit === undefined && (all || match.left || roster.plays(match)),
      );
      for (const match of given) match.giveUp(forfeit);
      return given.map(({ taskId }) => taskId);
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
      listeners.changed();
    },
    close() {
      roster.close();
      listeners.changed();
    },
  };
}

/** A match that tells where it belongs. */
function newMatch(
  spec: CheckedSpec,
  { id, task }: CheckedSpec["tasks"][number],
  entrant: string,
  hooks: {
    changed(match: TournamentMatch): void;
    forfeited(match: TournamentMatch, forfeit: Forfeit): void;
    mayLeave(): boolean;
    tell(event: TournamentEvent): void;
  },
): TournamentMatch {
  const match = createMatch(id, task, entrant, spec.seed, spec.trials, {
    changed: () => hooks.changed(match),
    opened: () => hooks.tell({ event: "match_opened", ...about(spec, match) }),
    finished: () => hooks.tell({ event: "match_finished", ...about(spec, match), steps: match.steps }),
    forfeited: (forfeit) => hooks.forfeited(match, forfeit),
    mayLeave: hooks.mayLeave,
  });
  return match;
}

/** What an event says of a match. */
const about = ({ id, trials }: CheckedSpec, { taskId, entrant }: TournamentMatch) => ({
  tournament_id: id,
  task: taskId,
  entrant,
  trials,
});

/** Writes and tells that a match was given up. */
function tellForfeit(
  spec: CheckedSpec,
  match: TournamentMatch,
  forfeit: Forfeit,
  write: (event: JournalEvent) => void,
  tell: (event: TournamentEvent) => void,
): void {
  write({ event: "forfeited", task: match.taskId, entrant: match.entrant, ...forfeit });
  tell({ event: "match_forfeited", ...about(spec, match), played: match.completeTrials, ...forfeit });
}

/** The match as a session plays it. */
function assignmentOf(
  spec: CheckedSpec,
  match: TournamentMatch,
  agentOptions: CheckedSpec["agents"][number]["options"],
) {
  return {
    tournamentId: spec.id,
    matchId: `${match.taskId}/${match.entrant}`,
    task: match.task,
    agentOptions,
    source: match.source,
    keepsTruncated: (reason: Reason) => !SERVER_FAULTS.includes(reason) && match.forfeitsBy(reason),
    tags: { task: match.taskId },
  };
}

/** Counts changes of several things: of each the number of its last one, 0 before the first. */
function createChangeCount<Thing extends object>() {
  let changes = 0;
  const lastOf = new WeakMap<Thing, number>();
  return {
    note(thing: Thing): void {
      changes += 1;
      lastOf.set(thing, changes);
    },
    lastOf: (thing: Thing): number => lastOf.get(thing) ?? 0,
  };
}

/**
 * Listeners who are told once in a turn of the event loop, after whoever changed something is done.
 *
 * @param first called before them
 */
function createListeners(first: () => void) {
  const listeners = new Set<() => void>();
  let pending = false;
  return {
    changed(): void {
      if (pending) return;
      pending = true;
      setImmediate(() => {
        pending = false;
        first();
        for (const listener of [...listeners]) listener();
      });
    },
    onChange(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
