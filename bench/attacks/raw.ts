/** Calls as bare bytes: what an attacker sends need not be a message. */
import { Client, type ClientDuplexStream, credentials, Metadata, status } from "@grpc/grpc-js";
import { type Hello, type Open, PlayRequest, PlayResponse } from "../../proto/gen/icrl/v1/environment.js";
import { ErrorInfo, Status } from "../../proto/gen/icrl/v1/status.js";

const identity = (bytes: Buffer): Buffer => bytes;

/** A connection of its own, without bounds on the client's side. */
export function channel(address: string, options: Record<string, string | number> = {}): Client {
  return new Client(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.enable_http_proxy": 0,
    "grpc.use_local_subchannel_pool": 1,
    ...options,
  });
}

/** The reason of an error, or the name of its gRPC code. */
export function reasonOf(error: { code?: number; metadata?: Metadata }): string {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (Buffer.isBuffer(bytes)) {
    for (const { value } of Status.decode(bytes).details) {
      const info = ErrorInfo.decode(value);
      if (info.domain === "icrl") return info.reason;
    }
  }
  return status[error.code ?? status.UNKNOWN] ?? "?";
}

/** What came on a stream. */
export type Came = NonNullable<PlayResponse["message"]> | { readonly $case: "ended"; readonly reason: string };

/** A Play stream. */
export interface Stream {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  send(message: PlayRequest["message"]): void;
  sendBytes(bytes: Buffer): void;
  /** What comes next; "ended" once it has ended. */
  next(): Promise<Came>;
}

/** Opens one. */
export function play(client: Client, metadata = new Metadata()): Stream {
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(
    "/icrl.v1.EnvironmentService/Play",
    identity,
    identity,
    metadata,
  );
  const queue: Came[] = [];
  let wake: (() => void) | undefined;
  let ended: Came | undefined;
  call.on("data", (bytes: Buffer) => {
    queue.push(PlayResponse.decode(bytes).message as Came);
    wake?.();
  });
  call.on("error", () => {});
  call.on("status", (end) => {
    ended = { $case: "ended", reason: end.code === status.OK ? "OK" : reasonOf(end) };
    wake?.();
  });
  return {
    call,
    send: (message) => void call.write(Buffer.from(PlayRequest.encode({ message }).finish())),
    sendBytes: (bytes) => void call.write(bytes),
    async next() {
      for (;;) {
        const came = queue.shift() ?? ended;
        if (came !== undefined) return came;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** A unary call: its answer's bytes, or the reason of its error. */
export function unary(
  client: Client,
  path: string,
  request: Uint8Array,
  deadlineMs = 60_000,
  metadata = new Metadata(),
): Promise<Buffer | string> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      `/icrl.v1.${path}`,
      identity,
      identity,
      Buffer.from(request),
      metadata,
      { deadline: Date.now() + deadlineMs },
      (error, answer) => resolve(error === null ? (answer as Buffer) : reasonOf(error)),
    );
  });
}

/** A complete hello. */
export function hello(members: Partial<Hello> = {}): PlayRequest["message"] {
  const value = Object.assign(PlayRequest.decode(Buffer.from([10, 0])).message?.value as Hello, {
    minProtocolVersion: 1,
    maxProtocolVersion: 1,
    agent: "attacker",
    ...members,
  });
  return { $case: "hello", value };
}

/** A complete open. */
export function open(members: Partial<Open> = {}): PlayRequest["message"] {
  const value = Object.assign(PlayRequest.decode(Buffer.from([18, 0])).message?.value as Open, {
    task: "bernoulli-bandit",
    options: {},
    numEnvs: 1,
    trials: 1n,
    ...members,
  });
  return { $case: "open", value };
}

/** The default of a message, with some of its members. */
export function made<T>(type: { decode(bytes: Uint8Array): T }, members: Partial<T>): T {
  return Object.assign(type.decode(new Uint8Array(0)) as object, members) as T;
}

/** How often each of some words comes, as text. */
export function counted(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => (count === 1 ? word : `${count} x ${word}`)).join(", ") || "nothing";
}
