/// <reference path="./webassembly.d.ts" />
/** The decoder's module, which is compiled when this package is built: a process that plays waits for no compiler. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CONSTANTS_AT, constants, type DecoderVariable } from "./assembly/decoder.js";
import type { Simd } from "./assembly/prelude.js";

/** What the module exports: its variables, and its functions. assembly/decoder.ts says what they do. */
export type DecoderKernels = Record<DecoderVariable, WebAssembly.Global> & {
  read(oldest: number, newest: number, position: number): void;
  decide(page: number): void;
};

/** From where on memory is free. */
export const FREE_FROM = 4096;

/** Where scripts/build-wasm.mjs writes the module with such instructions. */
export const decoderFile = (simd: Simd): string => fileURLToPath(new URL(`./decoder.${simd}.wasm`, import.meta.url));

const modules = new Map<Simd, WebAssembly.Module>();

function moduleOf(simd: Simd): WebAssembly.Module {
  const known = modules.get(simd);
  if (known !== undefined) return known;
  const file = decoderFile(simd);
  if (!existsSync(file)) throw new Error(`there is no ${file}: npm run build makes it`);
  const module = new WebAssembly.Module(new Uint8Array(readFileSync(file)));
  modules.set(simd, module);
  return module;
}

/** Kernels over a memory, in which their constants are written. */
export function decoderKernels(memory: WebAssembly.Memory, simd: Simd): DecoderKernels {
  const table = constants();
  new Float32Array(memory.buffer, CONSTANTS_AT, table.length).set(table);
  return new WebAssembly.Instance(moduleOf(simd), { env: { memory } }).exports as unknown as DecoderKernels;
}
