/** The thread that decodes shards: a file's path in, its rows as one Arrow IPC stream out. */
import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { readParquet } from "parquet-wasm";

/** What came of a path. */
export type ShardOutcome = { readonly stream: Uint8Array<ArrayBuffer> } | { readonly error: string };

/** Rows of one record batch: a bounded amount to turn into values at a time. */
const BATCH_ROWS = 256;

const port = parentPort;
if (port === null) throw new Error("shard-reader-worker.js runs as a worker thread");
port.on("message", (path: string) => {
  try {
    const stream = readParquet(readFileSync(path), {
      batchSize: BATCH_ROWS,
    }).intoIPCStream() as Uint8Array<ArrayBuffer>;
    port.postMessage({ stream } satisfies ShardOutcome, [stream.buffer]);
  } catch (error) {
    port.postMessage({ error: error instanceof Error ? error.message : String(error) } satisfies ShardOutcome);
  }
});
