/**
 * `node small-training.mjs BACKEND UPDATES`: a training small enough for every back end, of a model with each kind of attention, on data
 * drawn from a fixed seed. Prints the loss of each update, as JSON. A process of its own, because a back end may bring it down.
 */
import { loadBackend } from "#icrl/agents/transformer/backends.js";
import { modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import { initParameters } from "#icrl/agents/transformer/parameters.js";
import { createTfjsLearner } from "#icrl/agents/transformer/tfjs-learner.js";
import { rngFromSeed } from "#icrl/common/rng.js";

const [, , name, updates] = process.argv;
const { tokens, options, adamw } = {
  tokens: { layout: "step", maxActions: 3, numStates: 2, dim: 0, horizon: 8, rewardMean: 0.5, rewardStd: 0.5 },
  options: { layers: 2, width: 16, heads: 2, dropout: 0.1 },
  adamw: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clip: 1 },
};
const [sequences, length] = [8, 8];

await loadBackend(/** @type {import("#icrl/agents/transformer/backends.js").BackendName} */ (name));

/** @type {number[]} */
const losses = [];
for (const attention of ["softmax", "relu"]) {
  const model = modelConfig(
    modelOptions({ ...options, attention }),
    /** @type {import("#icrl/agents/transformer/token-layout.js").TokenConfig} */ (tokens),
    length,
  );
  const rng = rngFromSeed(7n);
  const features = Float32Array.from({ length: sequences * length * model.tokenSize }, () => rng.normal());
  // What is to be learned: which of a token's first three features is the largest.
  const targets = new Float32Array(sequences * length * 3);
  for (let i = 0; i < sequences * length; i += 1) {
    const [a, b, c] = features.subarray(i * model.tokenSize);
    targets[3 * i + (a > b && a > c ? 0 : b > c ? 1 : 2)] = 1;
  }
  const weights = new Float32Array(sequences * length).fill(1);
  const numActions = new Int32Array(sequences).fill(3);
  const parameters = initParameters(model, rngFromSeed(1n));
  const start = { parameters, firstMoments: new Map(), secondMoments: new Map(), updates: 0 };
  const learner = createTfjsLearner(model, adamw, start);
  for (let update = 0; update < Number(updates); update += 1) {
    const loss = await learner.accumulate(
      { sequences, length, tokens: features, targets, weights, decisions: weights.length, numActions },
      update,
    );
    losses.push(loss / weights.length);
    await learner.update(0.003, weights.length);
  }
  learner.close();
}
console.log(JSON.stringify(losses));
