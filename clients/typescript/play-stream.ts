/**
 * A play stream as an exchange: send one message, await the next. Where the server lets sessions be resumed, a connection that breaks is
 * made again underneath, and whoever plays sees the same messages as if it had held.
 *
 *   greeting --welcome--> live --lost--> pausing --back-off over--> resuming --welcome--> live
 */
import type { ClientDuplexStream } from "@grpc/grpc-js";
import { IcrlError } from "../../common/errors.js";
import { PlayRequest, type PlayResponse, type Welcome } from "../../proto/gen/icrl/v1/environment.js";
import { backoffMs } from "./backoff.js";
import { ConnectionError, errorOf } from "./errors.js";
import { isLoss, mayPass } from "./losses.js";
import { createUnanswered } from "./unanswered.js";

/** What the server says. */
export type ServerMessage = NonNullable<PlayResponse["message"]>;

/** What the agent says. */
export type AgentMessage = NonNullable<PlayRequest["message"]>;

/** A session's stream. */
export interface PlayStream {
  /** Whether it takes up its session again when its connection breaks, where the server can: hello says so. */
  readonly reconnects: boolean;
  /** Sends one message. */
  send(message: AgentMessage): void;
  /**
   * The next message, in order. One caller at a time. After the server was started again, `opened` and observations from step 0 come once
   * more, in the middle of what was open: see `welcome.restarted`.
   * @throws IcrlError with the server's reason, or ConnectionError, once the stream has ended
   */
  next(): Promise<ServerMessage>;
  /** Says that nothing more will be sent; the server ends the stream. */
  finish(): void;
  /** Whether the server has ended it, or it was given up. */
  readonly ended: boolean;
  /** Breaks the stream off: the agent leaves. */
  cancel(): void;
}

/** A Play call: encoded requests, decoded responses. */
export type PlayCall = ClientDuplexStream<Buffer, PlayResponse>;

/** What streams need of their connection. */
export interface PlayCalls {
  /** HOST:PORT. */
  readonly address: string;
  /** Whether sessions are taken up again after a loss. */
  readonly reconnects: boolean;
  /** How long an attempt to take one up is given at first, in milliseconds. */
  readonly attemptMs: number;
  /** Starts a call. @param silent an earlier one on which nothing came in time: its connection is not used again */
  start(silent?: PlayCall): PlayCall;
  /** Told when a stream has lost its connection, and when it has it again or has given up. */
  lost(error: Error, tryingForMs: number): void;
  back(restarted: boolean): void;
  gaveUp(): void;
  /** Told when a stream has ended. */
  ended(): void;
}

/**
 * How long a session that was never welcomed is begun again, in milliseconds, and how often at least: how long the server would keep it is not
 * known yet.
 */
const GREETING_MS = 2000;
const GREETINGS = 4;

/** A connection that has held so long is no flapping one, in milliseconds. */
const STEADY_MS = 10_000;

/** The longest time that an attempt is given, in milliseconds. */
const LONGEST_ATTEMPT_MS = 20_000;

/** How long the server may take to let an agent go that leaves, in milliseconds. */
const LEAVING_MS = 1000;

/** Opens a stream. Not read from while nobody waits, so that backpressure reaches the server. */
export function openPlayStream(calls: PlayCalls): PlayStream {
  return new SessionStream(calls);
}

class SessionStream implements PlayStream {
  readonly #calls: PlayCalls;
  #call: PlayCall | undefined;
  #is: "greeting" | "live" | "pausing" | "resuming" = "greeting";
  readonly #queue: ServerMessage[] = [];
  #waiting: { resolve: (message: ServerMessage) => void; reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;
  #finished = false;

  // What the session is known by.
  #hello: Buffer | undefined;
  #welcomed = false;
  #token = "";
  #resumeMs = 0;

  // What has passed in it.
  readonly #unanswered = createUnanswered();
  #received = 0;
  #open = false;
  /** The server began anew, and whoever plays will know by this many `opened`: what it sends before answers what is gone. */
  #behind = 0;
  /** It wanted to close what began anew: sent when it can be. */
  #closeLater: Buffer | undefined;

  // A loss, and what was tried since.
  #loss: { readonly atMs: number; readonly error: Error } | undefined;
  #attempts = 0;
  #timeouts = 0;
  #silent: PlayCall | undefined;
  #liveSinceMs = 0;
  #progress = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(calls: PlayCalls) {
    this.#calls = calls;
    this.#attach(calls.start());
  }

  get reconnects(): boolean {
    return this.#calls.reconnects;
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  send(message: AgentMessage): void {
    if (this.#ended !== undefined) return;
    // Encoded at once: its tensors may share memory that is about to be overwritten, and it may have to be sent again byte for byte.
    const bytes = Buffer.from(PlayRequest.encode({ message }).finish());
    if (message.$case === "hello") {
      this.#hello = bytes;
      this.#call?.write(bytes);
      return;
    }
    if (this.#behind > 0 && message.$case !== "open") {
      if (message.$case === "close") this.#closeLater = bytes;
      return;
    }
    this.#unanswered.add(message.$case, bytes);
    if (this.#is === "live") this.#call?.write(bytes);
  }

  next(): Promise<ServerMessage> {
    const message = this.#queue.shift();
    if (message !== undefined) return Promise.resolve(this.#taken(message));
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#call?.isPaused()) this.#call.resume();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  finish(): void {
    this.#finished = true;
    if (this.#is !== "live") return this.cancel();
    this.#call?.end();
    this.#call?.resume(); // to its end
  }

  cancel(): void {
    if (this.#ended !== undefined) return;
    const call = this.#call;
    // A call that is only cancelled looks like a lost one: its session would wait to be resumed.
    if (call !== undefined && this.#is === "live" && this.#token !== "") {
      const impatient = setTimeout(() => call.cancel(), LEAVING_MS);
      call.once("status", () => clearTimeout(impatient));
      call.end();
      call.resume();
    } else call?.cancel();
    this.#end(new ConnectionError(1, `CANCELLED from ${this.#calls.address}: this agent left`));
  }

  #attach(call: PlayCall): void {
    this.#call = call;
    call.on("data", (response: PlayResponse) => {
      if (call === this.#call) this.#take(call, response.message);
    });
    call.on("error", (error) => {
      if (call === this.#call) this.#broke(errorOf(error, this.#calls.address));
    });
    call.on("end", () => {
      if (call === this.#call) this.#end(this.#over());
    });
  }

  #over(): Error {
    return new ConnectionError(0, `the server at ${this.#calls.address} ended the session`);
  }

  #take(call: PlayCall, message: ServerMessage | undefined): void {
    if (message?.$case === "welcome") return this.#onWelcome(call, message.value);
    if (message?.$case !== "draining") {
      this.#received += 1;
      this.#progress = true;
      this.#unanswered.answered();
    }
    if (message === undefined) return; // a newer server's message: nothing this client asked for
    if (message.$case === "opened") this.#open = true;
    if (message.$case === "closed") {
      this.#open = false;
      this.#closeLater = undefined;
    }
    if (message.$case === "observations" && this.#closeLater !== undefined) {
      this.#unanswered.add("close", this.#closeLater);
      call.write(this.#closeLater);
      this.#closeLater = undefined;
    }
    this.#deliver(call, message);
  }

  #deliver(call: PlayCall, message: ServerMessage): void {
    if (this.#waiting === undefined) {
      if (this.#finished) return;
      this.#queue.push(message);
      call.pause();
      return;
    }
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(this.#taken(message));
  }

  /** What whoever plays now knows. */
  #taken(message: ServerMessage): ServerMessage {
    if (message.$case === "opened" && this.#behind > 0) this.#behind -= 1;
    if (message.$case === "closed") this.#behind = 0; // all was played, and nothing is opened once more
    return message;
  }

  #onWelcome(call: PlayCall, welcome: Welcome): void {
    clearTimeout(this.#timer);
    const again = this.#is === "resuming";
    if (again && !welcome.restarted && !this.#unanswered.has(Number(welcome.received))) {
      const { sent } = this.#unanswered;
      call.cancel();
      this.#end(
        new IcrlError("PROTOCOL_ORDER", `the server took ${welcome.received} messages of the ${sent} that were sent`),
      );
      return;
    }
    this.#is = "live";
    this.#liveSinceMs = performance.now();
    this.#progress = false;
    if (welcome.resumeToken !== "" || !again) this.#token = welcome.resumeToken;
    this.#resumeMs = welcome.limits?.resumeMs ?? this.#resumeMs;
    if (again && welcome.restarted) this.#beginAnew(Number(welcome.received));
    else if (!again) {
      this.#unanswered.recount();
      this.#received = 0;
    }
    const taken = again && !welcome.restarted ? Number(welcome.received) : 0;
    for (const bytes of this.#unanswered.after(taken)) call.write(bytes);
    if (this.#loss !== undefined) this.#calls.back(welcome.restarted);
    if (this.#welcomed) return;
    this.#welcomed = true;
    this.#deliver(call, { $case: "welcome", value: welcome });
  }

  /** The server was started again: nothing that was sent counts, but an `open` that it had not taken; what was open will be opened once more. */
  #beginAnew(taken: number): void {
    this.#behind = this.#open ? 1 + this.#queue.filter(({ $case }) => $case === "opened").length : 0;
    this.#closeLater = this.#unanswered.last("close", 0) ?? this.#closeLater;
    const open = this.#unanswered.last("open", taken);
    this.#unanswered.forget();
    if (open !== undefined) this.#unanswered.add("open", open);
    this.#received = 0;
  }

  #broke(error: Error): void {
    clearTimeout(this.#timer);
    const was = this.#is;
    this.#call = undefined;
    if (this.#finished || !this.#calls.reconnects) return this.#end(error);
    if (was === "resuming" && !this.#open && isUnknownSession(error)) {
      // Nothing is open: a new session is as good as the lost one.
      this.#token = "";
      return this.#pause();
    }
    const worth = was === "live" ? this.#token !== "" && isLoss(error) : isLoss(error) || mayPass(error);
    if (!worth || (was === "greeting" && this.#hello === undefined)) return this.#end(error);
    const steady = this.#progress || performance.now() - this.#liveSinceMs > STEADY_MS;
    if (this.#loss === undefined || (was === "live" && steady)) {
      this.#loss = { atMs: performance.now(), error };
      this.#attempts = 0;
      this.#timeouts = 0;
    }
    if (was === "live" || this.#attempts === 0) this.#calls.lost(error, this.#patienceMs());
    this.#pause(error);
  }

  /** How long a loss is borne. */
  #patienceMs(): number {
    return this.#welcomed ? this.#resumeMs : GREETING_MS;
  }

  #pause(last?: Error): void {
    this.#is = "pausing";
    const loss = this.#loss ?? { atMs: performance.now(), error: this.#over() };
    const leftMs = loss.atMs + this.#patienceMs() - performance.now();
    const mustTry = !this.#welcomed && this.#attempts < GREETINGS; // relays that are silent take longer
    if (leftMs <= 0 && !mustTry) return this.#end(this.#gaveUp(loss.error, last));
    this.#timer = setTimeout(() => this.#tryAgain(leftMs), Math.max(0, Math.min(backoffMs(this.#attempts), leftMs)));
    this.#attempts += 1;
  }

  #gaveUp(first: Error, last: Error | undefined): Error {
    const tookMs = performance.now() - (this.#loss?.atMs ?? 0);
    const seconds = this.#welcomed ? this.#resumeMs / 1000 : Number((tookMs / 1000).toFixed(1));
    const text = `the connection to ${this.#calls.address} was lost and could not be made again within ${seconds} s: ${(last ?? first).message}`;
    return new ConnectionError(first instanceof ConnectionError ? first.code : 14, text);
  }

  #tryAgain(leftMs: number): void {
    const call = this.#calls.start(this.#silent);
    this.#silent = undefined;
    this.#attach(call);
    this.#is = this.#token === "" ? "greeting" : "resuming";
    call.write(this.#token === "" ? (this.#hello as Buffer) : this.#resume());
    const attemptMs = Math.min(this.#calls.attemptMs * 2 ** this.#timeouts, LONGEST_ATTEMPT_MS);
    this.#timer = setTimeout(
      () => {
        this.#timeouts += 1;
        this.#silent = call;
        this.#call = undefined;
        call.cancel();
        this.#broke(new ConnectionError(14, `nothing came from ${this.#calls.address} for ${attemptMs / 1000} s`));
      },
      Math.max(Math.min(attemptMs, leftMs), this.#calls.attemptMs),
    );
  }

  #resume(): Buffer {
    const value = { resumeToken: this.#token, received: BigInt(this.#received) };
    return Buffer.from(PlayRequest.encode({ message: { $case: "resume", value } }).finish());
  }

  #end(error: Error): void {
    clearTimeout(this.#timer);
    this.#call = undefined;
    if (this.#ended !== undefined) return;
    this.#ended = error;
    if (this.#loss !== undefined && this.#is !== "live") this.#calls.gaveUp();
    this.#calls.ended();
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

const isUnknownSession = (error: Error): boolean => error instanceof IcrlError && error.reason === "RESUME_UNKNOWN";
