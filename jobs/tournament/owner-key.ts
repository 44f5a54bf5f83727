/** The secret of a run, OUT/owner.key: whoever has it owns the run's tournament. */
import { join } from "node:path";
import { replaceDurably } from "../../datasets/files/durable-file.js";
import { taken } from "../../datasets/files/output-kind.js";
import { readRegularFile } from "../../datasets/files/read-file.js";
import { newKey } from "../../server/keys.js";

/** Its file has so many bytes: 32 hexadecimal digits and a newline. */
const BYTES = 33;

/**
 * The key of the run in a folder; a new one, which only its owner may read, where it has none.
 *
 * @throws OUTPUT_EXISTS if something else stands there
 */
export function ownerKey(out: string): string {
  const path = join(out, "owner.key");
  try {
    const text = readRegularFile(path, BYTES).toString("latin1");
    if (/^[0-9a-f]{32}\n$/.test(text)) return text.trimEnd();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return writeKey(path);
  }
  throw taken(path, "is no key of a tournament", "restore it, or begin anew with --overwrite");
}

function writeKey(path: string): string {
  const key = newKey();
  replaceDurably(path, Buffer.from(`${key}\n`), 0o600);
  return key;
}
