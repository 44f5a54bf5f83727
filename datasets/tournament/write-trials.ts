/** Writing trials.parquet. Its columns are the server's (server/tournaments/trials-table.ts); docs/results.md describes them. */
import { writeFileSync } from "node:fs";
import { Table, tableFromIPC, tableToIPC } from "apache-arrow";
import { Compression, Table as WasmTable, WriterPropertiesBuilder, writeParquet } from "parquet-wasm";

/** Writes complete Arrow IPC streams of trials, in order, as one Parquet file. */
export function writeTrialsParquet(streams: readonly Uint8Array[], path: string): void {
  const batches = streams.flatMap((stream) => tableFromIPC(stream).batches);
  const table = new Table(batches);
  const properties = new WriterPropertiesBuilder().setCompression(Compression.ZSTD).setCreatedBy("icrl").build();
  writeFileSync(path, writeParquet(WasmTable.fromIPCStream(tableToIPC(table, "stream")), properties));
}
