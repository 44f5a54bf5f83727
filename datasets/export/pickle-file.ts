/**
 * A pickle of a list of dicts of numpy arrays, as `pickle.dump` writes one and `pickle.load` reads it, with numpy 1 and 2: protocol 4, written as
 * it comes. Arrays that are given again are written once.
 *
 * Source: Python's module pickletools; numpy's ndarray.__reduce__.
 */
import { type BinaryFile, createBinaryFile } from "./binary-file.js";
import { bytesOf, type NumberArray } from "./number-array.js";

/** A list being written. */
export interface PickleFile {
  /** Adds a dict. */
  append(entry: Readonly<Record<string, NumberArray>>): void;
  close(): void;
  /** Lets go of the file; harmless after `close`. */
  abandon(): void;
}

/** Places in the reader's memory: what arrays are made with. */
const MADE_WITH = { reconstruct: 0, ndarray: 1, dtype: 2, "<i4": 3, "<f4": 4, "|u1": 5 } as const;
/** Where arrays are kept that may come again. */
const FIRST_ARRAY = 16;
/** How many are kept: those of one trial. */
const KEPT_ARRAYS = 16;

const ascii = (text: string): Buffer => Buffer.from(text, "latin1");

/**
 * Makes one.
 *
 * @param mark a text at its beginning, which the reader throws away
 */
export function createPickleFile(path: string, mark: string): PickleFile {
  const file = createBinaryFile(path);
  const kept = new Map<NumberArray["values"], number>();
  const put = (...pieces: readonly Uint8Array[]) => pieces.forEach((piece) => void file.write(piece));
  put(ascii("\x80\x04"), text(mark), ascii("0"));
  for (const [name, at] of [
    ["numpy.core.multiarray\n_reconstruct", MADE_WITH.reconstruct],
    ["numpy\nndarray", MADE_WITH.ndarray],
    ["numpy\ndtype", MADE_WITH.dtype],
  ] as const) {
    put(ascii(`c${name}\n`), keep(at), ascii("0"));
  }
  for (const type of ["<i4", "<f4", "|u1"] as const) put(numberType(type), keep(MADE_WITH[type]), ascii("0"));
  put(ascii("]"));
  return {
    append(entry) {
      put(ascii("}("));
      for (const [key, array] of Object.entries(entry)) {
        put(text(key));
        const at = kept.get(array.values);
        if (at !== undefined) put(recall(at));
        else {
          const place = FIRST_ARRAY + (kept.size % KEPT_ARRAYS);
          for (const [other, where] of kept) if (where === place) kept.delete(other);
          writeArray(file, array);
          put(keep(place));
          kept.set(array.values, place);
        }
      }
      put(ascii("ua"));
    },
    close() {
      put(ascii("."));
      file.close();
    },
    abandon: () => file.close(),
  };
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([ascii("X"), uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const keep = (at: number): Buffer => Buffer.from([0x71, at]);
const recall = (at: number): Buffer => Buffer.from([0x68, at]);

/** numpy.dtype("i4", False, True) with its byte order. */
function numberType(type: "<i4" | "<f4" | "|u1"): Buffer {
  const state = Buffer.concat([ascii("(K\x03"), text(type[0]), ascii("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t")]);
  return Buffer.concat([recall(MADE_WITH.dtype), text(type.slice(1)), ascii("\x89\x88\x87R"), state, ascii("b")]);
}

function writeArray(file: BinaryFile, array: NumberArray): void {
  const { values, shape } = array;
  const type = values instanceof Int32Array ? "<i4" : values instanceof Float32Array ? "<f4" : "|u1";
  const bytes = bytesOf(array);
  // _reconstruct(ndarray, (0,), b"b"), then its state: 1, shape, type, by columns: no, bytes.
  file.write(Buffer.concat([recall(MADE_WITH.reconstruct), recall(MADE_WITH.ndarray), ascii("K\x00\x85C\x01b\x87R")]));
  const sides = Buffer.concat(shape.map((side) => Buffer.concat([ascii("J"), uint32(side)])));
  file.write(Buffer.concat([ascii("(K\x01("), sides, ascii("t"), recall(MADE_WITH[type]), ascii("\x89B")]));
  file.write(uint32(bytes.length));
  file.write(bytes);
  file.write(ascii("tb"));
}
