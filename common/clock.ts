/** Time as an argument: the server hands in the real one, a test one that it moves by hand. */
export interface Clock {
  /** Unix time in milliseconds, with fractions. */
  now(): number;
  /** Calls back once, after so many milliseconds in which the process was not late; returns what stops that. */
  after(ms: number, callback: () => void): () => void;
  /** How long the process has been too busy to notice the time, in all, in milliseconds: no deadline counts that. */
  lateMs(): number;
}
