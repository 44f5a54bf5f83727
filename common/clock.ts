/** Time as an argument: the server hands in the real one, a test one that it moves by hand. */
export interface Clock {
  /** Unix time in milliseconds, with fractions. */
  now(): number;
  /** Calls back once, after so many milliseconds; returns what stops that. */
  after(ms: number, callback: () => void): () => void;
}
