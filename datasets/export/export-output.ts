/** How exports are known on disk: folders of Parquet by their export.json, files by how they begin. */
import { closeSync, readSync } from "node:fs";
import { join } from "node:path";
import { filesNamed, markerAt, type OutputKind } from "../files/output-kind.js";
import { openRegularFile } from "../files/read-file.js";

/** A folder that createParquetFolder made: export.json names its format and lists its files. */
export function parquetOutput(format: string): OutputKind {
  const about = (path: string) => markerAt(join(path, "export.json"));
  return {
    noun: exportNoun(format),
    form: "folder",
    is: (path) => about(path).format === format && Array.isArray(about(path).files),
    files: (path) => [...filesNamed(path, "data", new RegExp(`^${format}-\\d{12}\\.parquet$`)), "export.json"],
    inner: ["data"],
  };
}

/** A file that begins as such a format does. */
export function fileOutput(format: string, beginning: RegExp): OutputKind {
  return {
    noun: exportNoun(format),
    form: "file",
    is: (path) => beginning.test(headOf(path)),
    files: () => [],
    inner: [],
  };
}

/** What an export is called in sentences. */
export const exportNoun = (format: string): string => `an export (${format})`;

const HEAD_BYTES = 1024;

function headOf(path: string): string {
  const bytes = Buffer.alloc(HEAD_BYTES);
  const fd = openRegularFile(path, Number.POSITIVE_INFINITY);
  try {
    return bytes.toString("utf8", 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}
