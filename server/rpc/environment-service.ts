/** EnvironmentService on the wire. */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import {
  type EnvironmentServiceService,
  GetTaskRequest,
  GetTaskResponse,
  ListTasksRequest,
  ListTasksResponse,
} from "../../proto/gen/icrl/v1/environment.js";
import type { Incoming, Link } from "../sessions/link.js";
import { describeFamily, describeTask } from "../tasks/describe-task.js";
import { buildTask, taskFamilies, taskFamily } from "../tasks/registry.js";
import { type AgentStreamContext, serveAgentStream } from "./agent-stream.js";
import { type Handlers, unary } from "./methods.js";

/** Handlers of EnvironmentService; `play` starts a session on each stream. */
export function environmentService(
  startSession: (link: Link) => Incoming,
  context: AgentStreamContext,
): Handlers<EnvironmentServiceService> {
  return {
    play: (stream: ServerDuplexStream<Buffer, Buffer>) => serveAgentStream(stream, startSession, context),
    listTasks: unary(ListTasksRequest, ListTasksResponse, context, () => ({
      tasks: taskFamilies().map(describeFamily),
    })),
    getTask: unary(GetTaskRequest, GetTaskResponse, context, ({ name, options }) => ({
      family: describeFamily(taskFamily(name)),
      task: describeTask(buildTask(name, options ?? {})),
    })),
  };
}
