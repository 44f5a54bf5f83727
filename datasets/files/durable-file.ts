/** Files that are there in whole, or not at all. */
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  createReadStream,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { MAX_SHARD_BYTES, openRegularFile, readRegularFile, requireRegularFile } from "./read-file.js";

/** Makes names in a folder durable. */
export function fsyncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes a file and waits until the disk has it; on failure there is no such file. Its mode is less what the process's umask takes away. */
export function writeDurably(path: string, bytes: Uint8Array, mode = 0o666): void {
  try {
    rmSync(path, { force: true }); // a link that somebody else put there is not followed
    const fd = openSync(path, "wx", mode);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/** Copies a file and waits until the disk has it. */
export function copyDurably(from: string, to: string): void {
  requireRegularFile(from);
  rmSync(to, { force: true });
  copyFileSync(from, to, constants.COPYFILE_EXCL);
  const fd = openSync(to, "r+");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Puts a file in the place of the one of that name, if any: a reader sees the old one or the new one, also after a crash. */
export function replaceDurably(path: string, bytes: Uint8Array, mode = 0o666): void {
  writeDurably(`${path}.tmp`, bytes, mode);
  renameSync(`${path}.tmp`, path);
  fsyncFolder(dirname(path));
}

/** A file's bytes; undefined where there is none. Throws UnreadableFile if it is no file, or larger than any shard. */
export function contentOf(path: string): Buffer | undefined {
  try {
    return readRegularFile(path, MAX_SHARD_BYTES);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** SHA-256 of some bytes, hexadecimal. */
export const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * SHA-256 of a file, hexadecimal, and its size in bytes; a piece in memory at a time. Throws UnreadableFile if it is no file, or has more than
 * `most` bytes, by default those of the largest shard.
 */
export async function hashFile(path: string, most = MAX_SHARD_BYTES): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  const stream = createReadStream(path, { fd: openRegularFile(path, most), highWaterMark: 1 << 20 });
  for await (const piece of stream as AsyncIterable<Buffer>) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { sha256: hash.digest("hex"), bytes };
}
