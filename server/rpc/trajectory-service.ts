/** TrajectoryService on the wire. */
import type { TrajectorySummary } from "../../datasets/log/list-trajectories.js";
import type { TrajectoryFilter } from "../../datasets/log/trajectory-filter.js";
import {
  CountTrialsRequest,
  CountTrialsResponse,
  ListTrajectoriesRequest,
  ListTrajectoriesResponse,
  StreamTrajectoriesRequest,
  StreamTrajectoriesResponse,
  type TrajectoryServiceService,
  type TrajectorySummary as WireSummary,
} from "../../proto/gen/icrl/v1/trajectory.js";
import { checkedSeries } from "../sessions/checked-request.js";
import type { Limits } from "../sessions/limits.js";
import { toldOf } from "../tournaments/redaction.js";
import type { Tournaments } from "../tournaments/tournaments.js";
import type { LogReads } from "../trajectories/log-reads.js";
import { type Caller, type Handlers, type MethodContext, serverStreaming, unary } from "./methods.js";

/** Handlers of TrajectoryService. They show what is durable when they are called. */
export function trajectoryService(
  reads: LogReads,
  tournaments: Tournaments,
  limits: Limits,
  context: MethodContext,
): Handlers<TrajectoryServiceService> {
  /** Episodes of tournaments that are withheld from the caller are left out, and those of others where he sees his own alone. */
  const shown = (filter: TrajectoryFilter | undefined, { sees, who }: Caller) => ({
    ...filter,
    tournaments: toldOf(tournaments, sees).tournaments,
    ...(sees === "own" ? { own: { sessions: who.tokenId, entrant: who.entrant } } : {}),
  });

  /** One of the reads that the caller's token may have under way. @throws QUOTA_EXCEEDED */
  const oneRead = ({ who }: Caller) => context.callers.access.shareOf(who)?.take("reads", 1) ?? (() => {});

  return {
    countTrials: unary(CountTrialsRequest, CountTrialsResponse, context, async (request, caller) => {
      const series = checkedSeries(request, limits);
      const done = oneRead(caller);
      return { recorded: BigInt(await reads.count(series, caller.aborted).finally(done)) };
    }),
    listTrajectories: unary(ListTrajectoriesRequest, ListTrajectoriesResponse, context, async (request, caller) => {
      const { filter, pageSize: size, pageToken: token } = request;
      const done = oneRead(caller);
      const page = await reads.list(shown(filter, caller), { size, token }, caller.aborted).finally(done);
      return { trajectories: page.trajectories.map(describeSummary), nextPageToken: page.nextToken };
    }),
    streamTrajectories: serverStreaming(
      StreamTrajectoriesRequest,
      StreamTrajectoriesResponse,
      context,
      async function* ({ filter, limit }, caller) {
        const done = oneRead(caller);
        try {
          const chunks = reads.stream(shown(filter, caller), { limit: Number(limit) }, caller.aborted);
          for await (const { arrowIpc, rows } of chunks) yield { arrowIpc: Buffer.from(arrowIpc.buffer), rows };
        } finally {
          done();
        }
      },
    ),
  };
}

function describeSummary(summary: TrajectorySummary): WireSummary {
  return {
    ...summary,
    taskOptions: { ...summary.taskOptions },
    startedAt: new Date(summary.startedAtMs),
    episodeReturn: summary.return,
  };
}
