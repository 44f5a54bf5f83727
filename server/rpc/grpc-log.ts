/** What grpc-js says of itself. */
import { setLogger } from "@grpc/grpc-js";
import { visible } from "../../common/visible-text.js";
import type { RpcEvent } from "./rpc-event.js";

/**
 * From now on it is an event. By itself it would be a line on standard error that is no JSON, in which strangers' bytes stand: of a header
 * that it cannot read, say. Of a process: all its gRPC clients and servers are heard.
 */
export function hearGrpc(tell: (event: RpcEvent) => void): void {
  const say = (...words: unknown[]) => tell({ event: "grpc_said", message: visible(words.join(" ")) });
  setLogger({ error: say, info: say, debug: say });
}
