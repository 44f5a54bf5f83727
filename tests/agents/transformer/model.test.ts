import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, test } from "vitest";
import { forward } from "#icrl/agents/transformer/model.js";
import type { ModelConfig } from "#icrl/agents/transformer/model-config.js";
import { parameterSpecs } from "#icrl/agents/transformer/parameters.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { freshState, randomBatch, SMALL_ARMS, SMALL_TOKENS, smallModel } from "../../support/transformer.js";

beforeAll(async () => {
  tf.enableProdMode(); // no advertisement
  await tf.setBackend("cpu");
});

const MODELS: [string, ModelConfig][] = [
  ["softmax, pre-norm, learned positions", smallModel()],
  ["relu", smallModel({ attention: "relu" })],
  ["post-norm", smallModel({ norm: "post" })],
  ["relative positions and a window", smallModel({ positions: "alibi", window: 3 })],
  ["relu, relative positions and a window", smallModel({ attention: "relu", positions: "alibi", window: 3 })],
  ["half of the heads flat", smallModel({ positions: "alibi-flat" })],
  ["rotary positions", smallModel({ positions: "rotary" })],
  ["relu, rotary positions and a window", smallModel({ attention: "relu", positions: "rotary", window: 3 })],
  ["no positions", smallModel({ positions: "none", norm: "post" })],
  ["two tokens a step", smallModel({}, { ...SMALL_TOKENS, layout: "lin2023" })],
  ["a head that scores arms", smallModel({}, SMALL_ARMS)],
];

/** Parameters with biases and norms away from their special initial values. */
function parametersOf(model: ModelConfig): Record<string, tf.Tensor> {
  const rng = rngFromSeed(5n);
  const { parameters } = freshState(model);
  return Object.fromEntries(
    parameterSpecs(model).map(({ name, shape }) => {
      const values = (parameters.get(name) as Float32Array).map((value) => value + 0.2 * rng.normal());
      return [name, tf.tensor(values, [...shape])];
    }),
  );
}

function unit(values: Float32Array): Float32Array {
  const norm = Math.hypot(...values) || 1;
  return values.map((x) => x / norm);
}

function logitsOf(model: ModelConfig, tokens: Float32Array, sequences = 2, arms?: Float32Array): Float32Array {
  return tf.tidy(() => {
    const input = tf.tensor3d(tokens, [sequences, tokens.length / sequences / model.tokenSize, model.tokenSize]);
    return forward(model, parametersOf(model), input, { arms }).logits.dataSync() as Float32Array;
  });
}

describe.each(MODELS)("a model with %s", (_, model) => {
  const batch = randomBatch(model, 2, 3n);

  test("has gradients equal to directional finite differences, parameter by parameter", () => {
    const loss = (parameters: Record<string, tf.Tensor>): tf.Scalar => {
      const input = tf.tensor3d(batch.tokens, [2, batch.length, model.tokenSize]);
      const logs = tf.logSoftmax(forward(model, parameters, input, batch).logits);
      return tf.neg(tf.mean(tf.sum(tf.mul(logs, tf.tensor(batch.targets, logs.shape)), -1))) as tf.Scalar;
    };
    const parameters = parametersOf(model);
    const names = Object.keys(parameters);
    const gradients = tf.tidy(() =>
      tf
        .grads((...values: tf.Tensor[]) => loss(Object.fromEntries(names.map((name, i) => [name, values[i]]))))(
          Object.values(parameters),
        )
        .map((gradient) => gradient.dataSync() as Float32Array),
    );
    const rng = rngFromSeed(7n);
    for (const [i, name] of names.entries()) {
      // Half along the gradient, where the loss changes most, half anywhere.
      const anywhere = unit(gradients[i].map(() => rng.normal()));
      const direction = unit(unit(gradients[i]).map((along, k) => along + anywhere[k]));
      const at = (by: number) =>
        tf.tidy(() => {
          const nudged = tf.add(
            parameters[name],
            tf.tensor(
              direction.map((x) => x * by),
              parameters[name].shape,
            ),
          );
          return loss({ ...parameters, [name]: nudged }).dataSync()[0];
        });
      // Short enough to meet few kinks of a ReLU; float32 then leaves an error of about 1e-7 / 0.002.
      const central = (by: number) => (at(by) - at(-by)) / (2 * by);
      const numeric = central(0.002);
      const analytic = gradients[i].reduce((sum, x, k) => sum + x * direction[k], 0);
      expect(Math.abs(numeric - analytic), `${name}: ${numeric} and ${analytic}`).toBeLessThan(
        1e-2 * Math.abs(analytic) + 1e-4,
      );
    }
    tf.dispose(parameters);
  });

  test("decides by what came before alone", () => {
    const { tokens } = batch;
    const changed = tokens.slice();
    const from = 6 * model.tokenSize; // token 6 of the first sequence
    for (let i = from; i < model.context * model.tokenSize; i += 1) changed[i] += 1;
    const before = (6 / model.stride) * model.maxActions;
    const all = (model.context / model.stride) * model.maxActions;
    const first = logitsOf(model, tokens, 2, batch.arms);
    const second = logitsOf(model, changed, 2, batch.arms);
    expect(second.slice(0, before)).toEqual(first.slice(0, before));
    expect(second.slice(before, all)).not.toEqual(first.slice(before, all));
    expect(second.slice(all)).toEqual(first.slice(all)); // the other sequence
  });
});

test("a window hides what is further away than its layers reach", () => {
  const model = smallModel({ positions: "alibi", window: 2 });
  const { tokens } = randomBatch(model, 1, 3n);
  const changed = tokens.slice();
  for (let i = 0; i < model.tokenSize; i += 1) changed[i] += 1;
  // 2 layers of window 2: token 0 is seen by tokens 0 to 2.
  const reach = 3 * model.maxActions;
  const first = logitsOf(model, tokens, 1);
  const second = logitsOf(model, changed, 1);
  expect(second.slice(reach)).toEqual(first.slice(reach));
  expect(second.slice(reach - model.maxActions, reach)).not.toEqual(first.slice(reach - model.maxActions, reach));
});

test.each(["alibi", "alibi-flat", "rotary", "none"])(
  "with positions %s and a window, a sequence may begin anywhere",
  (positions) => {
    const model = smallModel({ positions, window: 2 });
    const { tokens } = randomBatch(model, 1, 3n);
    const later = logitsOf(model, tokens.slice(2 * model.tokenSize), 1);
    const whole = logitsOf(model, tokens, 1);
    const from = 4 * model.maxActions; // from token 4 on, tokens 0 and 1 are out of reach
    const shifted = later.slice(from - 2 * model.maxActions);
    for (const [i, value] of whole.slice(from).entries()) expect(shifted[i]).toBeCloseTo(value, 5);
  },
);

test("dropout is a function of its seed, and off without one", () => {
  const model = smallModel({ dropout: 0.5 });
  const { tokens } = randomBatch(model, 1, 3n);
  const logits = (dropoutSeed?: number) =>
    tf.tidy(() => {
      const input = tf.tensor3d(tokens, [1, model.context, model.tokenSize]);
      return forward(model, parametersOf(model), input, { dropoutSeed }).logits.dataSync();
    });
  expect(logits(1)).toEqual(logits(1));
  expect(logits(2)).not.toEqual(logits(1));
  expect(logits()).toEqual(logitsOf(smallModel(), tokens, 1));
});
