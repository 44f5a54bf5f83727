/** A server between a server and its agents: passes every message on, but for what a test wants spoiled. */
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type StatusObject,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { AgentMessage, ServerMessage } from "#icrl/clients/typescript/play-stream.js";
import { EnvironmentServiceService, PlayRequest, PlayResponse } from "#icrl/proto/gen/icrl/v1/environment.js";
import { ServerInfoServiceService } from "#icrl/proto/gen/icrl/v1/server_info.js";
import { TournamentServiceService } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { withRawMessages } from "#icrl/server/rpc/methods.js";

/** What is spoiled in one session; what is not given passes as it is. */
export interface Spoiler {
  /**
   * What goes to the server in place of a request; undefined: nothing does. `answer` answers in the server's place; `message` is
   * undefined where the bytes are none.
   */
  request?(
    bytes: Buffer,
    message: AgentMessage | undefined,
    answer: (message: ServerMessage) => void,
  ): Buffer | undefined;
  /** What goes to the agent in place of a response. */
  response?(message: ServerMessage): readonly ServerMessage[];
  /** How the stream ends in place of how it would. */
  ending?(ending: StatusObject): StatusObject;
}

/** A proxy that listens; close it. */
export interface PlayProxy {
  readonly address: string;
  close(): void;
}

const identity = (bytes: Buffer): Buffer => bytes;

function decoded(bytes: Buffer): AgentMessage | undefined {
  try {
    return PlayRequest.decode(bytes).message;
  } catch {
    return undefined;
  }
}

/** Starts one before the server at `address`; `spoiler` is asked once for each session. */
export async function startProxy(address: string, spoiler: () => Spoiler): Promise<PlayProxy> {
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
  });

  function play(call: ServerDuplexStream<Buffer, Buffer>): void {
    const { request, response, ending } = spoiler();
    const upstream = client.makeBidiStreamRequest<Buffer, Buffer>(call.getPath(), identity, identity);
    const answer = (message: ServerMessage) => void call.write(Buffer.from(PlayResponse.encode({ message }).finish()));
    call.on("data", (bytes: Buffer) => {
      const passed = request === undefined ? bytes : request(bytes, decoded(bytes), answer);
      if (passed !== undefined) upstream.write(passed);
    });
    call.on("end", () => upstream.end());
    call.on("cancelled", () => upstream.cancel());
    call.on("error", () => upstream.cancel());
    upstream.on("data", (bytes: Buffer) => {
      const { message } = PlayResponse.decode(bytes);
      if (response === undefined || message === undefined) call.write(bytes);
      else for (const spoiled of response(message)) answer(spoiled);
    });
    upstream.on("error", () => {}); // told by its status
    upstream.on("status", (came) => {
      const end = ending === undefined ? came : ending(came);
      if (end.code === status.OK) call.end();
      else if (!call.cancelled) call.emit("error", end);
    });
  }

  const unary = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
    client.makeUnaryRequest(call.getPath(), identity, identity, call.request, (error, bytes) => done(error, bytes));
  };
  const passing = (service: object): UntypedServiceImplementation =>
    Object.fromEntries(Object.keys(service).map((name) => [name, name === "play" ? play : unary]));

  const server = new Server({ "grpc.max_receive_message_length": -1 });
  for (const service of [EnvironmentServiceService, TournamentServiceService, ServerInfoServiceService]) {
    server.addService(withRawMessages(service), passing(service));
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    close() {
      server.forceShutdown();
      client.close();
    },
  };
}
