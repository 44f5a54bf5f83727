/** All tournaments of a server, and the lobby in which entrants wait for them. */
import { randomBytes } from "node:crypto";
import { IcrlError } from "../../common/errors.js";
import type { TournamentResults, TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import type { Limits } from "../sessions/limits.js";
import type { Lobby } from "../sessions/lobby.js";
import { computeResults } from "./results.js";
import { checkSpec } from "./spec.js";
import { createTournament, type Tournament } from "./tournament.js";

/** A tournament with its results, once they are there. */
export interface Entry {
  readonly tournament: Tournament;
  readonly results: TournamentResults | undefined;
  /** Calls a listener after every change, results included; returns how to stop that. */
  onChange(listener: () => void): () => void;
}

/** The tournaments of a server. */
export interface Tournaments extends Lobby {
  /** Creates and starts one, or finds the one of the same spec. @throws SPEC_INVALID and what its tasks throw */
  create(spec: TournamentSpec | undefined): { entry: Entry; existed: boolean };
  /** @throws TOURNAMENT_UNKNOWN */
  get(id: string): Entry;
  /** Oldest first. */
  list(): readonly Entry[];
  /** Ids of those whose truth must not be read. */
  running(): string[];
  /** Whether nothing will change any more: the server is about to stop. */
  readonly closed: boolean;
  /** Stops waiting for entrants, tells listeners, and takes no more. */
  close(): void;
}

/** An empty set of tournaments. */
export function createTournaments(limits: Limits): Tournaments {
  const entries = new Map<string, Entry>();
  let closed = false;

  function start(tournament: Tournament): Entry {
    const listeners = new Set<() => void>();
    let results: TournamentResults | undefined;
    let computing = false;
    const notify = () => {
      for (const listener of [...listeners]) listener();
    };
    tournament.onChange(async () => {
      notify();
      if (!tournament.over || computing) return;
      computing = true;
      results = await computeResults(tournament);
      notify();
    });
    return {
      tournament,
      get results() {
        return results;
      },
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  }

  function get(id: string): Entry {
    const entry = entries.get(id);
    if (entry === undefined) {
      throw new IcrlError(
        "TOURNAMENT_UNKNOWN",
        `no tournament "${id}": this server has ${entries.size}, see ListTournaments`,
      );
    }
    return entry;
  }

  return {
    create(spec) {
      if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: create it again later");
      const checked = checkSpec(spec, limits, () => randomBytes(8).readBigUInt64LE());
      const existing = entries.get(checked.id);
      if (existing !== undefined) return { entry: existing, existed: true };
      const entry = start(createTournament(checked, limits.entrant_timeout_ms));
      entries.set(checked.id, entry);
      return { entry, existed: false };
    },
    get,
    list: () => [...entries.values()],
    running: () =>
      [...entries.values()].filter((entry) => !entry.tournament.over).map((entry) => entry.tournament.spec.id),
    enter(entrant, seat) {
      const candidates =
        entrant.tournamentId === undefined
          ? [...entries.values()].filter((entry) => !entry.tournament.over)
          : [get(entrant.tournamentId)];
      const entry = candidates.find((candidate) => candidate.tournament.lists(entrant.name));
      if (entry === undefined) {
        throw new IcrlError("ENTRANT_UNKNOWN", `no unfinished tournament lists the entrant "${entrant.name}"`);
      }
      return entry.tournament.enter(entrant, seat);
    },
    get closed() {
      return closed;
    },
    close() {
      closed = true;
      for (const { tournament } of entries.values()) tournament.close();
    },
  };
}
