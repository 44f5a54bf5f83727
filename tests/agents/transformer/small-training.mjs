/**
 * `node small-training.mjs BACKEND STEPS`: a training small enough for every back end, one decoder block on fixed data by the operations
 * that a transformer is made of. Prints the loss before each step of gradient descent, as JSON. A process of its own, because not
 * all back ends bear each other in one.
 */
import * as tf from "@tensorflow/tfjs";
import { loadBackend } from "#icrl/agents/transformer/backends.js";
import { rngFromSeed } from "#icrl/common/rng.js";

const [sequences, length, features, width, heads, actions] = [4, 12, 5, 16, 2, 3];
const tokens = sequences * length;

const [, , backend, steps] = process.argv;
const { name } = await loadBackend(/** @type {import("#icrl/agents/transformer/backends.js").BackendName} */ (backend));

/** Uniform in [-scale, scale]; each name has its own stream. */
function draw(/** @type {string} */ name, /** @type {number[]} */ shape, /** @type {number} */ scale) {
  const rng = rngFromSeed(7n).split(name);
  const size = shape.reduce((product, n) => product * n, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => scale * (2 * rng.uniform() - 1)),
    shape,
  );
}

const x0 = draw("tokens", [tokens, features], 1);
// What is to be learned: which of a token's first three features is the largest.
const targets = tf.tidy(() => tf.oneHot(tf.argMax(x0.slice([0, 0], [-1, actions]), 1), actions).toFloat());
const future = tf.tidy(() => tf.sub(1, tf.linalg.bandPart(tf.ones([length, length]), -1, 0)).mul(-1e9));

const weight = (/** @type {string} */ name, /** @type {number} */ out, /** @type {number} */ into) =>
  tf.variable(draw(name, [out, into], into ** -0.5));
const weights = {
  embed: weight("embed", width, features),
  qkv: weight("qkv", 3 * width, width),
  out: weight("out", width, width),
  up: weight("up", 4 * width, width),
  down: weight("down", width, 4 * width),
  head: weight("head", actions, width),
  gain: tf.variable(tf.ones([width])),
};

/** @typedef {import("@tensorflow/tfjs").Tensor} Tensor */

const linear = (/** @type {Tensor} */ x, /** @type {Tensor} */ w) => tf.matMul(x, w, false, true);

function norm(/** @type {Tensor} */ x) {
  const centred = x.sub(x.mean(1, true));
  return centred.mul(centred.square().mean(1, true).add(1e-5).rsqrt()).mul(weights.gain);
}

function attention(/** @type {Tensor} */ x) {
  const qkv = linear(x, weights.qkv)
    .reshape([sequences, length, 3, heads, width / heads])
    .transpose([2, 0, 3, 1, 4]);
  const [q, k, v] = tf.unstack(qkv); // [sequences, heads, length, width / heads]
  const scores = tf.matMul(q, k, false, true).mul((width / heads) ** -0.5);
  const mixed = tf.matMul(tf.softmax(scores.add(future)), v);
  return linear(mixed.transpose([0, 2, 1, 3]).reshape([tokens, width]), weights.out);
}

function loss() {
  let x = linear(x0, weights.embed);
  x = x.add(attention(norm(x)));
  x = x.add(linear(linear(norm(x), weights.up).relu(), weights.down));
  return /** @type {import("@tensorflow/tfjs").Scalar} */ (
    tf
      .logSoftmax(linear(norm(x), weights.head))
      .mul(targets)
      .sum(1)
      .mean()
      .neg()
  );
}

const optimizer = tf.train.sgd(0.1);
const losses = [];
for (let step = 0; step < Number(steps); step += 1) {
  const { value, grads } = tf.variableGrads(loss, Object.values(weights));
  optimizer.applyGradients(grads);
  losses.push((await value.data())[0]);
  tf.dispose([value, grads]);
}
console.log(JSON.stringify({ name, losses }));
