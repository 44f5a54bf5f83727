/** DeepMind's Environment service on the wire; docs/dm-env-rpc.md. */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { EnvironmentService } from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import type { Incoming, Link } from "../sessions/link.js";
import { type AgentStreamContext, serveAgentStream } from "./agent-stream.js";
import type { Handlers } from "./methods.js";

/** Its handler, which starts a conversation on each stream. */
export function dmEnvRpcService(
  startConversation: (link: Link) => Incoming,
  context: AgentStreamContext,
): Handlers<EnvironmentService> {
  return {
    process: (stream: ServerDuplexStream<Buffer, Buffer>) => serveAgentStream(stream, startConversation, context),
  };
}
