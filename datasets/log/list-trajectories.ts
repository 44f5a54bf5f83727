import type { DuckDBValue } from "@duckdb/node-api";
import { IcrlError } from "../../common/errors.js";
import { type DatabaseBounds, logCorruptIfRefused, shardsSqlOf, withDuckDb } from "./duckdb.js";
import { objectIn } from "./json-columns.js";
import { type LogFile, listShards, requireLog } from "./log-folder.js";
import { checkFilter, filterSql, filterText, type TrajectoryFilter } from "./trajectory-filter.js";
import type { TrajectoryRow } from "./trajectory-schema.js";

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 10_000;

/** Rows of one answer, however many are asked for: more keep a server's other callers waiting while they are written. */
const LARGEST_ANSWER = 1000;

/** Characters of a token: a filter and a number fit. */
const LONGEST_TOKEN = 16_384;

/** Shards that one query looks into: the first page of an unfiltered list needs one, and a filter that matches nothing all of them. */
const MOST_SHARDS = 64;

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
  /** Most rows; 0 or absent means 100, at most 10,000. There may be fewer, and still a page after them. */
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

/** An episode, and its number in the whole log. */
export interface NumberedSummary {
  readonly index: number;
  readonly summary: TrajectorySummary;
}

/** How a server reads a log that is being written, at bounded cost. */
export interface ListingContext {
  readonly bounds?: DatabaseBounds;
  /** The first episodes that match, at most `most`, of numbers above `after`, in what lies behind the shard whose first is `beyond`. */
  readonly behind: (beyond: number, after: number, most: number) => Promise<readonly NumberedSummary[]>;
}

/**
 * Episodes in log order, a page at a time. A token holds the number of the page's last episode in the whole log, which neither
 * new episodes nor the joining of shards change.
 *
 * @param context absent: shards are all that is read
 * @throws NOT_A_LOG if the folder is no log
 * @throws PAGE_INVALID if the size or the token is not one of this list's
 * @throws REQUEST_TOO_COSTLY if the filter is longer than any that matches
 */
export async function listTrajectories(
  dir: string,
  filter: TrajectoryFilter = {},
  page: PageRequest = {},
  context: ListingContext = { behind: async () => [] },
): Promise<TrajectoryPage> {
  checkFilter(filter);
  const size = Math.min(checkedSize(page.size), LARGEST_ANSWER);
  const after = page.token === undefined || page.token === "" ? -1 : parseToken(page.token, filter);
  requireLog(dir);
  const shards = listShards(dir);
  const rows: NumberedSummary[] = [];
  const wanted = size + 1;
  for (const group of groupsFrom(shards, after)) {
    rows.push(...(await rowsOf(dir, group, filter, rows.at(-1)?.index ?? after, wanted - rows.length, context.bounds)));
    if (rows.length === wanted) break;
  }
  if (rows.length < wanted) {
    rows.push(...(await context.behind(shards.at(-1)?.first ?? -1, after, wanted - rows.length)));
  }
  const shown = rows.slice(0, size);
  return {
    trajectories: shown.map(({ summary }) => summary),
    nextToken: rows.length > size ? formatToken(shown[shown.length - 1].index, filter) : "",
  };
}

/** @throws PAGE_INVALID */
function checkedSize(size = 0): number {
  if (size === 0) return DEFAULT_PAGE;
  if (Number.isSafeInteger(size) && size > 0 && size <= LARGEST_PAGE) return size;
  throw new IcrlError("PAGE_INVALID", `page size ${size} is outside 0 .. ${LARGEST_PAGE}: 0 means ${DEFAULT_PAGE}`, {
    limit: LARGEST_PAGE,
  });
}

/** The shards with numbers above `after`, in groups to be looked into one after the other until there are rows enough. */
function* groupsFrom(shards: readonly LogFile[], after: number): Generator<readonly LogFile[]> {
  const last = shards.findLastIndex(({ first }) => first <= after + 1);
  let size = 1;
  for (let at = Math.max(last, 0); at < shards.length; at += size, size = Math.min(2 * size, MOST_SHARDS)) {
    yield shards.slice(at, at + size);
  }
}

/** The first episodes of some shards that match. */
async function rowsOf(
  dir: string,
  shards: readonly LogFile[],
  filter: TrajectoryFilter,
  after: number,
  most: number,
  bounds: DatabaseBounds | undefined,
): Promise<NumberedSummary[]> {
  const paths = shards.map(({ path }) => path);
  const { condition, values } = filterSql(filter);
  const sql = `SELECT ${SELECTED} FROM ${shardsSqlOf(paths)}
    WHERE log_index > ${after} AND ${condition} ORDER BY log_index LIMIT ${most}`;
  const rows = await withDuckDb(
    paths,
    (connection) => logCorruptIfRefused(dir, async () => (await connection.run(sql, values)).getRows()),
    bounds,
  );
  return rows.map((row) => ({ index: Number(row[0]), summary: summary(row) }));
}

/** A whole episode in short. */
export function summaryOf(row: TrajectoryRow): TrajectorySummary {
  return {
    episodeId: row.episode_id,
    trialId: row.trial_id,
    trialIndex: row.trial_index,
    episodeIndex: row.episode_index,
    task: row.task,
    taskVersion: row.task_version,
    taskOptions: objectIn(row.task_options, "task_options"),
    agent: row.agent,
    entrant: row.entrant ?? undefined,
    tournamentId: row.tournament_id ?? undefined,
    sessionId: row.session_id,
    startedAtMs: row.started_at,
    length: row.length,
    complete: row.complete,
    endReason: row.end_reason,
    return: row.return,
    regret: row.regret ?? undefined,
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
  if (token.length > LONGEST_TOKEN) throw invalid("is not one of this list's");
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
