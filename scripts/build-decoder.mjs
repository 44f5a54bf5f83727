/** The last step of `npm run build`: compiles the transformer's decoder, whose text tsc has compiled, to WebAssembly beside it. */
import { writeFileSync } from "node:fs";
import { decoderSource } from "../dist/agents/transformer/engine/assembly/decoder.js";
import { cachedBytes } from "../dist/agents/transformer/engine/compile-module.js";
import { decoderFile } from "../dist/agents/transformer/engine/decoder-module.js";

for (const simd of /** @type {const} */ (["plain", "relaxed"])) {
  writeFileSync(decoderFile(simd), await cachedBytes(decoderSource(simd)));
}
