/// <reference path="./webassembly.d.ts" />
import { setFlagsFromString } from "node:v8";
import type { Simd } from "./assembly/prelude.js";

/** A module of one function, f32x4.relaxed_madd of its three arguments. */
const RELAXED = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfd, 0x85, 0x02, 0x0b],
]);

/** Which instructions this Node has. Node 20 has the relaxed ones behind a flag, which is set here. */
export function availableSimd(): Simd {
  if (WebAssembly.validate(RELAXED)) return "relaxed";
  setFlagsFromString("--experimental-wasm-relaxed-simd");
  return WebAssembly.validate(RELAXED) ? "relaxed" : "plain";
}
