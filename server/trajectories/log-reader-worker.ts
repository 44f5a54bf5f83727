/** A thread that reads the log for its server: jobs in, answers out, one at a time. Between two jobs it holds no reader's place. */
import { parentPort } from "node:worker_threads";
import { IcrlError, type Reason } from "../../common/errors.js";
import { batchBuilder } from "../../datasets/log/batch-builder.js";
import { type NumberedSummary, summaryOf } from "../../datasets/log/list-trajectories.js";
import {
  isOfSeries,
  SERIES_COLUMNS,
  type SeriesRow,
  seriesRow,
  type TrialSeries,
} from "../../datasets/log/recorded-trials.js";
import { type ChunkOptions, type ChunkTaken, takeChunk } from "../../datasets/log/stream-trajectories.js";
import { matches, type TrajectoryFilter } from "../../datasets/log/trajectory-filter.js";
import { TRAJECTORY_COLUMNS } from "../../datasets/log/trajectory-schema.js";
import { type LogPiece, logPieces, pieceRows } from "./log-pieces.js";

/** Which log, and how many episodes of it were durable when somebody asked. */
interface OfLog {
  readonly dir: string;
  readonly end: number;
}

/** The next chunk of a stream. */
export interface ChunkJob extends OfLog, ChunkOptions {
  readonly job: "chunk";
  /** Number of the first episode to look at. */
  readonly from: number;
  /** Of the shards up to the number `upTo` those of these firsts alone, the next one first; absent: all. */
  readonly only?: { readonly firsts: readonly number[]; readonly upTo: number };
}

/** Episodes that match, behind the shard whose first is `beyond`. */
export interface SummariesJob extends OfLog {
  readonly job: "summaries";
  readonly filter: TrajectoryFilter;
  readonly beyond: number;
  /** Of numbers above. */
  readonly after: number;
  readonly most: number;
}

/** Episodes of a series behind the shard whose first is `beyond`. */
export interface SeriesJob extends OfLog {
  readonly job: "series";
  readonly series: Omit<TrialSeries, "idOf">;
  readonly beyond: number;
}

/** Something to read. */
export type ReadJob = ChunkJob | SummariesJob | SeriesJob;

/** `next` is where the next chunk begins; undefined when this is the last. */
export type ChunkAnswer = ChunkTaken;

/** What comes of each kind of job. */
export interface ReadAnswers {
  readonly chunk: ChunkAnswer;
  readonly summaries: readonly NumberedSummary[];
  readonly series: readonly SeriesRow[];
}

/** What came of a job. */
export type ReadOutcome =
  | { readonly answer: ReadAnswers[ReadJob["job"]] }
  | { readonly error: { readonly reason: Reason | undefined; readonly message: string } };

/** What a summary is made of: all columns but those of steps. */
const SUMMARY_COLUMNS = TRAJECTORY_COLUMNS.filter(({ type }) => !type.startsWith("list")).map(({ name }) => name);

/** Used again and again: its memory grows once. */
const builder = batchBuilder();

const port = parentPort;
if (port === null) throw new Error("log-reader-worker.js runs as a worker thread");

/** The first piece that the stream wants, from a number on: one a job, so that between two whoever waits has a turn. */
async function chunk({ dir, end, from, only, ...options }: ChunkJob): Promise<ChunkAnswer> {
  const wanted = ({ first }: LogPiece) => only === undefined || first > only.upTo || only.firsts.includes(first);
  const [piece, following] = logPieces(dir, from, end).filter(wanted);
  if (piece === undefined) return { arrowIpc: new Uint8Array(), rows: 0, next: undefined };
  const taken = await takeChunk(builder, pieceRows(dir, piece, from, end), options);
  return { ...taken, next: taken.next ?? following?.first };
}

async function summaries({ dir, end, filter, beyond, after, most }: SummariesJob): Promise<readonly NumberedSummary[]> {
  const found: NumberedSummary[] = [];
  for (const piece of piecesBehind(dir, beyond, end)) {
    for await (const { index, row } of pieceRows(dir, piece, after + 1, end, SUMMARY_COLUMNS)) {
      if (!matches(filter, row)) continue;
      found.push({ index, summary: summaryOf(row) });
      if (found.length === most) return found;
    }
  }
  return found;
}

async function series({ dir, end, series, beyond }: SeriesJob): Promise<readonly SeriesRow[]> {
  const found: SeriesRow[] = [];
  for (const piece of piecesBehind(dir, beyond, end)) {
    for await (const { row } of pieceRows(dir, piece, 0, end, SERIES_COLUMNS)) {
      if (isOfSeries(series, row)) found.push(seriesRow(row));
    }
  }
  return found;
}

const piecesBehind = (dir: string, beyond: number, end: number): LogPiece[] =>
  logPieces(dir, 0, end).filter(({ first }) => first > beyond);

function answerTo(job: ReadJob): Promise<ReadAnswers[ReadJob["job"]]> {
  switch (job.job) {
    case "chunk":
      return chunk(job);
    case "summaries":
      return summaries(job);
    case "series":
      return series(job);
  }
}

port.on("message", (job: ReadJob) => {
  answerTo(job).then(
    (answer) =>
      port.postMessage({ answer } satisfies ReadOutcome, "arrowIpc" in answer ? [answer.arrowIpc.buffer] : []),
    (error: Error) => {
      const reason = error instanceof IcrlError ? error.reason : undefined;
      port.postMessage({ error: { reason, message: error.message } } satisfies ReadOutcome);
    },
  );
});
