/** The Parquet coder, loaded where something is coded for the first time: it is 5 MB of WebAssembly, which a server's main thread seldom needs. */
import { createRequire } from "node:module";
import type * as ParquetWasm from "parquet-wasm";

let loaded: typeof ParquetWasm | undefined;

/** The package. */
export function parquetWasm(): typeof ParquetWasm {
  loaded ??= createRequire(import.meta.url)("parquet-wasm") as typeof ParquetWasm;
  return loaded;
}
