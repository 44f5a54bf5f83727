/**
 * Reading files that somebody else may have made. What stands where a file should be can be a FIFO or a device, which would be waited for
 * without end, and a file can be larger than memory: both are refused before a byte is read. Everything that is read whole is read here.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { join } from "node:path";

/** The most bytes of a shard: those of the log and of datasets have some 16 MB of rows. */
export const MAX_SHARD_BYTES = 1 << 30;

const MIB = 1 << 20;

/** Why something cannot be read as a file: "is a FIFO, ...". Not one of ours until its caller has given it a reason. */
export class UnreadableFile extends Error {}

/** The bytes of a regular file. Throws UnreadableFile if it is none or has more than `most` bytes, and what the file system throws. */
export function readRegularFile(path: string, most: number): Buffer {
  const fd = openRegularFile(path, most);
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.allocUnsafe(size);
    let read = 0;
    while (read < size) {
      const more = readSync(fd, bytes, read, size - read, null);
      if (more === 0) break; // it became shorter meanwhile
      read += more;
    }
    return read === size ? bytes : bytes.subarray(0, read);
  } finally {
    closeSync(fd);
  }
}

/** Opens a regular file to be read. Throws UnreadableFile if it is none, without waiting, or has more than `most` bytes, and what the file system throws. */
export function openRegularFile(path: string, most: number): number {
  requireRegularFile(path); // a device is not even opened: that alone can do something
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(fd);
    requireRegular(stat);
    if (stat.size > most) throw new UnreadableFile(`has ${sizeText(stat.size)}, at most ${sizeText(most)} are read`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Throws UnreadableFile unless a path, its links followed, is a regular file, and what the file system throws. */
export function requireRegularFile(path: string): void {
  requireRegular(statSync(path));
}

/**
 * Throws UnreadableFile if one of `names` in a folder is a symbolic link: what is written, cut off or removed there would be somewhere
 * else. What is not there may come into being.
 */
export function requireNoLinks(dir: string, ...names: readonly string[]): void {
  for (const name of names) {
    const path = join(dir, name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) continue;
    throw new UnreadableFile(`${path} is a link to ${targetOf(path)}: what is written in ${dir} must be in it`);
  }
}

function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return "nothing";
  }
}

function requireRegular(stat: Stats): void {
  if (stat.isFile()) return;
  const what = stat.isDirectory()
    ? "a folder"
    : stat.isFIFO()
      ? "a FIFO"
      : stat.isSocket()
        ? "a socket"
        : stat.isCharacterDevice() || stat.isBlockDevice()
          ? "a device"
          : "no file";
  throw new UnreadableFile(`is ${what}, where a file should be`);
}

const sizeText = (bytes: number): string =>
  bytes < MIB ? `${bytes} bytes` : `${Math.round(bytes / MIB).toLocaleString("en")} MiB`;
