/** Room on a log's disk that is left to everything else: below it nothing is recorded, and all that is there can still be read. */
import { statfsSync } from "node:fs";

/** How much. */
export interface DiskReserve {
  /** Bytes that are to stay free; 0: none. */
  readonly bytes: number;
  /** Bytes that are free now; for tests. */
  readonly free?: () => number;
}

const MIB = 1 << 20;

/** @throws an Error with the code ENOSPC where less is free than is to stay so */
export function requireRoom(dir: string, { bytes, free = () => freeBytes(dir) }: DiskReserve): void {
  if (bytes === 0) return;
  const left = free();
  if (left >= bytes) return;
  const text = `${Math.floor(left / MIB)} MiB are free, and ${Math.ceil(bytes / MIB)} are kept in reserve`;
  throw Object.assign(new Error(text), { code: "ENOSPC" });
}

function freeBytes(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}
