/** Writing shards: zstd Parquet, first under a temporary name, then in its place. Synchronous: it runs in the roll worker. */
import { linkSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { fsyncFolder, hashOf, writeDurably } from "../../datasets/files/durable-file.js";
import { encodeParquet } from "../../datasets/files/encode-parquet.js";
import { parquetWasm } from "../../datasets/files/parquet-wasm.js";
import { PRIVATE_FILE } from "../../datasets/files/private.js";
import { MAX_SHARD_BYTES, readRegularFile } from "../../datasets/files/read-file.js";
import { dataFolder, logFolder, type ShardEntry } from "../../datasets/log/log-folder.js";

/** Where a writer writes a shard before it has its place; outside data/, so that whoever reads data/ never sees half a file. */
export const temporaryPath = (dir: string, name: string, epoch: number | undefined): string =>
  join(logFolder(dir), epoch === undefined ? `${name}.tmp` : `${name}.${epoch}.tmp`);

/** Writes an Arrow IPC stream as Parquet under the temporary name of shard `name`, durably. */
export function writeShard(dir: string, name: string, rows: number, stream: Uint8Array, epoch: number): ShardEntry {
  const bytes = encodeParquet(stream);
  writeDurably(temporaryPath(dir, name, epoch), bytes, PRIVATE_FILE);
  return { file: name, rows, bytes: bytes.length, sha256: hashOf(bytes), epoch };
}

/** Puts a shard that was written in a place where none is, durably. @throws EEXIST if there is one */
export function placeShard(dir: string, name: string, epoch: number): void {
  linkSync(temporaryPath(dir, name, epoch), join(dataFolder(dir), name));
  rmSync(temporaryPath(dir, name, epoch), { force: true });
  fsyncFolder(dataFolder(dir));
}

/** Puts a shard that was written in the place of the one that is there, durably. */
export function replaceShard(dir: string, name: string, epoch: number | undefined): void {
  renameSync(temporaryPath(dir, name, epoch), join(dataFolder(dir), name));
  fsyncFolder(dataFolder(dir));
}

/** Episodes in a shard. @throws LOG_CORRUPT if it cannot be read */
export function shardRows(path: string): number {
  try {
    return parquetWasm()
      .readParquet(readRegularFile(path, MAX_SHARD_BYTES), { columns: ["length"] })
      .recordBatches()
      .reduce((sum, batch) => sum + batch.numRows, 0);
  } catch (error) {
    const text = `${path} cannot be read (${(error as Error).message}): restore it from a backup`;
    throw new IcrlError("LOG_CORRUPT", text, { file: path });
  }
}
