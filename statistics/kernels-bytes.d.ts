/** The module of kernels-source.ts. The build writes dist/statistics/kernels-bytes.js with it (scripts/build-wasm.mjs), so that no file is read for it. */
export const BYTES: Uint8Array<ArrayBuffer>;
