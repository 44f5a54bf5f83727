/** Follows a tournament to its end. */

import type { Connection } from "../../clients/typescript/connect.js";
import { IcrlError } from "../../common/errors.js";
import {
  type Match,
  type Tournament,
  type TournamentResults,
  TournamentState,
} from "../../proto/gen/icrl/v1/tournament.js";
import { type Losses, throughLosses } from "../through-losses.js";

/**
 * Calls `onUpdate` with the whole tournament whenever it has changed, and begins again where the connection breaks; resolves with its
 * results.
 *
 * @throws TOURNAMENT_CANCELLED if somebody cancels it
 * @throws ConnectionError or SERVER_DRAINING if the server goes away and does not come back
 * @throws TOURNAMENT_RUNNING if it is over, and another of its seed and seed key is not
 */
export async function watchTournament(
  connection: Connection,
  id: string,
  losses: Losses,
  onUpdate: (tournament: Tournament) => void,
): Promise<TournamentResults> {
  await throughLosses((heard) => follow(connection, id, heard, onUpdate), losses);
  const { results, tournament: finished } = await throughLosses(() => connection.getTournament({ id }), losses);
  if (finished?.state === TournamentState.CANCELLED) {
    throw new IcrlError("TOURNAMENT_CANCELLED", `tournament ${id} was cancelled: there are no results`, {
      tournament: id,
    });
  }
  if (results === undefined || finished === undefined) {
    throw new IcrlError(
      "TOURNAMENT_RUNNING",
      `tournament ${id} is over, and withheld while another of its seed and seed key is not: run the same command again then`,
    );
  }
  onUpdate(finished);
  return results;
}

/** Calls `onUpdate` with the whole tournament whenever it has changed, until it is over. */
async function follow(
  connection: Connection,
  id: string,
  heard: () => void,
  onUpdate: (tournament: Tournament) => void,
): Promise<void> {
  let tournament: Tournament | undefined;
  const places = new Map<string, number>();
  const key = ({ taskId, entrant }: Match) => JSON.stringify([taskId, entrant]);
  for await (const { tournament: update, change } of connection.watchTournament({ id, changesOnly: true })) {
    heard();
    if (update === undefined) continue;
    if (tournament === undefined || !change) {
      tournament = update;
      places.clear();
      for (const [place, match] of update.matches.entries()) places.set(key(match), place);
    } else {
      for (const match of update.matches) tournament.matches[places.get(key(match)) as number] = match;
      tournament = { ...update, spec: tournament.spec, matches: tournament.matches };
    }
    onUpdate(tournament);
  }
}
