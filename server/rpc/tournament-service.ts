/** TournamentService on the wire. */
import { IcrlError } from "../../common/errors.js";
import {
  CancelTournamentRequest,
  CancelTournamentResponse,
  CreateTournamentRequest,
  CreateTournamentResponse,
  DeleteTournamentRequest,
  DeleteTournamentResponse,
  ForfeitMatchesRequest,
  ForfeitMatchesResponse,
  GetTournamentRequest,
  GetTournamentResponse,
  ListTournamentsRequest,
  ListTournamentsResponse,
  StreamTrialsRequest,
  StreamTrialsResponse,
  type TournamentServiceService,
  WatchTournamentRequest,
  WatchTournamentResponse,
  type Tournament as WireTournament,
} from "../../proto/gen/icrl/v1/tournament.js";
import { keptReason } from "../sessions/checked-options.js";
import { describeChanges, describeTournament, lastChange } from "../tournaments/describe-tournament.js";
import type { Entry, LoadedEntry } from "../tournaments/entry.js";
import { toldOf } from "../tournaments/redaction.js";
import type { Tournaments } from "../tournaments/tournaments.js";
import { streamTrials } from "../tournaments/trials.js";
import { type Handlers, type MethodContext, serverStreaming, unary } from "./methods.js";
import { watch } from "./watch.js";

/** Handlers of TournamentService. */
export function tournamentService(
  tournaments: Tournaments,
  context: MethodContext,
): Handlers<TournamentServiceService> {
  const told = () => toldOf(tournaments, false);
  const describe = (entry: Entry) => describeTournament(entry, told().has(entry.spec.id));

  return {
    createTournament: unary(CreateTournamentRequest, CreateTournamentResponse, context, async (request) => {
      const { entry, existed } = await tournaments.create(request);
      return { tournament: describe(entry), existed };
    }),
    getTournament: unary(GetTournamentRequest, GetTournamentResponse, context, async ({ id }) => {
      const entry = await tournaments.get(id);
      return { tournament: describe(entry), results: told().has(id) ? entry.results : undefined };
    }),
    listTournaments: unary(ListTournamentsRequest, ListTournamentsResponse, context, () => {
      const { has } = told();
      return {
        tournaments: tournaments
          .list()
          .map((entry) => describeTournament(entry, has(entry.spec.id)))
          .reverse(),
      };
    }),
    cancelTournament: unary(CancelTournamentRequest, CancelTournamentResponse, context, () => notYet()),
    deleteTournament: unary(DeleteTournamentRequest, DeleteTournamentResponse, context, () => notYet()),
    watchTournament: serverStreaming(
      WatchTournamentRequest,
      WatchTournamentResponse,
      context,
      async function* ({ id, changesOnly }, aborted) {
        const entry = await tournaments.get(id);
        yield* watch({
          onChange: entry.onChange,
          state: changesOnly ? tellChanges(entry, describe) : () => ({ tournament: describe(entry), change: false }),
          over: () => entry.finished,
          check() {
            if (!tournaments.closed) return;
            throw new IcrlError("SERVER_DRAINING", `the server stops; tournament ${id} goes on when it is back`);
          },
          aborted,
        });
      },
    ),
    streamTrials: serverStreaming(StreamTrialsRequest, StreamTrialsResponse, context, async function* ({ id }) {
      for (const arrowIpc of streamTrials(await tournaments.get(id), told().has(id))) yield { arrowIpc };
    }),
    forfeitMatches: unary(ForfeitMatchesRequest, ForfeitMatchesResponse, context, async (request) => {
      const forfeit = { reason: "AGENT_CRASHED", message: keptReason(request.message) } as const;
      const { id, entrant, all, key } = request;
      const taskIds = await tournaments.forfeit(id, entrant, forfeit, all, key);
      return { matchIds: taskIds.map((taskId) => `${taskId}/${entrant}`) };
    }),
  };
}

/** All of it at first, and again when matches have disappeared; else what has changed since it was told last. */
function tellChanges(entry: LoadedEntry, describe: (entry: Entry) => WireTournament): () => WatchTournamentResponse {
  let told: LoadedEntry["tournament"]["matches"] | undefined;
  let last = 0;
  return () => {
    const { matches } = entry.tournament;
    if (told !== matches) {
      told = matches;
      last = lastChange(entry.tournament);
      return { tournament: describe(entry), change: false };
    }
    const changes = describeChanges(entry, last);
    last = changes.last;
    return { tournament: changes.tournament, change: true };
  };
}

function notYet(): never {
  throw new IcrlError("NOT_IMPLEMENTED", "not yet");
}
