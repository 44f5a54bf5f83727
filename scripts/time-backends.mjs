/**
 * `node scripts/time-backends.mjs [BACKEND...]`, after `npm run build`: the time of two pieces of a transformer on each back end that can
 * be used, each in a process of its own. Best of the rounds, since other work on the machine only ever adds.
 *
 *   matmul     [12800, 32] x [32, 128], the feed-forward layer of 64 sequences of 200 tokens of width 32
 *   attention  forward and backward, 16 sequences, 4 heads of width 8, 200 tokens
 */
import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { BACKENDS, loadBackend } from "../dist/agents/transformer/backends.js";

/** @typedef {import("../dist/agents/transformer/backends.js").BackendName} BackendName */

/** Each piece gives a scalar that depends on all of its work. */
function pieces() {
  const normal = (/** @type {number[]} */ shape, /** @type {number} */ seed) =>
    tf.randomNormal(shape, 0, 1, "float32", seed);
  const x = normal([12800, 32], 1);
  const w = normal([32, 128], 2);
  const qkv = [3, 4, 5].map((seed) => normal([16, 4, 200, 8], seed));
  const attend = (/** @type {import("@tensorflow/tfjs").Tensor[]} */ ...[q, k, v]) =>
    tf.matMul(tf.softmax(tf.matMul(q, k, false, true).mul(8 ** -0.5)), v).square();
  const gradients = tf.grads(/** @type {any} */ (attend));
  return {
    matmul: () => tf.matMul(x, w).sum(),
    attention: () => tf.addN(gradients(qkv).map((gradient) => gradient.sum())),
  };
}

/** The best time of a piece in milliseconds: rounds until two seconds and five rounds have passed, the first not counted. */
async function best(/** @type {() => import("@tensorflow/tfjs").Tensor} */ piece) {
  let shortest = Infinity;
  const end = performance.now() + 2000;
  for (let round = 0; round <= 5 || performance.now() < end; round += 1) {
    const started = performance.now();
    const result = tf.tidy(piece);
    await result.data();
    result.dispose();
    if (round > 0) shortest = Math.min(shortest, performance.now() - started);
  }
  return shortest;
}

const [first, ...rest] = process.argv.slice(2);
if (first === "--here") {
  const { description } = await loadBackend(/** @type {BackendName} */ (rest[0]));
  const { matmul, attention } = pieces();
  console.log(
    `${rest[0]}: matmul ${(await best(matmul)).toFixed(1)} ms, attention ${(await best(attention)).toFixed(1)} ms (${description})`,
  );
} else {
  console.log(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0].model}`);
  for (const name of first === undefined ? BACKENDS : [first, ...rest]) {
    const args = [fileURLToPath(import.meta.url), "--here", name];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    const why = stderr.split("\n").find((line) => line.includes("Error: ")) ?? `exit status ${status}`;
    console.log(status === 0 ? stdout.trim() : `${name}: ${why}`);
  }
}
