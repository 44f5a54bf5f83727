import { parquetWasm } from "./parquet-wasm.js";

/** Columns of more different values than fit so many bytes are written without a dictionary. */
const DICTIONARY_BYTES = 16 << 10;

/**
 * An Arrow IPC stream as a zstd Parquet file. Dictionaries are off: on float noise they are wasted work, and zstd does as well
 * on repeated texts.
 *
 * @param dictionaries whether they are on after all: probabilities of sure choices, which are 0 and 1, take less than half
 */
export function encodeParquet(stream: Uint8Array, dictionaries = false): Uint8Array {
  const { Compression, Table, WriterPropertiesBuilder, writeParquet } = parquetWasm();
  const properties = new WriterPropertiesBuilder()
    .setCompression(Compression.ZSTD)
    .setDictionaryEnabled(dictionaries)
    .setDictionaryPageSizeLimit(DICTIONARY_BYTES)
    .setCreatedBy("icrl")
    .build();
  return writeParquet(Table.fromIPCStream(stream), properties);
}
