/**
 * Members of a ZIP archive in memory: stored or deflated, which is what NumPy writes, and nothing else. No member is larger than its
 * entry says, nor all of them together than `most`, whatever the compressed bytes unfold to.
 */
import { crc32, inflateRawSync } from "node:zlib";
import type { Invalid } from "./invalid-file.js";

/** Most members: an archive of arrays has a few. */
const MOST_MEMBERS = 64;

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
/** A field that says that its value is elsewhere, in an archive of more than 4 GiB. */
const ELSEWHERE = 0xffffffff;
const [STORED, DEFLATED] = [0, 8];
const ENCRYPTED = 1;

/**
 * Reads all members.
 *
 * @param most bytes that they may have together
 * @throws what `invalid` makes
 */
export function readZip(bytes: Buffer, most: number, invalid: Invalid): Map<string, Buffer> {
  const broken = (why: string) => invalid(`is no ZIP archive of arrays: ${why}`);
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0 || end + END_BYTES > bytes.length || bytes.readUInt32LE(end) !== END) throw broken("it has no directory");
  const count = bytes.readUInt16LE(end + 10);
  if (count > MOST_MEMBERS) throw invalid(`has ${count} members, at most ${MOST_MEMBERS} are read`);
  let at = bytes.readUInt32LE(end + 16);
  let left = most;
  const members = new Map<string, Buffer>();
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > end || bytes.readUInt32LE(at) !== ENTRY) throw broken(`entry ${i} of its directory is none`);
    const [flags, method] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10)];
    const [crc, packed, size] = [16, 20, 24].map((field) => bytes.readUInt32LE(at + field));
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString("utf8", at + ENTRY_BYTES, at + ENTRY_BYTES + nameLength).slice(0, 200);
    at += ENTRY_BYTES + nameLength + extraLength + commentLength;
    const what = `member ${JSON.stringify(name)}`;
    if ((flags & ENCRYPTED) !== 0) throw broken(`${what} is encrypted`);
    if (method !== STORED && method !== DEFLATED) throw broken(`${what} is packed by method ${method}`);
    if (size === ELSEWHERE || packed === ELSEWHERE || local === ELSEWHERE || size > left) {
      throw invalid(`${what} is too large: all of them may have ${most} bytes`);
    }
    if (members.has(name)) throw broken(`${what} is there twice`);
    left -= size;
    if (local + LOCAL_BYTES > bytes.length || bytes.readUInt32LE(local) !== LOCAL) throw broken(`${what} is not there`);
    const from = local + LOCAL_BYTES + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    if (from + packed > bytes.length) throw broken(`${what} ends after the file`);
    const content = unpacked(bytes.subarray(from, from + packed), method, size);
    if (content?.length !== size || crc32(content) !== crc) throw broken(`${what} is damaged`);
    members.set(name, content);
  }
  return members;
}

/** Undefined where the bytes are damaged, or unfold to more than they should. */
function unpacked(packed: Buffer, method: number, size: number): Buffer | undefined {
  if (method === STORED) return packed;
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
  } catch {
    return undefined;
  }
}
