/** WebGPU as a back end: any vendor's GPU, by Dawn, which is what Chromium draws with. */
import { importPeer, type Tensors } from "./optional-peers.js";

/** What is used here of the package `webgpu`. */
interface Dawn {
  create(options: readonly string[]): Gpu;
  /** Classes and constants that browsers have as globals. */
  globals: object;
}

interface Gpu {
  requestAdapter(options: { powerPreference: "high-performance" }): Promise<Adapter | null>;
}

interface Adapter {
  info: { vendor: string; architecture: string; description: string; isFallbackAdapter: boolean };
}

/** What TensorFlow.js computes on. */
interface Device {
  onuncapturederror: (event: { error: { message: string } }) => void;
}

/** Created once and kept: Dawn ends with it, and a device that is still in use then ends the process. */
let gpu: Gpu | undefined;

/** WebGPU on the best GPU. A software adapter is for tests: `auto` goes on to WebAssembly, which is faster. */
export async function startWebgpu(tf: Tensors, asked: "auto" | "by name"): Promise<string> {
  const dawn = (await importPeer("webgpu", "webgpu")) as Dawn;
  gpu ??= dawn.create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw new Error("no GPU (on Linux it needs libvulkan.so.1 and the GPU's Vulkan driver)");
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const gpuName = [vendor, architecture, description].filter((part) => part !== "").join(", ");
  if (isFallbackAdapter && asked === "auto") throw new Error(`no GPU but a software adapter (${gpuName})`);

  // TensorFlow.js looks for what browsers have, once, when it is imported. Node 20 has no navigator.
  const scope: Record<string, object> = Object.assign(globalThis, dawn.globals) as never;
  scope["navigator"] ??= {};
  Object.defineProperty(scope["navigator"], "gpu", { value: gpu, configurable: true });
  await importPeer("webgpu", "@tensorflow/tfjs-backend-webgpu");
  await tf.setBackend("webgpu");
  // A shader that the GPU refuses leaves its result as it was: without this a training would go on with that.
  const { device } = tf.backend() as unknown as { device: Device };
  device.onuncapturederror = ({ error }) => {
    throw new Error(`WebGPU: ${error.message}`);
  };
  return `WebGPU on ${isFallbackAdapter ? "a software adapter" : "a GPU"} (${gpuName})`;
}
