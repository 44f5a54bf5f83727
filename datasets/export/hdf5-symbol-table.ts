/** The members of an HDF5 group: their names in a local heap, and a tree in which they are found by them. */
import { INTERNAL_K, LEAF_K, padded, type SymbolTable, symbol, UNDEFINED_ADDRESS, uint } from "./hdf5-format.js";

/** A member. */
export interface Member {
  readonly name: string;
  /** Of its object header. */
  readonly address: number;
}

/** Writes bytes, and returns where. */
type Write = (bytes: Uint8Array) => number;

/** A node of the tree, or a leaf, that is written. */
interface Written {
  readonly address: number;
  /** Where its last name stands in the heap. */
  readonly last: number;
}

/** Writes the tables of members with different names, and returns where they are. */
export function writeSymbolTable(write: Write, members: readonly Member[]): SymbolTable {
  const sorted = members
    .map((member) => ({ ...member, bytes: Buffer.from(`${member.name}\0`, "utf8") }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  const places: number[] = [];
  const texts: Uint8Array[] = [Buffer.alloc(8)]; // the empty name, which is before all
  let size = 8;
  for (const { bytes } of sorted) {
    places.push(size);
    const text = padded(bytes);
    texts.push(text);
    size += text.length;
  }
  const names = write(heap(write(Buffer.concat(texts)), size));
  const leaves: Written[] = [];
  for (let from = 0; from < Math.max(1, sorted.length); from += 2 * LEAF_K) {
    const of = sorted.slice(from, from + 2 * LEAF_K);
    const entries = of.map(({ address }, i) => Buffer.concat([symbol(places[from + i], address), Buffer.alloc(24)]));
    const start = [Buffer.from("SNOD\x01\0", "latin1"), uint(of.length, 2)];
    const bytes = Buffer.concat([...start, ...entries], 8 + 2 * LEAF_K * 40);
    leaves.push({ address: write(bytes), last: places[from + of.length - 1] ?? 0 });
  }
  return { names, tree: writeTree(write, leaves) };
}

/** A local heap (III.D) whose texts stand at an address; nothing in it is free. */
const heap = (texts: number, size: number): Buffer =>
  Buffer.concat([Buffer.from("HEAP\0\0\0\0", "latin1"), uint(size, 8), uint(1, 8), uint(texts, 8)]);

const NODE_BYTES = 24 + 8 * (2 * INTERNAL_K + 1) + 8 * 2 * INTERNAL_K;

/** A B-tree, version 1 (III.A.1), above leaves; returns where its root is. */
function writeTree(write: Write, leaves: readonly Written[]): number {
  let below = leaves;
  for (let level = 0; ; level += 1) {
    const nodes: Written[] = [];
    for (let from = 0; from < below.length; from += 2 * INTERNAL_K) {
      const children = below.slice(from, from + 2 * INTERNAL_K);
      const isLast = from + children.length === below.length;
      // Nodes of a level stand side by side.
      const left = nodes.at(-1)?.address ?? UNDEFINED_ADDRESS;
      const here = (address: number) => [
        ...[Buffer.from("TREE\0", "latin1"), Buffer.from([level]), uint(children.length, 2)],
        ...[uint(left, 8), uint(isLast ? UNDEFINED_ADDRESS : address + NODE_BYTES, 8)],
        uint(from === 0 ? 0 : below[from - 1].last, 8),
        ...children.flatMap((child) => [uint(child.address, 8), uint(child.last, 8)]),
      ];
      const at = write(new Uint8Array(0));
      nodes.push({ address: write(Buffer.concat(here(at), NODE_BYTES)), last: children[children.length - 1].last });
    }
    if (nodes.length === 1) return nodes[0].address;
    below = nodes;
  }
}
