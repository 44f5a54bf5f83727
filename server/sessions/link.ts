/** By whose token a stream came. */
export interface Bearer {
  /** Begins the ids of its sessions, so that their rows are known to be its; undefined: it showed none. */
  readonly tokenId: string | undefined;
  /** What its token may have, and has; undefined: it is not bounded. */
  readonly share: SessionShare | undefined;
  /** Sees that it may play under a name; undefined: freely. @throws ROLE_REFUSED */
  requireName(entrant: string | undefined): void;
}

/** What sessions take of what their token may have. What was taken is given back once, however often. */
export interface SessionShare {
  /** How much is left; Infinity where it is not bounded. */
  left(quota: "envs" | "bytes" | "cpu_ms_a_second"): number;
  /** @throws QUOTA_EXCEEDED */
  take(quota: "sessions" | "envs" | "bytes", amount: number): () => void;
  /** Counts what is there already. */
  hold(quota: "bytes" | "log_bytes_a_day" | "cpu_ms_a_second", amount: number): () => void;
  /** @throws QUOTA_EXCEEDED if nothing is left */
  requireLeft(quota: "bytes" | "log_bytes_a_day"): void;
}

/** The transport's side of a session: one stream. A session holds it as a part, and nothing else of it. */
export interface Link {
  /** The connection it came over, HOST:PORT of the other end: the sessions of one process share it. */
  readonly peer: string;
  /** Absent: whoever comes may play. */
  readonly bearer?: Bearer;
  /** From now on takes messages of up to so many bytes: a larger one ends the session before it is read. Absent where none is bounded. */
  readonly take?: (maxBytes: number) => void;
  /** Whether the agent's next messages are read, when it has read what was sent. Absent where that is not for who holds the link to say. */
  readonly read?: (more: boolean) => void;
  /** Sends one encoded response. */
  send(bytes: Buffer): void;
  /** Calls back once nothing that was sent is on its way any more, or the stream is gone. */
  whenFlushed(then: () => void): void;
  /** Ends the stream: well when there is no error. */
  end(error?: unknown): void;
}

/** What a stream tells its session. Once the session is spoken to on another stream, it hears nothing of this one. */
export interface Incoming {
  /** Takes one encoded request. */
  receive(bytes: Buffer): void;
  /** The agent will send no more. */
  endOfInput(): void;
  /** The stream is gone. */
  lost(): void;
  /** Ends the session with an error, unless it has ended. */
  fail(error: unknown): void;
}

/** The link of a session that has no stream: what is sent goes nowhere. */
export const noLink = (peer: string): Link => ({ peer, send() {}, whenFlushed: (then) => then(), end() {} });
