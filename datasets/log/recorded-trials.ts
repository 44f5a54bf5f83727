/** Which trials of a series a log holds already. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { shardPaths, shardsSql, withDuckDb } from "./duckdb.js";
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

/** Ids between two turns of the event loop: each is made by four hashes. */
const SLICE = 500;

/** How many trials of a series are in a log's shards with all their episodes, each by one session, to their end. */
export function countRecordedTrials(dir: string, { of, first, last, episodes, idOf }: TrialSeries): Promise<number> {
  return withDuckDb(shardPaths(dir), async (connection) => {
    const candidates = await connection.stream(
      `SELECT DISTINCT trial_index, trial_id FROM (
         SELECT trial_id, any_value(trial_index) AS trial_index FROM ${shardsSql(dir)}
         WHERE task = $1 AND task_version = $2 AND task_options = $3 AND agent = $4 AND agent_options = $5
           AND trial_index BETWEEN $6::UBIGINT AND $7::UBIGINT
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
  });
}
