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
} from "../../proto/gen/icrl/v1/tournament.js";
import { keptReason } from "../sessions/checked-options.js";
import { describeChanges, describeTournament, lastChange } from "../tournaments/describe-tournament.js";
import type { Entry, LoadedEntry } from "../tournaments/entry.js";
import { bytesOfTournament, listedTournament } from "../tournaments/listed-tournament.js";
import { type Sees, toldOf } from "../tournaments/redaction.js";
import type { Tournaments } from "../tournaments/tournaments.js";
import { streamTrials } from "../tournaments/trials.js";
import { type Handlers, type MethodContext, serverStreaming, unary } from "./methods.js";
import { newestFirst, PAGE_BYTES } from "./newest-first.js";
import { watch } from "./watch.js";

/** Handlers of TournamentService. */
export function tournamentService(
  tournaments: Tournaments,
  context: MethodContext,
): Handlers<TournamentServiceService> {
  const told = (sees: Sees) => toldOf(tournaments, sees);
  const whole = (entry: LoadedEntry, sees: Sees) => toldNow(entry, told(sees).has(entry.spec.id));

  return {
    createTournament: unary(
      CreateTournamentRequest,
      CreateTournamentResponse,
      context,
      async (request, { operator, sees, who }) => {
        const by = context.callers.access.shareOf(who);
        const { entry, existed } = await tournaments.create(request, operator, by);
        return { tournament: whole(entry, sees).watch.tournament, existed };
      },
    ),
    getTournament: unary(
      GetTournamentRequest,
      GetTournamentResponse,
      context,
      async ({ id }, { sees }) => whole(await tournaments.get(id), sees).get,
    ),
    listTournaments: unary(ListTournamentsRequest, ListTournamentsResponse, context, (page, { sees }) => {
      const numberOf = ({ spec }: Entry) => tournaments.numberOf(spec.id);
      const { has } = told(sees);
      const listed = { all: tournaments.list(), numberOf, bytesOf: bytesOfTournament };
      const { entries, nextPageToken } = newestFirst(listed, page);
      return {
        tournaments: entries.map((entry) => listedTournament(entry, has(entry.spec.id), PAGE_BYTES)),
        nextPageToken,
      };
    }),
    cancelTournament: unary(
      CancelTournamentRequest,
      CancelTournamentResponse,
      context,
      async ({ id, ownerKey: key }, { operator, sees }) => ({
        tournament: whole(await tournaments.cancel(id, { key, operator }), sees).watch.tournament,
      }),
    ),
    deleteTournament: unary(
      DeleteTournamentRequest,
      DeleteTournamentResponse,
      context,
      async ({ id, ownerKey: key }, { operator }) => {
        await tournaments.delete(id, { key, operator });
        return {};
      },
    ),
    watchTournament: serverStreaming(
      WatchTournamentRequest,
      WatchTournamentResponse,
      context,
      async function* ({ id, changesOnly }, { aborted, sees }) {
        const entry = await tournaments.get(id);
        const { matches } = entry.tournament;
        const state = () => whole(entry, sees).watch;
        yield* watch({
          of: changesOnly ? entry : entry.tournament,
          intervalMs: changesOnly ? undefined : Math.max(matches.length / MATCHES_PER_MS, SHORTEST_MS),
          onChange: entry.onChange,
          state: changesOnly ? tellChanges(entry, state) : state,
          over: () => entry.finished || entry.cancelled,
          check() {
            if (!tournaments.closed) return;
            throw new IcrlError("SERVER_DRAINING", `the server stops; tournament ${id} goes on when it is back`);
          },
          aborted,
        });
      },
    ),
    streamTrials: serverStreaming(
      StreamTrialsRequest,
      StreamTrialsResponse,
      context,
      async function* ({ id }, { sees }) {
        for (const arrowIpc of streamTrials(await tournaments.get(id), told(sees).has(id))) yield { arrowIpc };
      },
    ),
    forfeitMatches: unary(ForfeitMatchesRequest, ForfeitMatchesResponse, context, async (request, { operator }) => {
      const forfeit = { reason: "AGENT_CRASHED", message: keptReason(request.message) } as const;
      const { id, entrant, all, key } = request;
      const taskIds = await tournaments.forfeit(id, entrant, forfeit, all, { key, operator });
      return { matchIds: taskIds.map((taskId) => `${taskId}/${entrant}`) };
    }),
  };
}

/** Whoever asks for all of a tournament again and again is told it so often that no more than a tenth of the time goes into it. */
const MATCHES_PER_MS = 10;
const SHORTEST_MS = 100;

/** A tournament in full as it was after a number of changes: described once, however many ask. */
interface Told {
  readonly changes: number;
  readonly finished: boolean;
  readonly get: GetTournamentResponse;
  readonly watch: WatchTournamentResponse;
}

/** By tournament: what whoever may know what came of it was told last, and what everybody else was. */
const toldLast = { all: new WeakMap<LoadedEntry, Told>(), progress: new WeakMap<LoadedEntry, Told>() };

function toldNow(entry: LoadedEntry, outcome: boolean): Told {
  const { tournament, finished, results } = entry;
  const lastTold = outcome ? toldLast.all : toldLast.progress;
  const last = lastTold.get(entry);
  if (last?.changes === tournament.changes && last.finished === finished) return last;
  const described = describeTournament(entry, outcome);
  const told = {
    ...{ changes: tournament.changes, finished },
    get: { tournament: described, results: outcome ? results : undefined },
    watch: { tournament: described, change: false },
  };
  lastTold.set(entry, told);
  return told;
}

/** What is told of a tournament's changes after a number of them, by how far those were who are told: described once for all of them. */
interface ToldChanges {
  readonly changes: number;
  readonly finished: boolean;
  readonly since: Map<number, { readonly last: number; readonly told: WatchTournamentResponse }>;
}

const changesTold = new WeakMap<LoadedEntry, ToldChanges>();

function changesSince(
  entry: LoadedEntry,
  since: number,
): { readonly last: number; readonly told: WatchTournamentResponse } {
  const { tournament, finished } = entry;
  let now = changesTold.get(entry);
  if (now?.changes !== tournament.changes || now.finished !== finished) {
    now = { changes: tournament.changes, finished, since: new Map() };
    changesTold.set(entry, now);
  }
  const known = now.since.get(since);
  if (known !== undefined) return known;
  const changes = describeChanges(entry, since);
  const told = { last: changes.last, told: { tournament: changes.tournament, change: true } };
  now.since.set(since, told);
  return told;
}

/** All of it at first, and again when matches have disappeared; else what has changed since it was told last. */
function tellChanges(entry: LoadedEntry, whole: () => WatchTournamentResponse): () => WatchTournamentResponse {
  let told: LoadedEntry["tournament"]["matches"] | undefined;
  let last = 0;
  return () => {
    const { matches } = entry.tournament;
    if (told !== matches) {
      told = matches;
      last = lastChange(entry.tournament);
      return whole();
    }
    const changes = changesSince(entry, last);
    last = changes.last;
    return changes.told;
  };
}
