import type { DuckDBValue } from "@duckdb/node-api";
import { IcrlError } from "../../common/errors.js";
import { logCorruptIfRefused, shardsSql, withLog } from "./duckdb.js";
import { objectIn } from "./json-columns.js";
import { filterSql, filterText, type TrajectoryFilter } from "./trajectory-filter.js";

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 10_000;

/** An episode without its steps. */
export interface TrajectorySummary {
  readonly episodeId: string;
  readonly trialId: string;
  readonly trialIndex: bigint;
  readonly episodeIndex: number;
  readonly task: string;
  readonly taskVersion: number;
  readonly taskOptions: Readonly<Record<string, unknown>>;
  readonly agent: string;
  readonly entrant: string | undefined;
  readonly tournamentId: string | undefined;
  readonly sessionId: string;
  /** Unix time in milliseconds. */
  readonly startedAtMs: number;
  readonly length: number;
  readonly complete: boolean;
  readonly endReason: string;
  readonly return: number;
  readonly regret: number | undefined;
}

/** Which page. */
export interface PageRequest {
  /** Most rows; 0 or absent means 100, at most 10,000. */
  readonly size?: number;
  /** `nextToken` of the page before; empty or absent for the first. */
  readonly token?: string;
}

/** A page, oldest first. */
export interface TrajectoryPage {
  readonly trajectories: readonly TrajectorySummary[];
  /** Empty on the last page. */
  readonly nextToken: string;
}

const SELECTED =
  "log_index, episode_id, trial_id, trial_index, episode_index, task, task_version, task_options, agent, entrant, tournament_id, " +
  'session_id, epoch_ms(started_at), "length", complete, end_reason, "return", regret';

/**
 * Episodes in log order, a page at a time. A token holds the number of the page's last episode in the whole log, which neither
 * new episodes nor the joining of shards change.
 *
 * @throws NOT_A_LOG if the folder is no log
 * @throws PAGE_INVALID if the size or the token is not one of this list's
 */
export async function listTrajectories(
  dir: string,
  filter: TrajectoryFilter = {},
  page: PageRequest = {},
): Promise<TrajectoryPage> {
  const size = page.size === undefined || page.size === 0 ? DEFAULT_PAGE : page.size;
  if (!Number.isSafeInteger(size) || size < 0 || size > LARGEST_PAGE) {
    throw new IcrlError(
      "PAGE_INVALID",
      `page size ${page.size} is outside 0 .. ${LARGEST_PAGE}: 0 means ${DEFAULT_PAGE}`,
    );
  }
  const after = page.token === undefined || page.token === "" ? -1 : parseToken(page.token, filter);
  const { condition, values } = filterSql(filter);
  const sql = `SELECT ${SELECTED} FROM ${shardsSql(dir, after + 1)}
    WHERE log_index > ${after} AND ${condition} ORDER BY log_index LIMIT ${size + 1}`;
  const rows = await withLog(dir, (connection) =>
    logCorruptIfRefused(dir, async () => (await connection.run(sql, values)).getRows()),
  );
  const shown = rows.slice(0, size);
  const more = rows.length > size;
  return {
    trajectories: shown.map(summary),
    nextToken: more ? formatToken(Number(shown[shown.length - 1][0]), filter) : "",
  };
}

function summary(row: readonly DuckDBValue[]): TrajectorySummary {
  return {
    episodeId: row[1] as string,
    trialId: row[2] as string,
    trialIndex: row[3] as bigint,
    episodeIndex: row[4] as number,
    task: row[5] as string,
    taskVersion: row[6] as number,
    taskOptions: objectIn(row[7] as string, "task_options"),
    agent: row[8] as string,
    entrant: (row[9] as string | null) ?? undefined,
    tournamentId: (row[10] as string | null) ?? undefined,
    sessionId: row[11] as string,
    startedAtMs: Number(row[12]),
    length: row[13] as number,
    complete: row[14] as boolean,
    endReason: row[15] as string,
    return: row[16] as number,
    regret: (row[17] as number | null) ?? undefined,
  };
}

function formatToken(index: number, filter: TrajectoryFilter): string {
  return Buffer.from(JSON.stringify([index, filterText(filter)])).toString("base64url");
}

function parseToken(token: string, filter: TrajectoryFilter): number {
  const invalid = (what: string) =>
    new IcrlError("PAGE_INVALID", `page token "${token.slice(0, 40)}" ${what}: send next_page_token unchanged`);
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    throw invalid("is not one of this list's");
  }
  if (!Array.isArray(parts) || parts.length !== 2 || !Number.isSafeInteger(parts[0]) || parts[0] < 0) {
    throw invalid("is not one of this list's");
  }
  if (parts[1] !== filterText(filter)) throw invalid("belongs to another filter");
  return parts[0];
}
