/**
 * What is told of tournaments, and to whom: the one rule of every way to what was played. Until a tournament is over, nobody but the operator
 * gets a trajectory of it, nor what follows from one: a regret, a curve, a seed. All entrants meet the same instances, so what one did and
 * was paid is what the others have yet to find out. Everybody may know how far it is: states, trials, steps, forfeits, who is there.
 */
import type { Entry } from "./entry.js";
import { tournamentStanding } from "./progress.js";
import type { Tournaments } from "./tournaments.js";

/** How much somebody may see: an operator all, a reader and whoever comes to a server that asks for no token what is over, a player its own. */
export type Sees = "all" | "finished" | "own";

/** What somebody may be told. */
export interface Told {
  /** Whether that includes what came of a tournament, or of play outside of tournaments (undefined). */
  has(tournamentId: string | undefined): boolean;
  /** Ids of the tournaments that it includes; undefined: all. */
  readonly tournaments: readonly string[] | undefined;
}

/** What goes into the seeds of a tournament's trials: where it is the same, instances may be. */
type Series = Pick<Entry["spec"], "seed" | "seedKey">;

const textOf = ({ seed, seedKey }: Series): string => `${seed} ${seedKey}`;

/**
 * What somebody may be told now. Withheld is a tournament that is not over; one whose instances another may have that is not over, or
 * that this server cannot go on with but another version may; and one that the server does not know, whose rows alone lie in its log.
 *
 * @param sees nothing is withheld from whoever sees all; who sees what is his own gets no results, and of trajectories those alone that his
 *   filter leaves
 */
export function toldOf(tournaments: Pick<Tournaments, "list" | "leftAlone">, sees: Sees): Told {
  if (sees === "all") return { has: () => true, tournaments: undefined };
  const all = tournaments.list();
  const over = (entry: Entry) => ["finished", "cancelled"].includes(tournamentStanding(entry));
  const inPlay = new Set(
    [...tournaments.leftAlone, ...all.filter((entry) => !over(entry)).map(({ spec }) => spec)].map(textOf),
  );
  const ids = new Set(all.filter((entry) => over(entry) && !inPlay.has(textOf(entry.spec))).map(({ spec }) => spec.id));
  const has = (id: string | undefined) => sees === "finished" && (id === undefined || ids.has(id));
  return { has, tournaments: [...ids] };
}
