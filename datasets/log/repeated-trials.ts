/** Trials that a log holds more than once: the same seeds, played by the same agent. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { shardPaths, shardsSql, withDuckDb } from "./duckdb.js";
import type { TrajectoryRow } from "./trajectory-schema.js";

/** What repeats. */
export interface RepeatedTrials {
  /** Trials that are there more than once. */
  readonly trials: number;
  /** Episodes beyond one of each. */
  readonly episodes: number;
  /** One of them, most often there, and how often. */
  readonly example: { readonly trialId: string; readonly times: number } | undefined;
}

/** Rows that are in no shard yet. */
export type OpenRow = Pick<TrajectoryRow, "trial_id" | "session_id" | "episode_index" | "complete">;

/** Rows whose trials are compared at a time: what bounds the memory. */
const PASS_ROWS = 4_000_000;

/**
 * Finds them. A trial that was cut short, and played again by another session, is there once.
 *
 * @param open rows that belong to the log and are not in its shards
 */
export function repeatedTrials(dir: string, open: readonly OpenRow[]): Promise<RepeatedTrials> {
  return withDuckDb(shardPaths(dir), async (connection) => {
    await connection.run("CREATE TABLE open (trial_id VARCHAR, session_id VARCHAR, episode_index INT, complete BOOL)");
    await appendOpen(connection, open);
    await connection.run(
      `CREATE VIEW played AS SELECT trial_id, session_id, episode_index, complete FROM ${shardsSql(dir)} UNION ALL FROM open`,
    );
    const [[rows]] = (await (await connection.run("SELECT count(*)::DOUBLE FROM played")).getRows()) as number[][];
    const passes = Math.max(1, Math.ceil(rows / PASS_ROWS));
    let trials = 0;
    let episodes = 0;
    let example: RepeatedTrials["example"];
    for (let pass = 0; pass < passes; pass += 1) {
      const answer = await connection.run(
        `WITH plays AS (
           SELECT trial_id, count(*) AS episodes, count(DISTINCT episode_index) AS length
           FROM played WHERE hash(trial_id) % ${passes} = ${pass}
           GROUP BY trial_id, session_id HAVING bool_and(complete)
         ), repeated AS (
           SELECT trial_id, sum(episodes) - max(length) AS more, ceil(sum(episodes) / max(length)) AS times
           FROM plays GROUP BY trial_id HAVING sum(episodes) > max(length)
         )
         SELECT count(*)::DOUBLE, coalesce(sum(more), 0)::DOUBLE, max(times)::DOUBLE, arg_max(trial_id, times) FROM repeated`,
      );
      const [[count, more, times, trialId]] = (await answer.getRows()) as [number, number, number | null, string][];
      trials += count;
      episodes += more;
      if (times !== null && times > (example?.times ?? 0)) example = { trialId, times };
    }
    return { trials, episodes, example };
  });
}

async function appendOpen(connection: DuckDBConnection, open: readonly OpenRow[]): Promise<void> {
  const appender = await connection.createAppender("open");
  for (const row of open) {
    appender.appendVarchar(row.trial_id);
    appender.appendVarchar(row.session_id);
    appender.appendInteger(row.episode_index);
    appender.appendBoolean(row.complete);
    appender.endRow();
  }
  appender.closeSync();
}
