/** TensorFlow's own library as a back end, by the packages that bind it: one for CUDA, one for the CPU. */
import { createRequire } from "node:module";
import { importPeer, type Tensors } from "./optional-peers.js";

/** The parts of TensorFlow's back end that say what it is. */
interface NodeBackend {
  isUsingGpuDevice: boolean;
  binding: { TF_Version: string };
}

/** The package that brought the library into this process: it has room for one, and does not let it go. */
let loaded: string | undefined;

/** TensorFlow on the CPU. */
export async function startTensorflow(tf: Tensors): Promise<string> {
  return describe(await start(tf, "tensorflow", "@tensorflow/tfjs-node"));
}

/** TensorFlow on a CUDA GPU. Where it finds none it computes on the CPU: `auto` takes that, being as good as the next. */
export async function startTensorflowGpu(tf: Tensors, asked: "auto" | "by name"): Promise<string> {
  const backend = await start(tf, "tensorflow-gpu", "@tensorflow/tfjs-node-gpu");
  if (asked === "by name" && !backend.isUsingGpuDevice)
    throw new Error("its library finds no CUDA GPU that it can use");
  return describe(backend);
}

function describe({ isUsingGpuDevice, binding }: NodeBackend): string {
  return `TensorFlow ${binding.TF_Version} on ${isUsingGpuDevice ? "a CUDA GPU" : "the CPU"}`;
}

async function start(tf: Tensors, backend: string, peer: string): Promise<NodeBackend> {
  if (loaded !== undefined && loaded !== peer) throw new Error(`this process has loaded ${loaded} already`);
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "1"; // of its greetings, leave out what this leaves out
  // The packages call these two, which Node 23 has removed.
  const util = createRequire(import.meta.url)("node:util");
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
  await importPeer(backend, peer);
  loaded = peer;
  await tf.setBackend("tensorflow");
  return tf.backend() as unknown as NodeBackend;
}
