/**
 * Back ends: what computes the tensors in training. The model is written once against the API of TensorFlow.js and runs on whichever is
 * there. All of it are optional peers of this package, which are loaded by whoever asks for a back end. docs/backends.md has what each needs, and
 * how fast it is.
 */
import { IcrlError } from "../../common/errors.js";
import { firstLine, importPeer, installCommand, isInstalled, type Tensors } from "./backends/optional-peers.js";
import { startTensorflow, startTensorflowGpu } from "./backends/tensorflow.js";
import { startWasm } from "./backends/wasm.js";
import { startWebgpu } from "./backends/webgpu.js";

/** All back ends, best first: the order in which `auto` tries them. */
export const BACKENDS = ["tensorflow-gpu", "tensorflow", "webgpu", "wasm", "cpu"] as const;

/** One of the back ends. */
export type BackendName = (typeof BACKENDS)[number];

/** The back end that computes from now on. */
export interface LoadedBackend {
  name: BackendName;
  /** What it is, for people: the library's version, the GPU. */
  description: string;
  /** Those that `auto` tried before, and in words why it did not take them. */
  skipped: { name: BackendName; why: string }[];
}

/**
 * Makes a back end that of TensorFlow.js, which it is given, and says what it is. One that `auto` came to may refuse what one asked for by name does, and
 * the other way round. Throws an Error with the reason in its first line.
 */
type Start = (tf: Tensors, asked: "auto" | "by name") => Promise<string>;

const TENSORS = "@tensorflow/tfjs";

/** What each back end needs, and how it is started. */
const STARTS: Record<BackendName, { peers: readonly string[]; start: Start }> = {
  "tensorflow-gpu": { peers: [TENSORS, "@tensorflow/tfjs-node-gpu"], start: startTensorflowGpu },
  tensorflow: { peers: [TENSORS, "@tensorflow/tfjs-node"], start: startTensorflow },
  webgpu: { peers: [TENSORS, "webgpu", "@tensorflow/tfjs-backend-webgpu"], start: startWebgpu },
  wasm: { peers: [TENSORS, "@tensorflow/tfjs-backend-wasm"], start: startWasm },
  cpu: { peers: [TENSORS], start: startCpu },
};

/**
 * Makes a back end the one that computes, after it has shown that it can: a small product comes out right. `auto` takes the first of
 * BACKENDS that can.
 *
 * @throws BACKEND_UNAVAILABLE if the one asked for is not installed (the text has the command), does not start or computes wrongly.
 */
export async function loadBackend(name: BackendName | "auto"): Promise<LoadedBackend> {
  if (name !== "auto") return { name, description: await load(name, "by name"), skipped: [] };
  const skipped: LoadedBackend["skipped"] = [];
  for (const candidate of BACKENDS) {
    try {
      return { name: candidate, description: await load(candidate, "auto"), skipped };
    } catch (error) {
      if (!(error instanceof IcrlError)) throw error;
      skipped.push({ name: candidate, why: error.metadata["why"] });
    }
  }
  const reasons = skipped.map((one) => `${one.name}: ${one.why}`).join("; ");
  throw new IcrlError("BACKEND_UNAVAILABLE", `no back end works: ${reasons}`);
}

/** Makes that of a GPU the one that computes; undefined where there is no GPU, or none that a back end knows. */
export async function loadGpuBackend(): Promise<LoadedBackend | undefined> {
  // Asked for by name, TensorFlow refuses to compute on the CPU; asked by auto, WebGPU refuses to do so.
  for (const [name, asked] of [
    ["tensorflow-gpu", "by name"],
    ["webgpu", "auto"],
  ] as const) {
    try {
      return { name, description: await load(name, asked), skipped: [] };
    } catch (error) {
      if (!(error instanceof IcrlError)) throw error;
    }
  }
  return undefined;
}

/** Starts one, checks it and returns its description. */
async function load(name: BackendName, asked: "auto" | "by name"): Promise<string> {
  const { peers, start } = STARTS[name];
  if (!peers.every(isInstalled)) throw unavailable(name, `not installed: ${installCommand(name, peers)}`);
  try {
    const tf = (await importPeer(name, TENSORS)) as Tensors;
    tf.enableProdMode(); // else it prints the advice to install a native back end
    const description = await start(tf, asked);
    await checkProduct(tf);
    return description;
  } catch (error) {
    throw unavailable(name, firstLine(error));
  }
}

function unavailable(name: BackendName, why: string): IcrlError {
  return new IcrlError("BACKEND_UNAVAILABLE", `back end ${name}: ${why}`, { backend: name, why });
}

/** @throws Error if [[1, 2], [3, 4]] [[5, 6], [7, 8]] is not [[19, 22], [43, 50]] (by hand). */
async function checkProduct(tf: Tensors): Promise<void> {
  const product = tf.tidy(() => tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])));
  const got = Array.from(await product.data());
  product.dispose();
  if (got.join() !== "19,22,43,50") throw new Error(`computes a product wrongly: ${got} in place of 19,22,43,50`);
}

/** Plain JavaScript. */
async function startCpu(tf: Tensors): Promise<string> {
  await tf.setBackend("cpu");
  return "plain JavaScript, slow: for checks";
}
