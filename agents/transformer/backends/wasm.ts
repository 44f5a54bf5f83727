/** WebAssembly as a back end: on the CPU, with SIMD, on one thread. */
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { importPeer, type Tensors } from "./optional-peers.js";

const PEER = "@tensorflow/tfjs-backend-wasm";

/** Events for which the library adds listeners to the process when it starts. */
const EVENTS = ["uncaughtException", "unhandledRejection"] as const;

/** WebAssembly. */
export async function startWasm(tf: Tensors): Promise<string> {
  if (tf.findBackend("wasm") === null) {
    const { setWasmPaths } = (await importPeer("wasm", PEER)) as { setWasmPaths(folder: string): void };
    setWasmPaths(dirname(createRequire(import.meta.url).resolve(PEER)) + sep);
  }
  const before = EVENTS.map((event) => process.rawListeners(event));
  await tf.setBackend("wasm");
  // With its listeners, which only throw again, a process that fails would end with another exit status and report.
  for (const [i, event] of EVENTS.entries()) {
    for (const listener of process.rawListeners(event)) {
      if (!before[i].includes(listener)) process.off(event, listener as () => void);
    }
  }
  return "WebAssembly, one thread";
}
