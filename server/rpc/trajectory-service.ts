/** TrajectoryService on the wire. */
import { listTrajectories, type TrajectorySummary } from "../../datasets/log/list-trajectories.js";
import { countRecordedTrials } from "../../datasets/log/recorded-trials.js";
import { streamTrajectories } from "../../datasets/log/stream-trajectories.js";
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
import type { TrajectorySink } from "../trajectories/sink.js";
import { type Handlers, type MethodContext, serverStreaming, unary } from "./methods.js";

/** Handlers of TrajectoryService. They show what is durable when they are called. */
export function trajectoryService(
  dataDir: string,
  sink: TrajectorySink,
  tournaments: Tournaments,
  limits: Limits,
  context: MethodContext,
): Handlers<TrajectoryServiceService> {
  /** Episodes of tournaments that are withheld are left out. */
  const shown = (filter: TrajectoryFilter | undefined) => ({
    ...filter,
    tournaments: toldOf(tournaments, false).tournaments,
  });

  return {
    countTrials: unary(CountTrialsRequest, CountTrialsResponse, context, async (request) => {
      const series = checkedSeries(request, limits);
      await sink.seal();
      return { recorded: BigInt(await countRecordedTrials(dataDir, series)) };
    }),
    listTrajectories: unary(ListTrajectoriesRequest, ListTrajectoriesResponse, context, async (request) => {
      await sink.seal();
      const page = await listTrajectories(dataDir, shown(request.filter), {
        size: request.pageSize,
        token: request.pageToken,
      });
      return {
        trajectories: page.trajectories.map(describeSummary),
        nextPageToken: page.nextToken,
      };
    }),
    streamTrajectories: serverStreaming(
      StreamTrajectoriesRequest,
      StreamTrajectoriesResponse,
      context,
      async function* ({ filter, limit }) {
        await sink.seal();
        const chunks = streamTrajectories(dataDir, shown(filter), { limit: Number(limit) });
        for await (const { arrowIpc, rows } of chunks) yield { arrowIpc: Buffer.from(arrowIpc), rows };
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
