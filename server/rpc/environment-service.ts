/** EnvironmentService on the wire. */
import { constants } from "node:http2";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { Clock } from "../../common/clock.js";
import {
  type EnvironmentServiceService,
  GetTaskRequest,
  GetTaskResponse,
  ListTasksRequest,
  ListTasksResponse,
} from "../../proto/gen/icrl/v1/environment.js";
import type { Link } from "../sessions/link.js";
import type { Session } from "../sessions/session.js";
import { describeFamily, describeTask } from "../tasks/describe-task.js";
import { buildTask, TASKS, taskFamily } from "../tasks/registry.js";
import type { Connections } from "./connections.js";
import { statusOf } from "./errors.js";
import { callBehind, onTooLarge } from "./inner-call.js";
import { type Handlers, type MethodContext, unary } from "./methods.js";
import type { OpenSessions } from "./open-sessions.js";
import { createOutgoing } from "./outgoing.js";
import { rpcEnded } from "./rpc-event.js";

/** What `play` needs beside its sessions. */
export interface PlayContext extends MethodContext {
  readonly clock: Clock;
  /** Told of streams that begin and end. */
  readonly connections: Pick<Connections, "began" | "ended">;
}

/** How long an agent may take to read how its session ended. */
const GOODBYE_MS = 10_000;

/** Handlers of EnvironmentService; `play` starts a session on each stream. */
export function environmentService(
  sessions: OpenSessions,
  startSession: (link: Link) => Session,
  context: PlayContext,
): Handlers<EnvironmentServiceService> {
  return {
    play: (stream: ServerDuplexStream<Buffer, Buffer>) => play(stream, sessions, startSession, context),
    listTasks: unary(ListTasksRequest, ListTasksResponse, context, () => ({
      tasks: TASKS.map(describeFamily).sort((a, b) => (a.name < b.name ? -1 : 1)),
    })),
    getTask: unary(GetTaskRequest, GetTaskResponse, context, ({ name, options }) => ({
      family: describeFamily(taskFamily(name)),
      task: describeTask(buildTask(name, options ?? {})),
    })),
  };
}

function play(
  stream: ServerDuplexStream<Buffer, Buffer>,
  sessions: OpenSessions,
  startSession: (link: Link) => Session,
  { tell, connections, clock }: PlayContext,
): void {
  const call = callBehind(stream);
  const peer = stream.getPeer();
  let ended = false;
  const outgoing = createOutgoing(stream);
  let introduced = false;
  let stopGoodbye = () => {};
  const link: Link = {
    peer,
    take(maxBytes) {
      call.decoder.maxReadMessageLength = maxBytes;
    },
    send: outgoing.send,
    whenFlushed: outgoing.whenFlushed,
    end(error) {
      ended = true;
      sessions.delete(session);
      tell(rpcEnded(stream.getPath(), stream.cancelled, error));
      if (stream.cancelled) return; // nobody hears it
      stopGoodbye = clock.after(GOODBYE_MS, () => call.stream.close(constants.NGHTTP2_CANCEL));
      if (error === undefined) stream.end();
      else stream.emit("error", statusOf(error, tell));
    },
  };
  const session = startSession(link);
  connections.began(peer);
  sessions.expect(session);
  stream.on("error", () => {
    if (!ended) session.lost();
  });
  // Comes when the call is over, however it has ended.
  stream.on("cancelled", () => {
    stopGoodbye();
    connections.ended(peer);
    session.lost();
    outgoing.gone();
  });
  onTooLarge(call, (error) => session.fail(error));
  stream.on("data", (bytes: Buffer) => {
    if (ended) return;
    if (!introduced) {
      introduced = true;
      const refusal = sessions.admit(session);
      if (refusal !== undefined) return session.fail(refusal);
    }
    session.receive(bytes);
  });
  // A broken stream ends before it says that it is cancelled.
  stream.on("end", () => setImmediate(() => session.endOfInput()));
}
