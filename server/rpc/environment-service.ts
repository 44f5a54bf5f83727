/** EnvironmentService on the wire. */
import type { ServerDuplexStream } from "@grpc/grpc-js";
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
import { statusOf } from "./errors.js";
import { type Handlers, type MethodContext, unary } from "./methods.js";
import type { OpenSessions } from "./open-sessions.js";
import { createOutgoing } from "./outgoing.js";
import { rpcEnded } from "./rpc-event.js";

/** Handlers of EnvironmentService; `play` starts a session on each stream. */
export function environmentService(
  sessions: OpenSessions,
  startSession: (link: Link) => Session,
  context: MethodContext,
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
  { tell }: MethodContext,
): void {
  let ended = false;
  const outgoing = createOutgoing(stream);
  const link: Link = {
    peer: stream.getPeer(),
    send: outgoing.send,
    whenFlushed: outgoing.whenFlushed,
    end(error) {
      ended = true;
      sessions.delete(session);
      tell(rpcEnded(stream.getPath(), stream.cancelled, error));
      if (error === undefined) stream.end();
      else stream.emit("error", statusOf(error, tell));
      outgoing.ended();
    },
  };
  const session = startSession(link);
  stream.on("error", () => {
    if (!ended) session.lost();
  });
  stream.on("cancelled", () => {
    session.lost();
    outgoing.gone();
  });
  const refusal = sessions.refusal();
  if (refusal !== undefined) return session.fail(refusal);
  sessions.add(session);
  stream.on("data", (bytes: Buffer) => session.receive(bytes));
  // A broken stream ends before it says that it is cancelled.
  stream.on("end", () => setImmediate(() => session.endOfInput()));
}
