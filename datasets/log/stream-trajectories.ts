import { batchBuilder } from "./batch-builder.js";
import { readEpisodes } from "./read-episodes.js";
import type { TrajectoryFilter } from "./trajectory-filter.js";

/** Some episodes. */
export interface TrajectoryChunk {
  /** A complete Arrow IPC stream. */
  readonly arrowIpc: Uint8Array;
  readonly rows: number;
}

/** How much. */
export interface StreamOptions {
  /** Most episodes; 0 or absent means all. */
  readonly limit?: number;
  /** A chunk ends with the episode that reaches this many bytes. */
  readonly chunkBytes?: number;
}

/**
 * Whole episodes that match, in log order, as Arrow, a bounded amount at a time.
 *
 * @throws NOT_A_LOG if the folder is no log
 * @throws LOG_CORRUPT if a shard cannot be read
 */
export async function* streamTrajectories(
  dir: string,
  filter: TrajectoryFilter = {},
  options: StreamOptions = {},
): AsyncGenerator<TrajectoryChunk> {
  const limit = options.limit === undefined || options.limit === 0 ? Number.POSITIVE_INFINITY : options.limit;
  const chunkBytes = options.chunkBytes ?? 1 << 20;
  const builder = batchBuilder();
  const chunk = (): TrajectoryChunk => {
    const { rows } = builder;
    return { arrowIpc: Buffer.concat(builder.finish()), rows };
  };
  let taken = 0;
  for await (const row of readEpisodes(dir, filter)) {
    builder.append(row);
    taken += 1;
    if (builder.bytes >= chunkBytes) yield chunk();
    if (taken >= limit) break;
  }
  if (builder.rows > 0) yield chunk();
}
