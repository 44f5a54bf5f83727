import { closeSync, openSync, writeSync } from "node:fs";

const BUFFERED = 1 << 20;

/** A text file being written, a megabyte at a time. */
export interface TextFile {
  write(text: string): void;
  close(): void;
}

/** Makes one. */
export function createTextFile(path: string): TextFile {
  const fd = openSync(path, "wx");
  let open = true;
  let pieces: string[] = [];
  let length = 0;
  function flush(): void {
    const bytes = Buffer.from(pieces.join(""));
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    pieces = [];
    length = 0;
  }
  return {
    write(text) {
      pieces.push(text);
      length += text.length;
      if (length >= BUFFERED) flush();
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
