/** Writing the list of shards, log/shards.jsonl. Each line is durable before what it replaces is deleted. */
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, truncateSync, writeSync } from "node:fs";
import { fsyncFolder } from "../../datasets/durable-file.js";
import { logFolder, manifestPath, type ShardEntry, type WriterEntry } from "../../datasets/log-folder.js";
import { readRegularFile } from "../../datasets/read-file.js";

/** Appends a line, durably; on failure the file is as it was. */
export function appendToManifest(dir: string, entry: ShardEntry | WriterEntry): void {
  const path = manifestPath(dir);
  const isNew = !existsSync(path);
  const line = Buffer.from(`${JSON.stringify(entry)}\n`);
  const fd = openSync(path, "a");
  const before = fstatSync(fd).size;
  try {
    for (let at = 0; at < line.length; ) at += writeSync(fd, line, at);
    fsyncSync(fd);
    if (isNew) fsyncFolder(logFolder(dir));
  } catch (error) {
    ftruncateSync(fd, before);
    throw error;
  } finally {
    closeSync(fd);
  }
}

const MAX_MANIFEST_BYTES = 64 << 20;

/** Cuts off a last line that an interrupted write left unfinished. */
export function repairManifest(dir: string): void {
  const path = manifestPath(dir);
  if (!existsSync(path)) return;
  const bytes = readRegularFile(path, MAX_MANIFEST_BYTES);
  const end = bytes.lastIndexOf(10) + 1;
  if (end < bytes.length) truncateSync(path, end);
}
