/**
 * Reading the log for callers, of whom there may be any number. So many read at once and the others wait; what reads is a database of bounded
 * size, or a thread that holds one shard; who does not take what was read for it holds a chunk, and neither. Nothing is written.
 */
import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";
import { type DatabaseBounds, logCorruptIfRefused, shardsSqlOf, withDuckDb } from "../../datasets/log/duckdb.js";
import { listTrajectories, type PageRequest, type TrajectoryPage } from "../../datasets/log/list-trajectories.js";
import { listShards } from "../../datasets/log/log-folder.js";
import { playedTrials, type TrialSet } from "../../datasets/log/played-trials.js";
import { countRecordedTrials, type TrialSeries } from "../../datasets/log/recorded-trials.js";
import type { TrajectoryChunk } from "../../datasets/log/stream-trajectories.js";
import { checkFilter, filterSql, type TrajectoryFilter } from "../../datasets/log/trajectory-filter.js";
import type { ChunkJob } from "./log-reader-worker.js";
import { createGate } from "./read-gate.js";
import { createReaderThreads } from "./reader-threads.js";
import type { TrajectoryLog } from "./trajectory-log.js";

/** Reads of a log. Each shows what the log had taken when it was called, and is durable. */
export interface LogReads {
  /** @throws SERVER_BUSY, PAGE_INVALID, REQUEST_TOO_COSTLY, LOG_CORRUPT */
  list(filter: TrajectoryFilter | undefined, page: PageRequest, signal?: AbortSignal): Promise<TrajectoryPage>;
  /** How many trials of a series there are. @throws SERVER_BUSY, LOG_CORRUPT */
  count(series: TrialSeries, signal?: AbortSignal): Promise<number>;
  /** Whole episodes, in log order. @throws SERVER_BUSY, REQUEST_TOO_COSTLY, LOG_CORRUPT */
  stream(
    filter: TrajectoryFilter | undefined,
    options: StreamOptions,
    signal: AbortSignal,
  ): AsyncGenerator<TrajectoryChunk>;
  /** Trials of a collection that are in shards. @throws SERVER_BUSY, LOG_CORRUPT */
  played(collectionId: string): Promise<Map<string, TrialSet>>;
  /** Ends its threads. */
  close(): Promise<void>;
}

/** How much is streamed, and what is withheld. */
export interface StreamOptions {
  /** Most episodes; 0 means all. */
  readonly limit: number;
}

/** What is read. */
export interface LogReadsContext {
  readonly dir: string;
  /** What it holds; `end` is the number, from 0, that the next durable episode will have in the whole log. */
  readonly log: Pick<TrajectoryLog, "appended" | "end" | "whenDurable">;
  /** Reads at once. */
  readonly maxReads: number;
}

/** A database of one read. Two at a time: their waiting shares the pool of threads that the log's commits need. */
const BOUNDS: DatabaseBounds = { threads: 2, memoryMib: 512 };
const DATABASES = 2;

/** So many times the reads at once may wait, and so many streams may be open. */
const WAITING_FACTOR = 32;
const STREAMS_FACTOR = 32;

/** Bytes of a chunk. */
const CHUNK_BYTES = 1 << 20;

/** Reads of one log. */
export function createLogReads({ dir, log, maxReads }: LogReadsContext): LogReads {
  const gate = createGate(maxReads, WAITING_FACTOR * maxReads, "reads of the log");
  const databases = createGate(DATABASES, Number.POSITIVE_INFINITY, "databases");
  const threads = createReaderThreads();
  const mostStreams = STREAMS_FACTOR * maxReads;
  let streams = 0;

  /** Where the log ends once what was taken so far is durable, or lost: whoever has just seen his session end finds what it played. */
  async function settledEnd(): Promise<number> {
    await log.whenDurable(log.appended).catch(() => {});
    return log.end;
  }

  /** The shards that hold an episode that matches; undefined where all may. */
  async function shardsWith(filter: TrajectoryFilter, signal: AbortSignal): Promise<ChunkJob["only"]> {
    const { condition, values } = filterSql(filter);
    const shards = listShards(dir);
    if (values.length === 0 || shards.length === 0) return undefined;
    const paths = shards.map(({ path }) => path);
    const sql = `SELECT DISTINCT shard_first FROM ${shardsSqlOf(paths)} WHERE ${condition} ORDER BY 1`;
    const read = () =>
      withDuckDb(
        paths,
        (connection) => logCorruptIfRefused(dir, async () => (await connection.run(sql, values)).getRows()),
        BOUNDS,
      );
    const rows = await gate.pass(() => databases.pass(read, signal), signal);
    return { firsts: rows.map(([first]) => Number(first)), upTo: shards[shards.length - 1].first };
  }

  async function* chunks(
    filter: TrajectoryFilter,
    { limit }: StreamOptions,
    signal: AbortSignal,
  ): AsyncGenerator<TrajectoryChunk> {
    const end = await settledEnd();
    const reader = {};
    const only = await shardsWith(filter, signal);
    let left = limit === 0 ? Number.POSITIVE_INFINITY : limit;
    for (let from: number | undefined = 0; from !== undefined && left > 0; ) {
      const job: ChunkJob = {
        ...{ job: "chunk", dir, end, from, only, filter, mostRows: left, bytes: CHUNK_BYTES },
      };
      const { next, ...chunk } = await gate.pass(() => threads.run(job, reader), signal);
      left -= chunk.rows;
      from = next;
      if (chunk.rows > 0) yield chunk;
    }
  }

  return {
    async list(filter = {}, page, signal) {
      const end = await settledEnd();
      const context = {
        bounds: BOUNDS,
        behind: (beyond: number, after: number, most: number) =>
          threads.run({ job: "summaries", dir, end, filter, beyond, after, most }),
      };
      return gate.pass(() => databases.pass(() => listTrajectories(dir, filter, page, context), signal), signal);
    },
    async count({ idOf, ...series }, signal) {
      const end = await settledEnd();
      const context = {
        bounds: BOUNDS,
        behind: (beyond: number) => threads.run({ job: "series", dir, end, series, beyond }),
      };
      const count = () => countRecordedTrials(dir, { ...series, idOf }, context);
      return gate.pass(() => databases.pass(count, signal), signal);
    },
    async *stream(filter = {}, options, signal) {
      checkFilter(filter);
      if (streams >= mostStreams) {
        throw new IcrlError(
          "SERVER_BUSY",
          `${streams} streams of the log are open, at most ${mostStreams}: ask again later`,
          { retry_delay_ms: RETRY_DELAY_MS },
        );
      }
      streams += 1;
      try {
        yield* chunks(filter, options, signal);
      } finally {
        streams -= 1;
      }
    },
    played: (collectionId) => gate.pass(() => databases.pass(() => playedTrials(dir, collectionId, BOUNDS))),
    close: threads.close,
  };
}
