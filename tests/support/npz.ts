/** Archives of arrays as NumPy writes them, made here: tests of Python's own stand beside these. */
import { crc32, deflateRawSync } from "node:zlib";

/** An array file of float64 numbers, or of another type whose bytes are given. */
export function npy(
  shape: readonly number[],
  content: readonly number[] | Buffer,
  descr = "<f8",
  fortran = false,
): Buffer {
  const body = Buffer.isBuffer(content) ? content : Buffer.from(Float64Array.from(content).buffer);
  const dimensions = `(${shape.map((n) => `${n},`).join(" ")})`;
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${dimensions}, }`;
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.alloc(10);
  head.write("\x93NUMPY\x01\x00", "latin1");
  head.writeUInt16LE(padded.length, 8);
  return Buffer.concat([head, Buffer.from(padded, "latin1"), body]);
}

/** A ZIP archive; `change` may spoil an entry of its directory. */
export function zip(
  members: Readonly<Record<string, Buffer>>,
  { packed = true, change = () => {} }: { readonly packed?: boolean; readonly change?: (entry: Buffer) => void } = {},
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(members)) {
    const body = packed ? deflateRawSync(content) : content;
    const title = Buffer.from(name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(title.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(packed ? 8 : 0, 10);
    entry.writeUInt32LE(crc32(content), 16);
    entry.writeUInt32LE(body.length, 20);
    entry.writeUInt32LE(content.length, 24);
    entry.writeUInt16LE(title.length, 28);
    entry.writeUInt32LE(at, 42);
    change(entry);
    parts.push(local, title, body);
    directory.push(entry, title);
    at += local.length + title.length + body.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...directory, end]);
}
