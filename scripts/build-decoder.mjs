/** The second half of `npm run build`: compiles the transformer's decoder to WebAssembly, in dist/, with what tsc made of its text. */
import { buildDecoder } from "../dist/agents/transformer/engine/decoder-module.js";

await buildDecoder();
