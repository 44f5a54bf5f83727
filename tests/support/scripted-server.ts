/** A server of Play whose every word a test writes, stream by stream. */
import { constants } from "node:http2";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import type { AgentMessage, ServerMessage } from "#icrl/clients/typescript/play-stream.js";
import { EnvironmentServiceService, PlayRequest, PlayResponse } from "#icrl/proto/gen/icrl/v1/environment.js";
import { callBehind } from "#icrl/server/rpc/inner-call.js";
import { withRawMessages } from "#icrl/server/rpc/methods.js";

/** One stream, from the server's side. */
export interface ScriptedStream {
  /** The next request, decoded, and its bytes. */
  next(): Promise<{ message: AgentMessage; bytes: Buffer }>;
  /** The next request, which must be this member. */
  expect<C extends AgentMessage["$case"]>(kind: C): Promise<Extract<AgentMessage, { $case: C }>["value"]>;
  send(message: ServerMessage): void;
  /** Once the agent has said that it sends no more. */
  readonly ended: Promise<void>;
  /** Ends it well. */
  end(): void;
  /** Ends it with a status. */
  fail(error: unknown): void;
  /** Breaks its connection. */
  cut(): void;
}

/** What it does on each stream, the first one first; whatever throws here fails the test that awaits `done`. */
export interface ScriptedServer {
  readonly address: string;
  /** Once all streams' scripts are over. */
  readonly done: Promise<void>;
}

/** Starts one for the test that runs now. */
export async function scriptedServer(
  scripts: readonly ((stream: ScriptedStream) => Promise<void> | void)[],
): Promise<ScriptedServer> {
  let count = 0;
  const outcomes: Promise<void>[] = [];
  let allBegan = () => {};
  const began = new Promise<void>((resolve) => {
    allBegan = resolve;
  });
  const server = new Server();
  server.addService(withRawMessages(EnvironmentServiceService), {
    play(call: ServerDuplexStream<Buffer, Buffer>) {
      const script = scripts[count++];
      outcomes.push(Promise.resolve(script?.(scripted(call))));
      outcomes.at(-1)?.catch(() => {});
      if (count === scripts.length) allBegan();
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return {
    address: `127.0.0.1:${port}`,
    done: began.then(async () => {
      await Promise.all(outcomes);
    }),
  };
}

function scripted(call: ServerDuplexStream<Buffer, Buffer>): ScriptedStream {
  const queue: Buffer[] = [];
  let wake = () => {};
  call.on("data", (bytes: Buffer) => {
    queue.push(bytes);
    wake();
  });
  call.on("error", () => {});
  const ended = new Promise<void>((resolve) => call.on("end", resolve));
  async function next() {
    while (queue.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const bytes = queue.shift() as Buffer;
    return { bytes, message: PlayRequest.decode(bytes).message as AgentMessage };
  }
  return {
    next,
    async expect(kind) {
      const { message } = await next();
      if (message.$case !== kind) throw new Error(`${message.$case} came, ${kind} was expected`);
      return message.value as never;
    },
    ended,
    send: (message) => void call.write(Buffer.from(PlayResponse.encode({ message }).finish())),
    end: () => call.end(),
    fail: (error) => void call.emit("error", error),
    // RST_STREAM with CANCEL, as a relay that lets a call go.
    cut: () => callBehind(call).stream.close(constants.NGHTTP2_CANCEL),
  };
}
