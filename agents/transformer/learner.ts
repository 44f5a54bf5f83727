/**
 * What the training loop needs of a back end: losses and gradients of batches, AdamW, and its state. The loop does not know
 * what computes them.
 */

/** Sequences to learn from. All arrays belong to whoever was given the batch. */
export interface LearningBatch {
  /** B. */
  readonly sequences: number;
  /** L, tokens of each; those after a sequence's end are 0. */
  readonly length: number;
  /** [B, L, F]. */
  readonly tokens: Float32Array;
  /** [B, T, A]: what is to be answered, a distribution over the actions; T = ceil(L / stride). */
  readonly targets: Float32Array;
  /** [B, T]: how much that counts; 0: not at all. */
  readonly weights: Float32Array;
  /** [B, T, N] both: what each of the head's numbers should be, and how much it counts; absent where the head has none. */
  readonly numbers?: { readonly targets: Float32Array; readonly weights: Float32Array } | undefined;
  /** Decisions that count in any way: losses and gradients are for each of them. */
  readonly decisions: number;
  /** [B, T, A, d]: features of the arms that each decision is among, for a model whose head scores them; absent arms are 0. */
  readonly arms?: Float32Array | undefined;
  /** [B]: how many actions each sequence's task has; logits of others are left out. */
  readonly numActions: Int32Array;
}

/** How well a batch was answered. Sums, so that batches can be added up. */
export interface BatchLoss {
  /** Sum of weight times cross-entropy, nats, and of weight times squared error of the numbers. */
  readonly loss: number;
  /** The latter alone. */
  readonly squared: number;
  /** Sum of weights of decisions whose likeliest action is the target's likeliest (the lowest index on ties). */
  readonly agreed: number;
}

/** Constants of AdamW. Source: Loshchilov & Hutter (2019), "Decoupled Weight Decay Regularization", algorithm 2. */
export interface AdamW {
  readonly beta1: number;
  readonly beta2: number;
  /** Added to the root of the second moment. */
  readonly epsilon: number;
  /** Share of a weight that is taken off per step, times the learning rate. */
  readonly weightDecay: number;
  /** Largest norm of the gradient of all parameters together; 0: any. */
  readonly clip: number;
}

/** A state that training can go on from: parameters and both moments of each, by name. */
export interface LearnerState {
  readonly parameters: Map<string, Float32Array>;
  readonly firstMoments: Map<string, Float32Array>;
  readonly secondMoments: Map<string, Float32Array>;
  /** Updates made so far. */
  readonly updates: number;
}

/** Learns one model. One call at a time. */
export interface Learner {
  /** Loss of a batch with dropout drawn from the seed; its gradient is added to what is accumulated. */
  accumulate(batch: LearningBatch, dropoutSeed: number): Promise<number>;
  /**
   * One step of AdamW along the mean gradient of what was accumulated, which is forgotten.
   *
   * @param decisions of the accumulated batches
   * @returns the gradient's norm before clipping
   */
  update(learningRate: number, decisions: number): Promise<number>;
  /** Loss of a batch, without dropout. */
  evaluate(batch: LearningBatch): Promise<BatchLoss>;
  /** A copy. */
  state(): Promise<LearnerState>;
  /** Frees what it holds. */
  close(): void;
}
