/** Parquet files of rows, decoded whole. It runs in threads that may be lost: a file that lies can still take the decoder's 4 GiB. */
import { ParquetFile, readParquet } from "parquet-wasm";
import { MAX_SHARD_BYTES, readRegularFile, UnreadableFile } from "./read-file.js";

/** The most bytes that a file's rows may have, as it says itself. */
const MAX_DECODED_BYTES = 1 << 30;
/** The most values of a column, and rows: list offsets are 31 bits wide. */
const MAX_VALUES = 2 ** 31 - 1;

/**
 * A file's rows as an Arrow IPC stream. Throws what the file system and the decoder throw, and UnreadableFile.
 *
 * @param columns that are wanted; absent: all. The others are not decoded
 * @param batchRows most rows of a record batch; absent: the decoder's choice
 */
export async function readParquetFile(
  path: string,
  columns?: readonly string[],
  batchRows?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = readRegularFile(path, MAX_SHARD_BYTES);
  const file = await ParquetFile.fromFile(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  try {
    requireSize(file);
    const options = batchRows === undefined ? {} : { batchSize: batchRows };
    // readParquet of parquet-wasm 0.8 decodes all columns whatever it is asked for; ParquetFile does not.
    const table =
      columns === undefined ? readParquet(bytes, options) : await file.read({ ...options, columns: [...columns] });
    return table.intoIPCStream() as Uint8Array<ArrayBuffer>;
  } finally {
    file.free();
  }
}

function requireSize(file: ParquetFile): void {
  const metadata = file.metadata();
  let bytes = 0;
  for (const group of metadata.rowGroups()) {
    bytes += group.totalByteSize();
    const values = Math.max(group.numRows(), ...group.columns().map((column) => column.numValues()));
    if (values > MAX_VALUES) throw new UnreadableFile(`a column has ${values} values, at most ${MAX_VALUES} are read`);
  }
  const rows = metadata.fileMetadata().numRows();
  if (rows > MAX_VALUES) throw new UnreadableFile(`it has ${rows} rows, at most ${MAX_VALUES} are read`);
  if (bytes > MAX_DECODED_BYTES) {
    throw new UnreadableFile(`its rows have ${bytes} bytes, at most ${MAX_DECODED_BYTES} are read`);
  }
}
