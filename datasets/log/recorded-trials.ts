/** Which trials of a series a log holds already. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type DatabaseBounds, shardsSqlOf, withDuckDb } from "./duckdb.js";
import { listShards } from "./log-folder.js";
import type { TrajectoryRow } from "./trajectory-schema.js";

/** Trials of free play. */
export interface TrialSeries {
  /** What all of them have in common. */
  readonly of: Pick<TrajectoryRow, "task" | "task_version" | "task_options" | "agent" | "agent_options">;
  readonly first: bigint;
  /** The last one's index. */
  readonly last: bigint;
  /** Episodes of each. */
  readonly episodes: number;
  /** Id of the trial of an index. */
  idOf(trialIndex: bigint): string;
}

/** What of an episode tells whether its trial is whole. */
export type SeriesRow = readonly [
  trialId: string,
  trialIndex: bigint,
  sessionId: string,
  episodeIndex: number,
  complete: boolean,
];

const COMMON = ["task", "task_version", "task_options", "agent", "agent_options"] as const;

/** Columns that say whether an episode is of a series, and what of it counts. */
export const SERIES_COLUMNS: readonly string[] = [
  ...COMMON,
  ...["trial_id", "trial_index", "session_id", "episode_index", "complete"],
];

/** Whether an episode is one of a series' trials'. */
export function isOfSeries({ of, first, last }: Omit<TrialSeries, "idOf">, row: TrajectoryRow): boolean {
  return first <= row.trial_index && row.trial_index <= last && COMMON.every((name) => row[name] === of[name]);
}

/** What of it counts. */
export const seriesRow = (row: TrajectoryRow): SeriesRow => [
  row.trial_id,
  row.trial_index,
  row.session_id,
  row.episode_index,
  row.complete,
];

/** How a server counts in a log that is being written, at bounded cost. */
export interface CountingContext {
  readonly bounds?: DatabaseBounds;
  /** Episodes of the series behind the shard whose first is `beyond`. */
  readonly behind: (beyond: number) => Promise<readonly SeriesRow[]>;
}

/** Ids between two turns of the event loop: each is made by four hashes. */
const SLICE = 500;

/**
 * How many trials of a series are in a log with all their episodes, each by one session, to their end.
 *
 * @param context absent: shards are all that is read
 */
export async function countRecordedTrials(
  dir: string,
  { of, first, last, episodes, idOf }: TrialSeries,
  context: CountingContext = { behind: async () => [] },
): Promise<number> {
  const shards = listShards(dir);
  const behind = await context.behind(shards.at(-1)?.first ?? -1);
  const paths = shards.map(({ path }) => path);
  return withDuckDb(
    paths,
    async (connection) => {
      await addBehind(connection, behind);
      const candidates = await connection.stream(
        `SELECT DISTINCT trial_index, trial_id FROM (
         SELECT trial_id, any_value(trial_index) AS trial_index FROM (
           SELECT trial_id, trial_index, session_id, episode_index, complete FROM ${shardsSqlOf(paths)}
           WHERE task = $1 AND task_version = $2 AND task_options = $3 AND agent = $4 AND agent_options = $5
             AND trial_index BETWEEN $6::UBIGINT AND $7::UBIGINT
           UNION ALL SELECT * FROM behind
         )
         GROUP BY trial_id, session_id HAVING bool_and(complete) AND count(DISTINCT episode_index) = $8
       )`,
        [of.task, of.task_version, of.task_options, of.agent, of.agent_options, String(first), String(last), episodes],
      );
      let recorded = 0;
      let seen = 0;
      for (let chunk = await candidates.fetchChunk(); chunk !== null && chunk.rowCount > 0; ) {
        for (const [trialIndex, trialId] of chunk.getRows() as [bigint, string][]) {
          if (idOf(trialIndex) === trialId) recorded += 1;
          seen += 1;
          if (seen % SLICE === 0) await nextTurn();
        }
        chunk = await candidates.fetchChunk();
      }
      return recorded;
    },
    context.bounds,
  );
}

/** Makes the table `behind` of episodes that no shard has yet. */
async function addBehind(connection: DuckDBConnection, rows: readonly SeriesRow[]): Promise<void> {
  await connection.run(
    `CREATE TEMP TABLE behind (
      trial_id VARCHAR, trial_index UBIGINT, session_id VARCHAR, episode_index INTEGER, complete BOOLEAN)`,
  );
  if (rows.length === 0) return;
  const appender = await connection.createAppender("behind");
  for (const [n, [trialId, trialIndex, sessionId, episodeIndex, complete]] of rows.entries()) {
    appender.appendVarchar(trialId);
    appender.appendUBigInt(trialIndex);
    appender.appendVarchar(sessionId);
    appender.appendInteger(episodeIndex);
    appender.appendBoolean(complete);
    appender.endRow();
    if (n % SLICE === SLICE - 1) await nextTurn();
  }
  appender.closeSync();
}
