/** What comes of calls, for the server's event log and its metrics. */
import { status } from "@grpc/grpc-js";
import { IcrlError, type Reason } from "../../common/errors.js";
import type { InternalError } from "../sessions/session-event.js";

/** One event. */
export type RpcEvent =
  | {
      readonly event: "rpc_ended";
      /** "TournamentService/CreateTournament" */
      readonly method: string;
      /** Name of the gRPC code; CANCELLED where the caller left before the end. */
      readonly code: string;
      /** Undefined where no error ended it. */
      readonly reason: Reason | "INTERNAL" | undefined;
      readonly message: string | undefined;
    }
  /** What grpc-js has to say. Most often a caller is at fault. */
  | { readonly event: "grpc_said"; readonly message: string }
  | InternalError;

/**
 * A call's end.
 *
 * @param path as gRPC has it: "/icrl.v1.TournamentService/CreateTournament"
 * @param error what it ended with; undefined where it ended well
 */
export function rpcEnded(path: string, cancelled: boolean, error: unknown): RpcEvent {
  const known = error instanceof IcrlError;
  const code = known ? error.code : error !== undefined ? status.INTERNAL : cancelled ? status.CANCELLED : status.OK;
  return {
    event: "rpc_ended",
    method: path.slice(path.lastIndexOf(".") + 1),
    code: status[code],
    reason: known ? error.reason : error === undefined ? undefined : "INTERNAL",
    message: known ? error.message : undefined,
  };
}
