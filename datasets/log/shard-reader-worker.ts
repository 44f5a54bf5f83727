/** The thread that decodes shards: files in, for each its rows as one Arrow IPC stream out. */
import { parentPort } from "node:worker_threads";
import { wasmMemory } from "parquet-wasm";
import { readParquetFile } from "../files/read-parquet.js";
import { columnsToDecode } from "./earlier-schemas.js";

/** A file, and what of it is wanted. */
export interface ShardRequest {
  readonly path: string;
  /** Names of the log's columns, of which a file of any schema gives what it has; absent: all. The others are not decoded. */
  readonly columns?: readonly string[];
  /** Most rows of a record batch. */
  readonly batchRows: number;
}

/** What came of the files: streams in their order with the decoder's memory in bytes, or the first that cannot be read. */
export type ShardOutcome =
  | { readonly streams: readonly Uint8Array<ArrayBuffer>[]; readonly memory: number }
  | { readonly path: string; readonly error: string };

const port = parentPort;
if (port === null) throw new Error("shard-reader-worker.js runs as a worker thread");

const decode = ({ path, columns, batchRows }: ShardRequest) =>
  readParquetFile(path, columns && ((has) => columnsToDecode(columns, has)), batchRows);

port.on("message", (requests: readonly ShardRequest[]) => {
  void (async () => {
    const streams: Uint8Array<ArrayBuffer>[] = [];
    for (const request of requests) {
      try {
        streams.push(await decode(request));
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        port.postMessage({ path: request.path, error: text } satisfies ShardOutcome);
        return;
      }
    }
    port.postMessage(
      { streams, memory: wasmMemory().buffer.byteLength } satisfies ShardOutcome,
      streams.map((stream) => stream.buffer),
    );
  })();
});
