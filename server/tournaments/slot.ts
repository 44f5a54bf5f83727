/** The places of a server's tournaments: each with its journal, and in memory at most once. */
import type { Entry, LoadedEntry } from "./entry.js";
import type { Journal, JournalRecord } from "./journal.js";
import type { TournamentMatch } from "./match.js";
import type { CheckedSpec } from "./spec.js";

/** An entry's place: what is not in memory is loaded when somebody asks. */
export interface Slot {
  readonly number: number;
  readonly spec: CheckedSpec;
  readonly journal: Journal;
  /** Hash of its owner's key; undefined where it has none. */
  readonly owner: string | undefined;
  /** Id of the token by which it was created; undefined where it was by none. */
  readonly tokenId: string | undefined;
  /** What an earlier run left, or this one when it put it away. */
  record: JournalRecord | undefined;
  entry: LoadedEntry | undefined;
  loading: Promise<LoadedEntry> | undefined;
  /** On its way to be forgotten. */
  deleting: Promise<void> | undefined;
}

/** A slot's entry as a list shows it, without reading anything. */
export const shown = ({ spec, entry, record }: Slot): Entry =>
  entry ?? {
    ...{ spec, tournament: undefined, results: undefined },
    ...{ finished: record?.cancelled !== true, cancelled: record?.cancelled === true, earlier: record?.finished },
  };

/** What an event says of a tournament that goes on. */
export const howFar = ({ spec, tournament: { matches } }: LoadedEntry) => ({
  ...about(spec, matches),
  unfinished: matches.filter((match) => !match.finished && match.forfeit === undefined).length,
});

/** What an event says of a tournament. */
export const about = ({ id, name, trials }: CheckedSpec, { length }: readonly TournamentMatch[]) => ({
  tournamentId: id,
  name,
  matches: length,
  trials,
});
