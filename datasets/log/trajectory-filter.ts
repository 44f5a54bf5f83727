import { IcrlError } from "../../common/errors.js";
import type { TrajectoryRow } from "./trajectory-schema.js";

/** Which episodes; every member that is set must match. */
export interface TrajectoryFilter {
  readonly task?: string;
  readonly agent?: string;
  readonly entrant?: string;
  readonly tournamentId?: string;
  readonly sessionId?: string;
  readonly complete?: boolean;
  /** Ids of the tournaments whose episodes are shown; absent: all. Those of no tournament always are. */
  readonly tournaments?: readonly string[];
  /** Episodes of whom alone are shown: of sessions whose id begins with `sessions`, and of what played as `entrant`; absent: of all. */
  readonly own?: { readonly sessions?: string; readonly entrant?: string };
}

/** Members of the filter to columns, in the order in which they are written. */
const COLUMNS = [
  ["task", "task"],
  ["agent", "agent"],
  ["entrant", "entrant"],
  ["tournamentId", "tournament_id"],
  ["sessionId", "session_id"],
  ["complete", "complete"],
] as const;

/** Characters of a filter's member: no name in a log is longer. */
const LONGEST = 1024;

/** @throws REQUEST_TOO_COSTLY if a member is longer than anything that it could match */
export function checkFilter(filter: TrajectoryFilter): void {
  for (const [member] of COLUMNS) {
    const { length } = String(filter[member] ?? "");
    if (length <= LONGEST) continue;
    throw new IcrlError("REQUEST_TOO_COSTLY", `the filter's ${member} has ${length} characters: at most ${LONGEST}`, {
      bound: member,
      limit: LONGEST,
      asked: length,
    });
  }
}

/** The filter as an SQL condition with its values. */
export function filterSql(filter: TrajectoryFilter): { condition: string; values: (string | boolean)[] } {
  const parts = ["true"];
  const values: (string | boolean)[] = [];
  for (const [member, column] of COLUMNS) {
    const value = filter[member];
    if (value === undefined) continue;
    values.push(value);
    parts.push(`${column} = $${values.length}`);
  }
  if (filter.tournaments !== undefined) {
    values.push(filter.tournaments.join(","));
    parts.push(`(tournament_id IS NULL OR tournament_id IN (SELECT unnest(string_split($${values.length}, ','))))`);
  }
  if (filter.own !== undefined) {
    values.push(filter.own.sessions ?? "", filter.own.entrant ?? "");
    const [sessions, entrant] = [values.length - 1, values.length];
    parts.push(
      `(($${sessions} <> '' AND starts_with(session_id, $${sessions})) OR ($${entrant} <> '' AND entrant = $${entrant}))`,
    );
  }
  return { condition: parts.join(" AND "), values };
}

/** Whether a row matches. */
export function matches(filter: TrajectoryFilter, row: TrajectoryRow): boolean {
  const shown = row.tournament_id === null || (filter.tournaments?.includes(row.tournament_id) ?? true);
  return (
    shown &&
    isOwn(filter, row) &&
    COLUMNS.every(([member, column]) => filter[member] === undefined || filter[member] === row[column])
  );
}

function isOwn({ own }: TrajectoryFilter, row: TrajectoryRow): boolean {
  if (own === undefined) return true;
  const { sessions = "", entrant = "" } = own;
  return (sessions !== "" && row.session_id.startsWith(sessions)) || (entrant !== "" && row.entrant === entrant);
}

/** The filter as text: equal filters give equal texts. What is shown is no part of it: that changes while pages are read. */
export function filterText(filter: TrajectoryFilter): string {
  return JSON.stringify(COLUMNS.map(([member]) => filter[member] ?? null));
}
