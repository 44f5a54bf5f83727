/** Which tournament an entrant is for, and what it is told where there is none: not there yet, over, and mistyped are three answers. */
import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";
import { didYouMean } from "../../common/nearest.js";
import type { Entrant } from "../matches/lobby.js";
import type { CheckedSpec } from "./spec.js";
import { cancelledError, type Tournament } from "./tournament.js";

/** A tournament as far as an entrant's way to it matters. */
export interface Candidate {
  readonly spec: CheckedSpec;
  /** Undefined where nothing is left to play. */
  readonly unfinished: Tournament | undefined;
  /** Whether it was cancelled. */
  readonly cancelled: boolean;
}

/** Names of entrants that a text tells, at most. */
const MOST_NAMES = 20;

/**
 * The tournament that an entrant is for; undefined where it is over. By name alone it is the oldest unfinished one that lists it, else
 * one that is over.
 *
 * @param candidates all that there are, oldest first
 * @throws ENTRANT_EARLY if the named one does not exist; by name alone, if nothing is unfinished and nothing finished lists it
 * @throws TOURNAMENT_CANCELLED if the named one was cancelled
 * @throws ENTRANT_UNKNOWN if the named one does not list it; by name alone, if no unfinished one does, and no finished one
 */
export function tournamentFor(
  { name, tournamentId }: Entrant,
  candidates: readonly Candidate[],
): Tournament | undefined {
  const named = tournamentId === undefined ? candidates : candidates.filter(({ spec }) => spec.id === tournamentId);
  const listing = named.filter(({ spec }) => spec.agents.some((agent) => agent.name === name));
  if (tournamentId !== undefined && listing[0]?.cancelled) throw cancelledError(tournamentId);
  if (listing.length > 0) return listing.find(({ unfinished }) => unfinished !== undefined)?.unfinished;
  const meant = tournamentId === undefined ? named.filter(({ unfinished }) => unfinished !== undefined) : named;
  if (meant.length === 0)
    throw new IcrlError("ENTRANT_EARLY", earlyText(name, tournamentId), {
      entrant: name,
      retry_delay_ms: RETRY_DELAY_MS,
    });
  const names = [...new Set(meant.flatMap(({ spec }) => spec.agents.map((agent) => agent.name)))];
  const which = tournamentId === undefined ? "no unfinished tournament" : `tournament ${tournamentId} does not`;
  const lists = tournamentId === undefined ? "lists" : "list";
  const told = names.length > MOST_NAMES ? `${names.slice(0, MOST_NAMES).join(", ")}, ...` : names.join(", ");
  throw new IcrlError(
    "ENTRANT_UNKNOWN",
    `${which} ${lists} the entrant "${name}"${didYouMean(name, names)} (the entrants: ${told})`,
    { entrant: name },
  );
}

function earlyText(name: string, tournamentId: string | undefined): string {
  const what =
    tournamentId === undefined
      ? `no tournament that lists the entrant "${name}" is here yet`
      : `no tournament "${tournamentId}" is here yet`;
  return `${what}: come again in a while, or see that it is the one meant`;
}
