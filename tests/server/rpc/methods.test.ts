/** Calls that end early. */
import { EventEmitter } from "node:events";
import { Metadata, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { ListTasksRequest, ListTasksResponse } from "#icrl/proto/gen/icrl/v1/environment.js";
import { type MethodContext, unary } from "#icrl/server/rpc/methods.js";

test.each([
  ["who has left while his call waited hears of nothing, and it is no error of the server's", true],
  ["what fails in another way is one", false],
])("%s", async (_, left) => {
  const told: string[] = [];
  const context = {
    tell: ({ event }: { event: string }) => told.push(event),
    maxMessageBytes: 100,
    callers: { admit: () => ({ role: "anybody" }) },
  } as unknown as MethodContext;
  const call = Object.assign(new EventEmitter(), {
    metadata: new Metadata(),
    request: Buffer.alloc(0),
    cancelled: left,
    getPath: () => "/icrl.v1.EnvironmentService/ListTasks",
    getPeer: () => "somebody",
  }) as unknown as ServerUnaryCall<Buffer, Buffer>;
  const waits = unary(ListTasksRequest, ListTasksResponse, context, (_request, { aborted }) => {
    return new Promise((_answer, fail) => {
      aborted.addEventListener("abort", () => fail(left ? aborted.reason : new Error("broken")));
    });
  });
  const code = await new Promise((resolve) => {
    waits(call, (error) => resolve(error?.code));
    call.emit("cancelled");
  });
  expect(code).toBe(left ? status.CANCELLED : status.INTERNAL);
  expect(told.filter((event) => event === "internal_error")).toEqual(left ? [] : ["internal_error"]);
});
