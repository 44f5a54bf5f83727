/**
 * The last step of `npm run build`: compiles to WebAssembly what tsc has left as text of AssemblyScript, and puts it where it is looked for. A
 * module whose text is the one that it was made from is left alone.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decoderSource } from "../dist/agents/transformer/engine/assembly/decoder.js";
import { cachedBytes, hashOfAssembly } from "../dist/agents/transformer/engine/compile-module.js";
import { decoderFile } from "../dist/agents/transformer/engine/decoder-module.js";
import { KERNELS_SOURCE } from "../dist/statistics/kernels-source.js";

const dist = (/** @type {string} */ name) => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

const asIs = (/** @type {Uint8Array} */ bytes) => bytes;
/** For code that reads no files. */
const inJavaScript = (/** @type {Uint8Array} */ bytes) => `export const BYTES = Uint8Array.of(${bytes.join(",")});\n`;

const MODULES = [
  .../** @type {const} */ (["plain", "relaxed"]).map((simd) => ({
    file: decoderFile(simd),
    source: decoderSource(simd),
    as: asIs,
  })),
  { file: dist("statistics/kernels-bytes.js"), source: KERNELS_SOURCE, as: inJavaScript },
];

/** What each module was made from, in the order of MODULES. */
const NOTE = dist("wasm.json");

/** @type {string[]} */
const known = existsSync(NOTE) ? JSON.parse(readFileSync(NOTE, "utf8")) : [];
const hashes = MODULES.map(({ source }) => hashOfAssembly(source));
for (const [i, { file, source, as }] of MODULES.entries()) {
  if (known[i] !== hashes[i] || !existsSync(file)) writeFileSync(file, as(await cachedBytes(source)));
}
writeFileSync(NOTE, JSON.stringify(hashes));
