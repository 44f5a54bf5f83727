/** TrajectoryService on the wire. */
import type { TrajectorySummary } from "../../datasets/log/list-trajectories.js";
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
import type { Tournaments } from "../tournaments/tournaments.js";
import type { LogReads } from "../trajectories/log-reads.js";
import { type Handlers, type MethodContext, serverStreaming, unary } from "./methods.js";

/** Handlers of TrajectoryService. They show what is durable when they are called. */
export function trajectoryService(
  reads: LogReads,
  tournaments: Tournaments,
  limits: Limits,
  context: MethodContext,
): Handlers<TrajectoryServiceService> {
  return {
    countTrials: unary(CountTrialsRequest, CountTrialsResponse, context, async (request, { aborted }) => {
      const series = checkedSeries(request, limits);
      return { recorded: BigInt(await reads.count(series, aborted)) };
    }),
    listTrajectories: unary(
      ListTrajectoriesRequest,
      ListTrajectoriesResponse,
      context,
      async (request, { aborted }) => {
        const { filter, pageSize: size, pageToken: token } = request;
        const page = await reads.list(filter, { size, token }, aborted);
        const running = tournaments.running();
        return {
          trajectories: page.trajectories.map((summary) => describeSummary(summary, running)),
          nextPageToken: page.nextToken,
        };
      },
    ),
    streamTrajectories: serverStreaming(
      StreamTrajectoriesRequest,
      StreamTrajectoriesResponse,
      context,
      async function* ({ filter, limit }, { aborted }) {
        const options = { limit: Number(limit), redactTournaments: tournaments.running() };
        const chunks = reads.stream(filter, options, aborted);
        for await (const { arrowIpc, rows } of chunks) yield { arrowIpc: Buffer.from(arrowIpc.buffer), rows };
      },
    ),
  };
}

function describeSummary(summary: TrajectorySummary, running: readonly string[]): WireSummary {
  const withheld = summary.tournamentId !== undefined && running.includes(summary.tournamentId);
  return {
    ...summary,
    taskOptions: { ...summary.taskOptions },
    startedAt: new Date(summary.startedAtMs),
    episodeReturn: summary.return,
    regret: withheld ? undefined : summary.regret,
  };
}
