/** Parquet files of rows, decoded whole. It runs in threads that may be lost: a file that lies can still take the decoder's 4 GiB. */
import { ParquetFile, readParquet } from "parquet-wasm";
import { MAX_SHARD_BYTES, readRegularFile, UnreadableFile } from "./read-file.js";

/** The most bytes that a file's rows may have, as it says itself: a shard has some 16 MB of them, and labels a few times as many. */
const MAX_DECODED_BYTES = 1 << 30;
/** The most rows: an episode has hundreds of bytes. */
const MAX_ROWS = 4_000_000;

/**
 * A file's rows as an Arrow IPC stream. Throws what the file system and the decoder throw, and UnreadableFile.
 *
 * @param columns those that are wanted, of a file that has such columns or not; absent: all. The others are not decoded
 * @param batchRows most rows of a record batch; absent: the decoder's choice
 */
export async function readParquetFile(
  path: string,
  columns?: (has: (name: string) => boolean) => readonly string[],
  batchRows?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = readRegularFile(path, MAX_SHARD_BYTES);
  const file = await ParquetFile.fromFile(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  try {
    requireSize(file);
    const options = batchRows === undefined ? {} : { batchSize: batchRows };
    // readParquet of parquet-wasm 0.8 decodes all columns whatever it is asked for; ParquetFile does not.
    const there = namesOf(file);
    // A file without rows does not say what it has, and is decoded as it is.
    const wanted = there.size === 0 ? undefined : columns?.((name) => there.has(name));
    const table =
      wanted === undefined ? readParquet(bytes, options) : await file.read({ ...options, columns: [...wanted] });
    return table.intoIPCStream() as Uint8Array<ArrayBuffer>;
  } finally {
    file.free();
  }
}

/** Names of the columns. */
function namesOf(file: ParquetFile): Set<string> {
  const [first] = file.metadata().rowGroups();
  return new Set((first?.columns() ?? []).map((column) => column.columnPath()[0]));
}

function requireSize(file: ParquetFile): void {
  const metadata = file.metadata();
  const rows = metadata.fileMetadata().numRows();
  let bytes = 0;
  let inGroups = 0;
  for (const group of metadata.rowGroups()) {
    // A value that is the same everywhere takes no bytes until it is decoded.
    const values = group.columns().reduce((sum, column) => sum + column.numValues(), 0);
    bytes += Math.max(group.totalByteSize(), 4 * values);
    inGroups += group.numRows();
  }
  if (Math.max(rows, inGroups) > MAX_ROWS) {
    throw new UnreadableFile(`it has ${Math.max(rows, inGroups)} rows, at most ${MAX_ROWS} are read`);
  }
  if (!(bytes <= MAX_DECODED_BYTES)) {
    throw new UnreadableFile(`its rows have ${bytes} bytes, at most ${MAX_DECODED_BYTES} are read`);
  }
}
