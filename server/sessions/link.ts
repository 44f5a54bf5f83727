/** The transport's side of a session: one stream. A session holds it as a part, and nothing else of it. */
export interface Link {
  /** The connection it came over, HOST:PORT of the other end: the sessions of one process share it. */
  readonly peer: string;
  /** From now on takes messages of up to so many bytes: a larger one ends the session before it is read. Absent where none is bounded. */
  readonly take?: (maxBytes: number) => void;
  /** Sends one encoded PlayResponse. */
  send(bytes: Buffer): void;
  /** Calls back once nothing that was sent is on its way any more, or the stream is gone. */
  whenFlushed(then: () => void): void;
  /** Ends the stream: well when there is no error. */
  end(error?: unknown): void;
}
