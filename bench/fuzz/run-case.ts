/** Plays a case against a server, and says what is wrong with what came back. */
import { connect as connectTcp } from "node:net";
import { type Client, type ClientDuplexStream, Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { REASONS } from "../../common/errors.js";
import { PlayRequest, PlayResponse } from "../../proto/gen/icrl/v1/environment.js";
import { reasonOf } from "../attacks/raw.js";
import type { CallCase, Case, PlayCase, SocketCase, WorldCase } from "./case.js";
import { PLAY, PROCESS } from "./contract.js";
import { playWorld } from "./run-world.js";

/** What came of a case. */
export interface Outcome {
  /** Requests that were sent, or pieces of bytes. */
  readonly messages: number;
  /** How its calls ended: reasons, names of codes. */
  readonly ends: readonly string[];
  /** What must not be; undefined where all is as it may be. */
  readonly fault: string | undefined;
}

/** How long a call may take to end once nothing more is sent, in milliseconds. */
const END_MS = 300_000;
/** How long a message is waited for that may not come. */
const ANSWER_MS = 2000;
/** Answers that are taken of a stream. */
const TAKEN = 5;
/** How long a stream that says nothing is listened to. */
const LISTEN_MS = 200;

const identity = (bytes: Buffer): Buffer => bytes;

/** Codes that gRPC itself gives where a caller left, or called what there is not. */
const BY_GRPC = new Set<number>([status.OK, status.CANCELLED, status.UNIMPLEMENTED]);

/** Services whose every error has a reason. */
const OURS = /^\/(icrl|dm_env_rpc)\.v1\./;

/** Whether a call may end so. */
function faultOf(path: string, end: StatusObject, cut: boolean): string | undefined {
  if (cut && end.code === status.CANCELLED) return undefined;
  const reason = reasonOf(end);
  if (reason in REASONS && reason !== "INTERNAL") return undefined;
  if (BY_GRPC.has(end.code) || !OURS.test(path)) {
    return end.code === status.UNKNOWN || end.code === status.UNAVAILABLE ? describe(path, end) : undefined;
  }
  return describe(path, end);
}

const describe = (path: string, { code, details }: StatusObject): string =>
  `${path} ended with ${status[code]} and no reason: ${details}`;

/** Plays it. */
export function runCase(one: Case, client: Client, address: string): Promise<Outcome> {
  if (one.kind === "play") return runPlay(one, client);
  if (one.kind === "call") return runCall(one, client);
  if (one.kind === "world") return runWorld(one, client);
  return runSocket(one, address);
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A stream of a session, and where the session stands as far as its agent can tell. */
interface Playing {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly ended: Promise<StatusObject>;
  end: StatusObject | undefined;
  cut: boolean;
  playing: boolean;
  received: number;
  token: string;
  /** Called when something came after which it is the agent's turn. */
  wake: () => void;
}

function startStream(client: Client, before?: Playing): Playing {
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(PLAY, identity, identity);
  const playing: Playing = {
    call,
    ended: new Promise((resolve) => {
      call.on("status", (end) => {
        playing.end = end;
        playing.wake();
        resolve(end);
      });
    }),
    end: undefined,
    cut: false,
    playing: before?.playing ?? false,
    received: before?.received ?? 0,
    token: before?.token ?? "",
    wake() {},
  };
  call.on("error", () => {});
  call.on("data", (bytes: Buffer) => {
    playing.received += 1;
    const { message } = PlayResponse.decode(bytes);
    if (message?.$case === "welcome") playing.token = message.value.resumeToken || playing.token;
    if (message?.$case === "observations") playing.playing = true;
    if (message?.$case === "closed") playing.playing = false;
    if (message?.$case !== "opened" && message?.$case !== "draining") playing.wake();
  });
  return playing;
}

/** Waits until it is the agent's turn. */
function turn(stream: Playing): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ANSWER_MS);
    function done() {
      clearTimeout(timer);
      stream.wake = () => {};
      resolve();
    }
    stream.wake = done;
    if (stream.end !== undefined) done();
  });
}

async function runPlay({ ops }: PlayCase, client: Client): Promise<Outcome> {
  let stream = startStream(client);
  const ends: string[] = [];
  let messages = 0;
  let fault: string | undefined;
  async function over(): Promise<void> {
    const end = await Promise.race([stream.ended, wait(END_MS)]);
    if (end === undefined) {
      fault ??= `a session did not end within ${END_MS} ms`;
      stream.call.cancel();
      return;
    }
    ends.push(end.code === status.OK ? "OK" : reasonOf(end));
    fault ??= faultOf(PLAY, end, stream.cut);
  }
  for (const op of ops) {
    if (op.do === "cut") {
      stream.cut = true;
      stream.call.cancel();
      await over();
    } else if (op.do === "await") {
      await turn(stream);
    } else if (op.do === "end") {
      stream.call.end();
    } else if (op.do === "resume") {
      stream = startStream(client, stream);
      const received = BigInt(Math.max(0, stream.received - op.less));
      const resumeToken = op.spoiled ? `${stream.token.slice(1)}x` : stream.token;
      messages += 1;
      const answered = turn(stream);
      stream.call.write(
        Buffer.from(PlayRequest.encode({ message: { $case: "resume", value: { resumeToken, received } } }).finish()),
      );
      await answered;
    } else {
      if (stream.end !== undefined) break;
      if (op.only === "playing" && !stream.playing) continue;
      messages += 1;
      const answered = op.wait ? turn(stream) : undefined;
      stream.call.write(op.bytes);
      await answered;
    }
  }
  if (stream.end === undefined) stream.call.end();
  if (!stream.cut) await over();
  return { messages, ends, fault };
}

async function runCall({ path, streams, takesStream, requests }: CallCase, client: Client): Promise<Outcome> {
  let cut = false;
  const end = await new Promise<StatusObject>((resolve) => {
    // One shape of call serves for all: what is sent and taken is up to the server.
    const call = client.makeBidiStreamRequest<Buffer, Buffer>(path, identity, identity, new Metadata(), {
      deadline: Date.now() + END_MS,
    });
    let taken = 0;
    const leave = () => {
      cut = true;
      call.cancel();
    };
    const timer = streams ? setTimeout(leave, LISTEN_MS) : undefined;
    call.on("data", () => {
      taken += 1;
      if (taken >= TAKEN) leave();
    });
    call.on("error", () => {});
    call.on("status", (end) => {
      clearTimeout(timer);
      resolve(end);
    });
    for (const request of takesStream ? requests : requests.slice(0, 1)) call.write(request);
    call.end();
  });
  const reason = end.code === status.OK ? "OK" : reasonOf(end);
  return { messages: takesStream ? requests.length : 1, ends: [reason], fault: faultOf(path, end, cut) };
}

async function runWorld(one: WorldCase, client: Client): Promise<Outcome> {
  const { messages, answers, end, cut, fault } = await playWorld(one, client);
  const failed = answers.includes("INTERNAL") ? "an answer without a reason" : undefined;
  return { messages, ends: answers, fault: fault ?? failed ?? faultOf(PROCESS, end, cut) };
}

async function runSocket({ what, chunks }: SocketCase, address: string): Promise<Outcome> {
  const at = address.lastIndexOf(":");
  const socket = connectTcp(Number(address.slice(at + 1)), address.slice(0, at));
  let fault: string | undefined;
  let closed = false;
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ECONNREFUSED") fault = "nobody listens any more";
  });
  const gone = new Promise<void>((resolve) => {
    socket.on("close", () => {
      closed = true;
      resolve();
    });
  });
  socket.resume();
  let messages = 0;
  for (const [bytes, ms] of chunks) {
    if (closed) break;
    messages += 1;
    await Promise.race([new Promise<void>((resolve) => socket.write(bytes, () => resolve())), wait(1000)]);
    if (ms > 0) await Promise.race([gone, wait(ms)]);
  }
  const by = closed ? "closed" : "open";
  socket.destroy();
  return { messages, ends: [`${what}: ${by}`], fault };
}
