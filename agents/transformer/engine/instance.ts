/** Kernels of a module over a memory, and how long each takes. */
import type { Kernels } from "./kernels.js";

/** Kernels that read and write that memory. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

/** The same kernels, each adding the milliseconds that it takes to those of its name. */
export function timed(kernels: Kernels, times: Record<string, number>): Kernels {
  const wrapped = Object.entries(kernels).map(([name, kernel]: [string, (...args: number[]) => unknown]) => {
    times[name] = 0;
    return [
      name,
      (...args: number[]) => {
        const from = performance.now();
        const result = kernel(...args);
        times[name] += performance.now() - from;
        return result;
      },
    ];
  });
  return Object.fromEntries(wrapped) as Kernels;
}
