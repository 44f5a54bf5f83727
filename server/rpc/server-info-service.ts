/** ServerInfoService on the wire. */
import { PROTOCOL_VERSION, VERSION } from "../../common/version.js";
import {
  GetServerInfoRequest,
  GetServerInfoResponse,
  type ServerInfoServiceService,
} from "../../proto/gen/icrl/v1/server_info.js";
import { capabilitiesOf } from "../sessions/capabilities.js";
import { describeLimits } from "../sessions/describe-limits.js";
import type { Limits } from "../sessions/limits.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import { type Handlers, type MethodContext, unary } from "./methods.js";

/** Handlers of ServerInfoService. */
export function serverInfoService(
  server: {
    readonly limits: Limits;
    /** Trials to label; absent when the server has no dataset. */
    readonly labels?: object;
    readonly sink: TrajectorySink;
    readonly durability: string;
    readonly startedAt: Date;
    readonly counters: { readonly steps: number };
    readonly openSessions: { readonly size: number };
  },
  context: MethodContext,
): Handlers<ServerInfoServiceService> {
  return {
    getServerInfo: unary(GetServerInfoRequest, GetServerInfoResponse, context, () => ({
      serverVersion: VERSION,
      minProtocolVersion: PROTOCOL_VERSION,
      maxProtocolVersion: PROTOCOL_VERSION,
      limits: describeLimits(server.limits),
      capabilities: capabilitiesOf(server.limits, server.labels),
      startedAt: server.startedAt,
      openSessions: server.openSessions.size,
      steps: BigInt(server.counters.steps),
      durableEpisodes: BigInt(server.sink.durable),
      durability: server.durability,
      logWritable: server.sink.writable,
      logEpisodes: BigInt(server.sink.episodes),
      tornBytes: BigInt(server.sink.tornBytes),
    })),
  };
}
