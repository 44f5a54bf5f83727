/** Good requests of calls, from which bad ones are made. A method that is not here is fuzzed by its shape alone. */
import type { Rng } from "../../common/rng.js";
import {
  Behaviour,
  CancelCollectionRequest,
  CollectionSpec,
  CollectionTask,
  CreateCollectionRequest,
  WatchCollectionRequest,
} from "../../proto/gen/icrl/v1/collection.js";
import { GetTaskRequest } from "../../proto/gen/icrl/v1/environment.js";
import {
  Attendance,
  CreateTournamentRequest,
  DeleteTournamentRequest,
  ForfeitMatchesRequest,
  GetTournamentRequest,
  StreamTrialsRequest,
  TournamentEntrant,
  TournamentSpec,
  TournamentTask,
  WatchTournamentRequest,
} from "../../proto/gen/icrl/v1/tournament.js";
import {
  CountTrialsRequest,
  ListTrajectoriesRequest,
  StreamTrajectoriesRequest,
  TrajectoryFilter,
} from "../../proto/gen/icrl/v1/trajectory.js";
import { checkCollection } from "../../server/collections/spec.js";
import { resolveLimits } from "../../server/sessions/limits.js";
import { checkSpec } from "../../server/tournaments/spec.js";
import { made } from "../attacks/raw.js";
import { ENTRANTS, pick, TASKS } from "./values.js";

const TOURNAMENT_SPEC = made(TournamentSpec, {
  name: "fuzz",
  seed: 1n,
  trials: 50,
  tasks: [
    made(TournamentTask, { id: "a", task: "bernoulli-bandit", options: { arms: 3, horizon: 10 } }),
    made(TournamentTask, { id: "b", task: "river-swim", options: { states: 3, horizon: 4, episodes: 3 } }),
  ],
  agents: ENTRANTS.map((name) => made(TournamentEntrant, { name, agent: "fuzz" })),
});

const COLLECTION_SPEC = made(CollectionSpec, {
  name: "fuzz",
  seed: 1n,
  tasks: [made(CollectionTask, { id: "a", task: "bernoulli-bandit", options: { arms: 3, horizon: 10 }, trials: 50 })],
  behaviours: ["fuzz-c", "fuzz-d"].map((name) => made(Behaviour, { name, agent: "fuzz", weight: 1 })),
});

const limits = resolveLimits();

/** The tournament that a fuzzing keeps alive: everybody may leave and come back. */
export const TOURNAMENT = {
  id: checkSpec(TOURNAMENT_SPEC, limits, () => 0n).id,
  create: encoded(
    CreateTournamentRequest,
    made(CreateTournamentRequest, {
      spec: TOURNAMENT_SPEC,
      seedKey: Buffer.alloc(0),
      attendance: ENTRANTS.map((name) => made(Attendance, { name, processes: 1, mayLeave: true })),
    }),
  ),
};

/** The collection that it keeps alive. */
export const COLLECTION = {
  id: checkCollection(COLLECTION_SPEC, limits).id,
  create: encoded(CreateCollectionRequest, made(CreateCollectionRequest, { spec: COLLECTION_SPEC })),
};

function encoded<T>(type: { encode(message: T): { finish(): Uint8Array } }, message: T): Buffer {
  return Buffer.from(type.encode(message).finish());
}

/** A small tournament of its own; few different ones, so that what a server keeps of them has an end. */
function smallTournament(rng: Rng): Buffer {
  const [task, options] = pick(rng, TASKS);
  const spec = made(TournamentSpec, {
    name: `small ${rng.integer(8)}`,
    seed: BigInt(rng.integer(4)),
    trials: 1 + rng.integer(3),
    tasks: [made(TournamentTask, { id: "a", task, options: { ...options } })],
    agents: [made(TournamentEntrant, { name: pick(rng, ENTRANTS), agent: "fuzz" })],
  });
  return encoded(CreateTournamentRequest, made(CreateTournamentRequest, { spec }));
}

const filter = (rng: Rng) =>
  made(TrajectoryFilter, {
    task: rng.integer(2) === 0 ? pick(rng, TASKS)[0] : undefined,
    complete: rng.integer(2) === 0 ? true : undefined,
    tournamentId: rng.integer(4) === 0 ? TOURNAMENT.id : undefined,
  });

const { id } = TOURNAMENT;

/** By the end of a method's path. */
export const GOOD: Readonly<Record<string, (rng: Rng) => Buffer>> = {
  CreateTournament: (rng) => (rng.integer(3) === 0 ? TOURNAMENT.create : smallTournament(rng)),
  GetTournament: () => encoded(GetTournamentRequest, made(GetTournamentRequest, { id })),
  WatchTournament: (rng) => encoded(WatchTournamentRequest, { id, changesOnly: rng.integer(2) === 0 }),
  StreamTrials: () => encoded(StreamTrialsRequest, made(StreamTrialsRequest, { id })),
  ForfeitMatches: (rng) =>
    encoded(ForfeitMatchesRequest, made(ForfeitMatchesRequest, { id, entrant: pick(rng, ENTRANTS), message: "fuzz" })),
  DeleteTournament: () => encoded(DeleteTournamentRequest, made(DeleteTournamentRequest, { id })),
  CreateCollection: () => COLLECTION.create,
  WatchCollection: () => encoded(WatchCollectionRequest, made(WatchCollectionRequest, { id: COLLECTION.id })),
  CancelCollection: () => encoded(CancelCollectionRequest, made(CancelCollectionRequest, { id: COLLECTION.id })),
  GetTask: (rng) => {
    const [name, options] = pick(rng, TASKS);
    return encoded(GetTaskRequest, made(GetTaskRequest, { name, options: { ...options } }));
  },
  ListTrajectories: (rng) =>
    encoded(
      ListTrajectoriesRequest,
      made(ListTrajectoriesRequest, {
        filter: filter(rng),
        pageSize: rng.integer(20),
        pageToken: rng.integer(4) === 0 ? Buffer.from('[0,"[]"]').toString("base64url") : "",
      }),
    ),
  StreamTrajectories: (rng) =>
    encoded(
      StreamTrajectoriesRequest,
      made(StreamTrajectoriesRequest, { filter: filter(rng), limit: BigInt(rng.integer(50)) }),
    ),
  CountTrials: (rng) => {
    const [task, taskOptions] = pick(rng, TASKS);
    const members = { task, taskOptions: { ...taskOptions }, agent: "fuzz", seed: 1n, trials: 5n };
    return encoded(CountTrialsRequest, made(CountTrialsRequest, members));
  },
};
