/** A Play stream as bare bytes: sends whatever a rule wants to send, and tells exactly what came back. */
import { type CallOptions, Client, type ClientDuplexStream, Metadata, type StatusObject } from "@grpc/grpc-js";
import { bearer } from "../../clients/typescript/connect.js";
import { type Credentials, channelCredentials } from "../../clients/typescript/credentials.js";
import type { AgentMessage, ServerMessage } from "../../clients/typescript/play-stream.js";
import { isLoopback } from "../../common/loopback.js";
import { int32Tensor } from "../../common/tensor.js";
import { type Hello, type Open, PlayRequest, PlayResponse } from "../../proto/gen/icrl/v1/environment.js";
import { ErrorInfo, Status } from "../../proto/gen/icrl/v1/status.js";

/** How a call ended. */
export interface Ending {
  readonly code: number;
  readonly text: string;
  /** Of the status's ErrorInfo with domain icrl; undefined when it has none. */
  readonly reason: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A response, as bytes and decoded. */
export interface Response {
  readonly bytes: Buffer;
  readonly message: ServerMessage;
}

/** A stream. */
export interface RawStream {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  send(message: AgentMessage): Buffer;
  sendBytes(bytes: Buffer): void;
  /** The next response. @throws Error with the ending, when it ends instead */
  next(): Promise<Response>;
  /** The next response, which must be this member. */
  expect<C extends ServerMessage["$case"]>(kind: C): Promise<Extract<ServerMessage, { $case: C }>["value"]>;
  readonly ended: Promise<Ending>;
}

/** A status as rules compare it. */
export function endingOf({ code, details, metadata }: Pick<StatusObject, "code" | "details" | "metadata">): Ending {
  const [bytes] = metadata?.get("grpc-status-details-bin") ?? [];
  if (Buffer.isBuffer(bytes)) {
    for (const { typeUrl, value } of Status.decode(bytes).details) {
      if (typeUrl !== "type.googleapis.com/google.rpc.ErrorInfo") continue;
      const info = ErrorInfo.decode(value);
      if (info.domain === "icrl") return { code, text: details, reason: info.reason, metadata: info.metadata };
    }
  }
  return { code, text: details, reason: undefined, metadata: {} };
}

/**
 * A client with no limits of its own; close it.
 *
 * @param options of its channel, and interceptors
 * @param shown what the server is shown with every call, and by what it is known
 * @throws TLS_REQUIRED, OPTION_INVALID
 */
export function rawClient(address: string, options: object = {}, shown: Credentials = {}): Client {
  return new Client(address, channelCredentials(address, shown), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.enable_http_proxy": isLoopback(address) ? 0 : 1,
    // Its own connection: clients of one process share one otherwise.
    "grpc.use_local_subchannel_pool": 1,
    ...(shown.token === undefined ? {} : { interceptors: [bearer(shown.token)] }),
    ...options,
  });
}

const identity = (bytes: Buffer): Buffer => bytes;

/** The encoded request. */
export function encodeRequest(message: AgentMessage): Buffer {
  return Buffer.from(PlayRequest.encode({ message }).finish());
}

/** Opens a stream. */
export function rawStream(client: Client, options: CallOptions = {}): RawStream {
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(
    "/icrl.v1.EnvironmentService/Play",
    identity,
    identity,
    new Metadata(),
    options,
  );
  const queue: Response[] = [];
  let wake = () => {};
  let ending: Ending | undefined;
  call.on("data", (bytes: Buffer) => {
    const { message } = PlayResponse.decode(bytes);
    if (message === undefined) throw new Error("a response without a member");
    queue.push({ bytes: Buffer.from(bytes), message });
    wake();
  });
  call.on("error", () => {}); // told by `ended`
  const ended = new Promise<Ending>((resolve) => {
    call.on("status", (status) => {
      ending = endingOf(status);
      resolve(ending);
      wake();
    });
  });
  const stream: RawStream = {
    call,
    ended,
    send(message) {
      const bytes = encodeRequest(message);
      call.write(bytes);
      return bytes;
    },
    sendBytes: (bytes) => void call.write(bytes),
    async next() {
      for (;;) {
        const response = queue.shift();
        if (response !== undefined) return response;
        if (ending !== undefined) throw new Error(`the stream ended: ${JSON.stringify(ending)}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async expect(kind) {
      const { message } = await stream.next();
      if (message.$case !== kind) throw new Error(`${message.$case} came, ${kind} was expected`);
      return message.value as never;
    },
  };
  return stream;
}

/** A unary call with any bytes; resolves with the answer's bytes or the ending. */
export function rawUnary(client: Client, path: string, bytes: Buffer): Promise<Buffer | Ending> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, identity, identity, bytes, (error, answer) =>
      resolve(error === null ? (answer as Buffer) : endingOf(error)),
    );
  });
}

/** A server-streaming call with any bytes; resolves with all answers, and how it ended. */
export function rawServerStream(
  client: Client,
  path: string,
  bytes: Buffer,
): Promise<{ answers: Buffer[]; ending: Ending }> {
  return new Promise((resolve) => {
    const call = client.makeServerStreamRequest(path, identity, identity, bytes);
    const answers: Buffer[] = [];
    call.on("data", (answer: Buffer) => answers.push(answer));
    call.on("error", () => {});
    call.on("status", (status) => resolve({ answers, ending: endingOf(status) }));
  });
}

/** A complete hello. */
export function hello(members: Partial<Hello> = {}): AgentMessage {
  return {
    $case: "hello",
    value: {
      minProtocolVersion: 1,
      maxProtocolVersion: 1,
      agent: "test-agent",
      agentVersion: "1",
      language: "test",
      agentOptions: {},
      capabilities: [],
      tasks: [],
      entrant: undefined,
      tournamentId: undefined,
      collectionId: undefined,
      entrantKey: undefined,
      numEnvs: 0,
      ...members,
    },
  };
}

/** A complete open: by default one env, one trial of a bandit with three arms and four steps, of seed 7 where no other seeds are given. */
export function open(members: Partial<Open> = {}): AgentMessage {
  const { label, explicitSeeds, envSeeds } = members;
  const played =
    label === undefined ? { task: "bernoulli-bandit", options: { arms: 3, horizon: 4 }, trials: 1n } : undefined;
  return {
    $case: "open",
    value: {
      task: "",
      options: {},
      numEnvs: 1,
      trials: 0n,
      firstTrial: 0n,
      seed: label === undefined && explicitSeeds === undefined && envSeeds === undefined ? 7n : 0n,
      purpose: "",
      explicitSeeds: [],
      record: undefined,
      tags: {},
      envSeeds: [],
      actTimeoutMs: 0,
      label: undefined,
      ...played,
      ...members,
    },
  };
}

/** Actions for a lock-step. */
export function actions(stepIndex: number | bigint, chosen: readonly number[]): AgentMessage {
  return {
    $case: "actions",
    value: {
      stepIndex: BigInt(stepIndex),
      actions: int32Tensor(Int32Array.from(chosen), [chosen.length]),
      propensities: undefined,
      probabilities: undefined,
    },
  };
}
