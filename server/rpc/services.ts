/** All services of a server, on its one port. */
import type { Server } from "@grpc/grpc-js";
import { EnvironmentService as DmEnvRpcService } from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { CollectionServiceService } from "../../proto/gen/icrl/v1/collection.js";
import { EnvironmentServiceService } from "../../proto/gen/icrl/v1/environment.js";
import { ServerInfoServiceService } from "../../proto/gen/icrl/v1/server_info.js";
import { TournamentServiceService } from "../../proto/gen/icrl/v1/tournament.js";
import { TrajectoryServiceService } from "../../proto/gen/icrl/v1/trajectory.js";
import type { Collections } from "../collections/collections.js";
import type { Limits } from "../sessions/limits.js";
import type { Incoming, Link } from "../sessions/link.js";
import type { Tournaments } from "../tournaments/tournaments.js";
import type { LogReads } from "../trajectories/log-reads.js";
import type { AgentStreamContext } from "./agent-stream.js";
import { collectionService } from "./collection-service.js";
import { dmEnvRpcService } from "./dm-env-rpc-service.js";
import { environmentService } from "./environment-service.js";
import { withRawMessages } from "./methods.js";
import { reflectionService } from "./reflection.js";
import { serverInfoService } from "./server-info-service.js";
import { tournamentService } from "./tournament-service.js";
import { trajectoryService } from "./trajectory-service.js";

/** What they serve. */
export interface Served {
  readonly startSession: (link: Link) => Incoming;
  /** Starts a conversation of dm_env_rpc. */
  readonly startConversation: (link: Link) => Incoming;
  readonly tournaments: Tournaments;
  readonly collections: Collections;
  readonly reads: LogReads;
  readonly limits: Limits;
  /** What GetServerInfo tells of. */
  readonly info: Parameters<typeof serverInfoService>[0];
  readonly methods: AgentStreamContext;
}

/** Adds them, reflection included. */
export function addServices(server: Server, { startSession, tournaments, methods, ...served }: Served): void {
  for (const [service, handlers] of [
    [EnvironmentServiceService, environmentService(startSession, methods)],
    [TournamentServiceService, tournamentService(tournaments, methods)],
    [CollectionServiceService, collectionService(served.collections, methods)],
    [TrajectoryServiceService, trajectoryService(served.reads, tournaments, served.limits, methods)],
    [ServerInfoServiceService, serverInfoService(served.info, methods)],
    [DmEnvRpcService, dmEnvRpcService(served.startConversation, methods)],
  ] as const) {
    server.addService(withRawMessages(service), handlers);
  }
  reflectionService().addToServer(server);
}
