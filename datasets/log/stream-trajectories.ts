/** Whole episodes as Arrow, a bounded amount at a time. Between two amounts nothing is held but where the next begins. */
import type { BatchBuilder } from "./batch-builder.js";
import { matches, type TrajectoryFilter } from "./trajectory-filter.js";
import type { TrajectoryRow } from "./trajectory-schema.js";

/** Some episodes. */
export interface TrajectoryChunk {
  /** A complete Arrow IPC stream. */
  readonly arrowIpc: Uint8Array<ArrayBuffer>;
  readonly rows: number;
}

/** What goes into one chunk. */
export interface ChunkOptions {
  readonly filter: TrajectoryFilter;
  /** Most episodes. */
  readonly mostRows: number;
  /** It ends with the episode that reaches this many bytes. */
  readonly bytes: number;
}

/** A chunk, and the number of the episode behind it; undefined where none is left of those that came. */
export interface ChunkTaken extends TrajectoryChunk {
  readonly next: number | undefined;
}

/** An episode, and its number in the whole log. */
export interface NumberedRow {
  readonly index: number;
  readonly row: TrajectoryRow;
}

/**
 * The next chunk of episodes that come in log order; its bytes are none where no episode matches.
 *
 * @param builder empty; it is again afterwards
 */
export async function takeChunk(
  builder: BatchBuilder,
  episodes: AsyncIterable<NumberedRow>,
  { filter, mostRows, bytes }: ChunkOptions,
): Promise<ChunkTaken> {
  let next: number | undefined;
  for await (const { index, row } of episodes) {
    if (!matches(filter, row)) continue;
    builder.append(row);
    if (builder.bytes < bytes && builder.rows < mostRows) continue;
    next = index + 1;
    break;
  }
  const { rows } = builder;
  return { arrowIpc: rows === 0 ? new Uint8Array() : joined(builder.finish()), rows, next };
}

/** Pieces in memory of their own. */
function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
