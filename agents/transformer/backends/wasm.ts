/** WebAssembly as a back end: on the CPU, with SIMD, on one thread; it comes with this package. */
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

/** Events for which the library adds listeners to the process when it starts. */
const EVENTS = ["uncaughtException", "unhandledRejection"] as const;

/** WebAssembly. */
export async function startWasm(): Promise<string> {
  if (tf.findBackend("wasm") === null) {
    setWasmPaths(dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm")) + sep);
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
