/**
 * The format of a segment: frames, one after the other.
 *
 *   bytes 0-3    "ICRL"
 *   bytes 4-7    payload length, uint32 little-endian
 *   bytes 8-11   episodes in the payload, uint32 little-endian
 *   bytes 12-15  CRC-32 of bytes 4-11 and the payload, uint32 little-endian
 *   payload      one complete Arrow IPC stream
 *
 * One commit writes one frame, and only one commit is in flight: an interrupted write can damage only the last frame.
 */
import { crc32 } from "node:zlib";
import { IcrlError } from "../../common/errors.js";
import { contentOf } from "../../datasets/files/durable-file.js";
import { UnreadableFile } from "../../datasets/files/read-file.js";

const MAGIC = Buffer.from("ICRL");

/** Bytes of a frame before its payload. */
export const FRAME_HEADER_BYTES = 16;

/** A frame that was read back whole. */
export interface Frame {
  readonly offset: number;
  readonly rows: number;
  /** A view of the file's bytes. */
  readonly payload: Uint8Array;
}

/** What is in a segment's bytes. */
export interface SegmentScan {
  readonly frames: readonly Frame[];
  readonly rows: number;
  /** Where the last whole frame ends. */
  readonly goodBytes: number;
  /** Bytes after the last whole frame that counts: an interrupted write, or one that came too late. */
  readonly tornBytes: number;
  /** Byte ranges before the last whole frame that are no frame: damage. */
  readonly damaged: readonly { readonly from: number; readonly to: number }[];
}

/** Header of a frame whose payload is the pieces in order. */
export function frameHeader(pieces: readonly Uint8Array[], rows: number): Buffer {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(length, 4);
  header.writeUInt32LE(rows, 8);
  let crc = crc32(header.subarray(4, 12));
  for (const piece of pieces) crc = crc32(piece, crc);
  header.writeUInt32LE(crc, 12);
  return header;
}

/** What a checksum was taken of in vain. */
function claimedBytes(bytes: Buffer, offset: number): number {
  if (offset + FRAME_HEADER_BYTES > bytes.length || bytes.compare(MAGIC, 0, 4, offset, offset + 4) !== 0) return 0;
  const claimed = bytes.readUInt32LE(offset + 4);
  return claimed > bytes.length - offset - FRAME_HEADER_BYTES ? 0 : claimed;
}

function frameAt(bytes: Buffer, offset: number): Frame | undefined {
  const start = offset + FRAME_HEADER_BYTES;
  if (start > bytes.length || bytes.compare(MAGIC, 0, 4, offset, offset + 4) !== 0) return undefined;
  const end = start + bytes.readUInt32LE(offset + 4);
  if (end > bytes.length) return undefined;
  const payload = bytes.subarray(start, end);
  if (crc32(payload, crc32(bytes.subarray(offset + 4, offset + 12))) !== bytes.readUInt32LE(offset + 12))
    return undefined;
  return { offset, rows: bytes.readUInt32LE(offset + 8), payload };
}

/**
 * The segment of a path, up to `mostRows` rows; undefined where there is none.
 * @throws LOG_CORRUPT if it is no file, too large, or made to be read for ever
 */
export function readSegment(path: string, mostRows?: number): SegmentScan | undefined {
  try {
    const bytes = contentOf(path);
    return bytes && scanSegment(bytes, mostRows);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new IcrlError("LOG_CORRUPT", `${path} ${error.message}: restore it from a backup`, { file: path });
  }
}

/** Checksums of what only looks like frames may be taken over so many times the segment: nobody's damage needs more. */
const MOST_FUTILE = 64;

/**
 * Finds every whole frame, also those after damage, up to `mostRows` rows. Throws UnreadableFile where there are too many beginnings of frames that
 * are none.
 */
export function scanSegment(bytes: Buffer, mostRows = Number.POSITIVE_INFINITY): SegmentScan {
  let futile = 0;
  const frames: Frame[] = [];
  const damaged: { from: number; to: number }[] = [];
  let rows = 0;
  let goodBytes = 0;
  for (let at = 0; at >= 0 && at < bytes.length; ) {
    const frame = frameAt(bytes, at);
    if (frame === undefined) {
      futile += claimedBytes(bytes, at);
      if (futile > MOST_FUTILE * bytes.length) throw new UnreadableFile("has thousands of frames inside each other");
      at = bytes.indexOf(MAGIC, at + 1);
      continue;
    }
    if (rows + frame.rows > mostRows) break;
    if (at > goodBytes) damaged.push({ from: goodBytes, to: at });
    frames.push(frame);
    rows += frame.rows;
    goodBytes = at + FRAME_HEADER_BYTES + frame.payload.length;
    at = goodBytes;
  }
  return { frames, rows, goodBytes, tornBytes: bytes.length - goodBytes, damaged };
}
