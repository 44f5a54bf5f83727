/**
 * An HDF5 file of groups of arrays, written as it comes: what every version of the HDF5 library reads. Arrays are contiguous and not packed;
 * groups are symbol tables; addresses and lengths have 8 bytes.
 *
 * Source: "HDF5 File Format Specification Version 2.0", superblock version 0, object headers version 1 (hdf5-format.ts).
 */
import { type BinaryFile, createBinaryFile } from "./binary-file.js";
import {
  arrayHeader,
  attribute,
  type ElementType,
  groupHeader,
  SUPERBLOCK_BYTES,
  superblock,
  UNDEFINED_ADDRESS,
} from "./hdf5-format.js";
import { writeSymbolTable } from "./hdf5-symbol-table.js";
import { createTextHeap } from "./hdf5-text-heap.js";
import { bytesOf, type NumberArray } from "./number-array.js";

/** An array, and whether its numbers stand for true and false. */
export interface Hdf5Array extends NumberArray {
  readonly isBoolean?: boolean;
}

/** A file being written. */
export interface Hdf5File {
  /** Adds a group to the root. */
  group(
    name: string,
    arrays: Readonly<Record<string, Hdf5Array>>,
    attributes: Readonly<Record<string, string | bigint>>,
  ): void;
  close(): void;
  /** Lets go of the file; harmless after `close`. */
  abandon(): void;
}

/**
 * Makes one.
 *
 * @param mark a text near its beginning, which readers pass over
 */
export function createHdf5File(path: string, mark: string): Hdf5File {
  const file = createBinaryFile(path);
  file.write(Buffer.alloc(SUPERBLOCK_BYTES));
  writeAligned(file, Buffer.from(mark, "latin1"));
  const textAt = createTextHeap((bytes) => writeAligned(file, bytes));
  const root: { name: string; address: number }[] = [];
  return {
    group(name, arrays, attributes) {
      const members = Object.entries(arrays).map(([key, array]) => {
        const bytes = bytesOf(array);
        const data = bytes.length === 0 ? UNDEFINED_ADDRESS : writeAligned(file, bytes);
        const header = arrayHeader(elementType(array), array.shape, data, bytes.length);
        return { name: key, address: writeAligned(file, header) };
      });
      const messages = Object.entries(attributes).map(([key, value]) =>
        attribute(key, typeof value === "string" ? { ...textAt(value) } : value),
      );
      const table = writeSymbolTable((bytes) => writeAligned(file, bytes), members);
      root.push({ name, address: writeAligned(file, groupHeader(table, messages)) });
    },
    close() {
      const table = writeSymbolTable((bytes) => writeAligned(file, bytes), root);
      const header = writeAligned(file, groupHeader(table, []));
      file.rewrite(0, superblock(header, table, file.size));
      file.close();
    },
    abandon: () => file.close(),
  };
}

/** Writes at a multiple of 8; returns where. */
function writeAligned(file: BinaryFile, bytes: Uint8Array): number {
  const gap = (8 - (file.size % 8)) % 8;
  if (gap > 0) file.write(Buffer.alloc(gap));
  const address = file.size;
  file.write(bytes);
  return address;
}

function elementType({ values, isBoolean = false }: Hdf5Array): ElementType {
  if (values instanceof Float32Array) return "float32";
  if (values instanceof Int32Array) return "int32";
  return isBoolean ? "bool" : "uint8";
}
