/** Writing the list of shards, log/shards.jsonl. Each line is durable before what it replaces is deleted. */
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, truncateSync, writeSync } from "node:fs";
import { readBytes } from "../../datasets/files/document.js";
import { fsyncFolder } from "../../datasets/files/durable-file.js";
import { PRIVATE_FILE } from "../../datasets/files/private.js";
import { logFolder, manifestPath, type ShardEntry, type WriterEntry } from "../../datasets/log/log-folder.js";

/** Appends a line, durably; on failure the file is as it was. */
export function appendToManifest(dir: string, entry: ShardEntry | WriterEntry): void {
  const path = manifestPath(dir);
  const isNew = !existsSync(path);
  const line = Buffer.from(`${JSON.stringify(entry)}\n`);
  const fd = openSync(path, "a", PRIVATE_FILE);
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

/** Cuts off a last line that an interrupted write left unfinished. */
export function repairManifest(dir: string): void {
  const path = manifestPath(dir);
  if (!existsSync(path)) return;
  const bytes = readBytes(path, { reason: "LOG_CORRUPT", remedy: "restore it from a backup" });
  const end = bytes.lastIndexOf(10) + 1;
  if (end < bytes.length) truncateSync(path, end);
}
