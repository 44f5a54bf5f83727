/** Learning by tfjs's automatic differentiation, on whichever of its back ends is set. */
import * as tf from "@tensorflow/tfjs";
import type { AdamW, BatchLoss, Learner, LearnerState, LearningBatch } from "./learner.js";
import { forward, type HeadTensors } from "./model.js";
import type { ModelConfig } from "./model-config.js";
import { parameterSpecs } from "./parameters.js";

/** Logit of an action that a task does not have. */
const ABSENT = -1e9;

interface Slot {
  readonly name: string;
  readonly shape: number[];
  readonly decays: boolean;
  readonly value: tf.Variable;
  readonly first: tf.Variable;
  readonly second: tf.Variable;
  readonly gradient: tf.Variable;
}

/** A learner that begins at a state. */
export function createTfjsLearner(config: ModelConfig, optimizer: AdamW, start: LearnerState): Learner {
  const variable = (values: Float32Array | undefined, shape: number[]): tf.Variable => {
    const initial = values === undefined ? tf.zeros(shape) : tf.tensor(values, shape);
    const made = tf.variable(initial);
    initial.dispose();
    return made;
  };
  const slots: Slot[] = parameterSpecs(config).map(({ name, shape, decays }) => ({
    name,
    shape: [...shape],
    decays,
    value: variable(start.parameters.get(name), [...shape]),
    first: variable(start.firstMoments.get(name), [...shape]),
    second: variable(start.secondMoments.get(name), [...shape]),
    gradient: variable(undefined, [...shape]),
  }));
  const parameters = Object.fromEntries(slots.map(({ name, value }) => [name, value]));
  const values = slots.map(({ value }) => value);
  let { updates } = start;

  /** [B, T, A] log-probabilities, absent actions left out; and the numbers. */
  function answers(batch: LearningBatch, dropoutSeed?: number): HeadTensors {
    const { sequences, length, tokens, arms, numActions } = batch;
    const input = tf.tensor3d(tokens, [sequences, length, config.tokenSize]);
    let { logits, numbers } = forward(config, parameters, input, { arms, dropoutSeed });
    if (numActions.some((count) => count < config.maxActions)) {
      const absent = Float32Array.from({ length: sequences * config.maxActions }, (_, i) =>
        i % config.maxActions < numActions[Math.floor(i / config.maxActions)] ? 0 : ABSENT,
      );
      logits = tf.add(logits, tf.tensor(absent, [sequences, 1, config.maxActions]));
    }
    return { logits: tf.logSoftmax(logits) as tf.Tensor3D, numbers };
  }

  const targetsOf = ({ targets, sequences }: LearningBatch) =>
    tf.tensor3d(targets, [sequences, targets.length / sequences / config.maxActions, config.maxActions]);

  /** Sum of weight times cross-entropy. */
  function crossEntropy(logs: tf.Tensor3D, targets: tf.Tensor3D, weights: tf.Tensor2D): tf.Scalar {
    return tf.neg(tf.sum(tf.mul(weights, tf.sum(tf.mul(targets, logs), -1)))) as tf.Scalar;
  }

  const weightsOf = ({ weights, sequences }: LearningBatch) =>
    tf.tensor2d(weights, [sequences, weights.length / sequences]);

  /** Sum of weight times squared error; 0 without numbers. */
  function squaredError(given: tf.Tensor3D | undefined, batch: LearningBatch): tf.Scalar {
    if (given === undefined) return tf.scalar(0);
    if (batch.numbers === undefined) throw new RangeError("the head's numbers have no targets");
    const { targets, weights } = batch.numbers;
    const errors = tf.square(tf.sub(given, tf.tensor3d(targets, given.shape)));
    return tf.sum(tf.mul(tf.tensor3d(weights, given.shape), errors)) as tf.Scalar;
  }

  return {
    async accumulate(batch, dropoutSeed) {
      const loss = tf.tidy(() => {
        const targets = targetsOf(batch);
        const weights = weightsOf(batch);
        const { value, grads } = tf.variableGrads(() => {
          const { logits, numbers } = answers(batch, dropoutSeed);
          const loss = crossEntropy(logits, targets, weights);
          return numbers === undefined ? loss : (tf.add(loss, squaredError(numbers, batch)) as tf.Scalar);
        }, values);
        for (const { gradient, value: of } of slots) gradient.assign(tf.add(gradient, grads[of.name]));
        return value;
      });
      return read(loss);
    },

    async update(learningRate, decisions) {
      updates += 1;
      return read(step(slots, optimizer, updates, learningRate, decisions));
    },

    async evaluate(batch): Promise<BatchLoss> {
      const parts = tf.tidy(() => {
        const { logits: logs, numbers } = answers(batch);
        const targets = targetsOf(batch);
        const weights = weightsOf(batch);
        const agrees = tf.cast(tf.equal(tf.argMax(logs, -1), tf.argMax(targets, -1)), "float32");
        const sums = [crossEntropy(logs, targets, weights), tf.sum(tf.mul(weights, agrees))];
        return tf.stack([...sums, squaredError(numbers, batch)]);
      });
      const [entropy, agreed, squared] = await parts.data();
      parts.dispose();
      return { loss: entropy + squared, agreed, squared };
    },

    async state() {
      const copy = async (pick: (slot: Slot) => tf.Variable) =>
        new Map(
          await Promise.all(
            slots.map(async (slot): Promise<[string, Float32Array]> => {
              return [slot.name, Float32Array.from((await pick(slot).data()) as Float32Array)];
            }),
          ),
        );
      return {
        parameters: await copy(({ value }) => value),
        firstMoments: await copy(({ first }) => first),
        secondMoments: await copy(({ second }) => second),
        updates,
      };
    },

    close() {
      for (const { value, first, second, gradient } of slots) tf.dispose([value, first, second, gradient]);
    },
  };
}

/**
 * AdamW's step over all parameters, from gradients that are sums over `decisions`: they are 0 afterwards.
 *
 * @param updates counted with this one, from 1
 * @returns the gradient's norm before it is clipped
 */
function step(
  slots: readonly Slot[],
  { beta1, beta2, epsilon, weightDecay, clip }: AdamW,
  updates: number,
  learningRate: number,
  decisions: number,
): tf.Tensor {
  // Both corrections for the moments' start at 0, as factors of the step and of the root.
  const rate = learningRate / (1 - beta1 ** updates);
  const correction = 1 / Math.sqrt(1 - beta2 ** updates);
  return tf.tidy(() => {
    const squares = slots.map(({ gradient }) => tf.sum(tf.square(gradient)));
    // Not addN: WebGPU gives a shader eight buffers, and addN one to each of its terms.
    const square = squares.reduce((sum, term) => tf.add(sum, term));
    const length = tf.div(tf.sqrt(square), decisions);
    const scale = tf.div(clip > 0 ? tf.div(clip, tf.maximum(length, clip)) : 1, decisions);
    for (const { value, first, second, gradient, decays } of slots) {
      const mean = tf.mul(gradient, scale);
      first.assign(tf.add(tf.mul(first, beta1), tf.mul(mean, 1 - beta1)));
      second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(mean), 1 - beta2)));
      const change = tf.div(tf.mul(first, rate), tf.add(tf.mul(tf.sqrt(second), correction), epsilon));
      const kept = decays ? tf.mul(value, 1 - learningRate * weightDecay) : value;
      value.assign(tf.sub(kept, change));
      gradient.assign(tf.zerosLike(gradient));
    }
    return length;
  });
}

async function read(scalar: tf.Tensor): Promise<number> {
  const [value] = await scalar.data();
  scalar.dispose();
  return value;
}
