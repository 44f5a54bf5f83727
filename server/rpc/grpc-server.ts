/** gRPC's server with our bounds, without services yet. */
import { Server } from "@grpc/grpc-js";
import type { Limits } from "../sessions/limits.js";
import { callGuard, type GuardContext } from "./call-guard.js";

/** One that holds its connections and calls to the limits. */
export function createGrpcServer(limits: Limits, guard: GuardContext): Server {
  return new Server({
    "grpc.max_receive_message_length": limits.maxMessageBytes,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": limits.maxStreamsPerConnection,
    "grpc.max_connection_idle_ms": limits.idleTimeoutMs,
    "grpc.keepalive_time_ms": limits.keepaliveMs,
    "grpc.keepalive_timeout_ms": limits.keepaliveMs,
    "grpc.enable_channelz": 0, // nobody asks it, and it counts for every call
    interceptors: [callGuard(guard)],
  });
}

/** Resolves when the last call has ended, by force after `forceMs`. */
export function shutDown(server: Server, forceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const forced = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, forceMs);
    server.tryShutdown(() => {
      clearTimeout(forced);
      resolve();
    });
  });
}
