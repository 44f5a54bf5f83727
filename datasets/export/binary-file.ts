import { closeSync, openSync, writeSync } from "node:fs";

const BUFFERED = 1 << 20;

/** A file of bytes being written, about a megabyte at a time. */
export interface BinaryFile {
  /** How many bytes were written: where the next ones go. */
  readonly size: number;
  /** Writes at the end. The bytes are free to change afterwards. */
  write(bytes: Uint8Array): void;
  /** Writes over what stands at a place. */
  rewrite(at: number, bytes: Uint8Array): void;
  close(): void;
}

/** Makes one. */
export function createBinaryFile(path: string): BinaryFile {
  const fd = openSync(path, "wx");
  let open = true;
  let pieces: Uint8Array[] = [];
  let waiting = 0;
  let size = 0;
  function put(bytes: Uint8Array, position: number | null): void {
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(fd, bytes, at, bytes.length - at, position === null ? null : position + at);
    }
  }
  function flush(): void {
    put(Buffer.concat(pieces), size - waiting);
    pieces = [];
    waiting = 0;
  }
  return {
    get size() {
      return size;
    },
    write(bytes) {
      pieces.push(Uint8Array.from(bytes));
      waiting += bytes.length;
      size += bytes.length;
      if (waiting >= BUFFERED) flush();
    },
    rewrite(at, bytes) {
      flush();
      put(bytes, at);
    },
    close() {
      if (!open) return;
      open = false;
      try {
        flush();
      } finally {
        closeSync(fd);
      }
    },
  };
}
