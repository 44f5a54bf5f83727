/** TournamentService on the wire. */
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import { IcrlError } from "../../common/errors.js";
import {
  CreateTournamentRequest,
  CreateTournamentResponse,
  GetTournamentRequest,
  GetTournamentResponse,
  ListTournamentsRequest,
  ListTournamentsResponse,
  StreamTrialsRequest,
  StreamTrialsResponse,
  WatchTournamentRequest,
  WatchTournamentResponse,
} from "../../proto/gen/icrl/v1/tournament.js";
import { describeTournament } from "../tournaments/describe-tournament.js";
import type { Tournaments } from "../tournaments/tournaments.js";
import { streamTrials } from "../tournaments/trials.js";
import { type MethodContext, serverStreaming, unary } from "./methods.js";
import { watch } from "./watch.js";

/** Handlers of TournamentService. */
export function tournamentService(tournaments: Tournaments, context: MethodContext): UntypedServiceImplementation {
  return {
    createTournament: unary(CreateTournamentRequest, CreateTournamentResponse, context, ({ spec }) => {
      const { entry, existed } = tournaments.create(spec);
      return { tournament: describeTournament(entry), existed };
    }),
    getTournament: unary(GetTournamentRequest, GetTournamentResponse, context, ({ id }) => {
      const entry = tournaments.get(id);
      return { tournament: describeTournament(entry), results: entry.results };
    }),
    listTournaments: unary(ListTournamentsRequest, ListTournamentsResponse, context, () => ({
      tournaments: tournaments.list().map(describeTournament).reverse(),
    })),
    watchTournament: serverStreaming(WatchTournamentRequest, WatchTournamentResponse, context, ({ id }, aborted) => {
      const entry = tournaments.get(id);
      return watch({
        onChange: entry.onChange,
        state: () => ({ tournament: describeTournament(entry) }),
        over: () => entry.results !== undefined,
        check() {
          if (!tournaments.closed) return;
          throw new IcrlError("SERVER_DRAINING", `the server stops, and with it tournament ${id}`);
        },
        aborted,
      });
    }),
    streamTrials: serverStreaming(StreamTrialsRequest, StreamTrialsResponse, context, async function* ({ id }) {
      for (const arrowIpc of streamTrials(tournaments.get(id))) yield { arrowIpc };
    }),
  };
}
