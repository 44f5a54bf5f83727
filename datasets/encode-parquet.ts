import { Compression, Table, WriterPropertiesBuilder, writeParquet } from "parquet-wasm";

/**
 * An Arrow IPC stream as a zstd Parquet file. Dictionaries are off: on float noise they are wasted work, and zstd does as well
 * on repeated texts.
 */
export function encodeParquet(stream: Uint8Array): Uint8Array {
  const properties = new WriterPropertiesBuilder()
    .setCompression(Compression.ZSTD)
    .setDictionaryEnabled(false)
    .setCreatedBy("icrl")
    .build();
  return writeParquet(Table.fromIPCStream(stream), properties);
}
