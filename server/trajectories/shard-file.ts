/** Writing shards: zstd Parquet, first under a temporary name, then in its place. Synchronous: it runs in the roll worker. */
import { createHash } from "node:crypto";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { fsyncFolder, writeDurably } from "../../datasets/durable-file.js";
import { encodeParquet } from "../../datasets/encode-parquet.js";
import { dataFolder, logFolder, type ShardEntry } from "../../datasets/log-folder.js";

/**
 * Many Arrow IPC streams of one schema as one: the first's schema, everybody's batches, one end marker.
 * A stream is a schema message (4 bytes continuation, 4 bytes length, metadata), batches, and 8 bytes end marker.
 */
export function joinStreams(streams: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [index, stream] of streams.entries()) {
    const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
    const batches = 8 + view.getInt32(4, true);
    parts.push(stream.subarray(index === 0 ? 0 : batches, stream.length - 8));
  }
  parts.push(streams[0].subarray(streams[0].length - 8));
  return Buffer.concat(parts);
}

/** Where a shard is written before it has its place; outside data/, so that whoever reads data/ never sees half a file. */
export const temporaryPath = (dir: string, name: string): string => join(logFolder(dir), `${name}.tmp`);

/** Writes an Arrow IPC stream as Parquet under the temporary name of shard `name`, durably. */
export function writeShard(dir: string, name: string, rows: number, stream: Uint8Array): ShardEntry {
  const bytes = encodeParquet(stream);
  writeDurably(temporaryPath(dir, name), bytes);
  return { file: name, rows, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Puts a shard that was written in its place, durably. */
export function placeShard(dir: string, name: string): void {
  renameSync(temporaryPath(dir, name), join(dataFolder(dir), name));
  fsyncFolder(dataFolder(dir));
}
