/** Trials side by side, one for each particle, that an estimator steers: it says what is done, they say how probable it was. */
export interface ParticleTrials {
  readonly size: number;
  readonly numActions: number;
  /**
   * Writes the laws of the coming action of one trial, given all that happened in it.
   *
   * Shapes: expert [A]; behaviours [K, A], one row for each part of the mixture.
   *
   * @returns whether the trial goes on; if it is over nothing is written
   */
  laws(trial: number, expert: Float64Array, behaviours: Float64Array): boolean;
  /** Takes an action in a trial that goes on, after its laws were asked for. */
  take(trial: number, action: number): void;
  /** Makes a trial stand where another one stands: the same instance and the same past, with luck of its own from here on. */
  copy(from: number, to: number): void;
}
