/** Reading trials.parquet: the trials of a tournament's matches, as arrays by trial. */
import { existsSync } from "node:fs";
import type { DuckDBDataChunk } from "@duckdb/node-api";
import { IcrlError } from "../../common/errors.js";
import { requireRegularFile } from "../files/read-file.js";
import { quoted, withDuckDb } from "../log/duckdb.js";

/** A match whose trials are wanted. */
export interface MatchName {
  readonly task: string;
  readonly entrant: string;
}

/** Trials of a match; entry i of every array is trial i. */
export interface MatchTrials {
  /** [trials] */
  readonly regrets: Float64Array;
  /** 0 or 1, NaN where null, [trials]; undefined where the file has none for the match. */
  readonly suffixFailures?: Float64Array;
  /** NaN where null, [trials]; undefined where the file has none for the match. */
  readonly minFractions?: Float64Array;
}

/** The most trials of all matches: more than a server plays (server/tournaments/spec.ts). */
const MOST_TRIALS = 50_000_000;

/** Columns that files of earlier versions lack. */
const EXPLORATION = ["suffix_failure", "min_fraction"] as const;

/**
 * The trials of matches, in the order of `matches`. Memory: 8 bytes a trial, 24 where the task has exploration's columns, and what DuckDB needs
 * to read the file once.
 *
 * @param trials of each match
 * @throws RESULTS_CORRUPT if the file is missing or damaged, or does not have exactly these trials of exactly these matches
 */
export async function readTournamentTrials(
  path: string,
  matches: readonly MatchName[],
  trials: number,
): Promise<MatchTrials[]> {
  if (!existsSync(path)) throw corrupt(path, "is missing");
  if (matches.length * trials > MOST_TRIALS) {
    throw corrupt(path, `should have ${matches.length} x ${trials} trials, at most ${MOST_TRIALS} are read`);
  }
  try {
    requireRegularFile(path);
  } catch (error) {
    throw corrupt(path, (error as Error).message);
  }
  const regrets = matches.map(() => new Float64Array(trials).fill(Number.NaN));
  const exploration = matches.map(() => new Map<string, Float64Array>());
  const seen = new Uint32Array(matches.length);
  const take = (chunk: DuckDBDataChunk) => {
    const [match, trial, regret, ...others] = Array.from({ length: chunk.columnCount }, (_, i) =>
      chunk.getColumnVector(i),
    );
    for (let row = 0; row < chunk.rowCount; row += 1) {
      const m = match.getItem(row) as number | null;
      const i = trial.getItem(row) as number;
      const value = regret.getItem(row) as number | null;
      if (m === null) throw corrupt(path, "has trials of a match that results.json does not have");
      if (value === null || !Number.isFinite(value)) throw corrupt(path, "has a trial without its regret");
      if (!(i >= 0 && i < trials && Number.isNaN(regrets[m][i]))) {
        throw corrupt(path, `has trial ${i} of ${nameOf(matches[m])} twice, or more than ${trials} trials of it`);
      }
      regrets[m][i] = value;
      seen[m] += 1;
      for (const [c, vector] of others.entries()) {
        const other = vector.getItem(row) as number | null;
        if (other === null) continue;
        let column = exploration[m].get(EXPLORATION[c]);
        if (column === undefined) {
          column = new Float64Array(trials).fill(Number.NaN);
          exploration[m].set(EXPLORATION[c], column);
        }
        column[i] = other;
      }
    }
  };
  await scan(path, matches, take);
  const short = matches.findIndex((_, m) => seen[m] < trials);
  if (short >= 0) throw corrupt(path, `has ${seen[short]} of ${trials} trials of ${nameOf(matches[short])}`);
  return regrets.map((values, m) => ({
    regrets: values,
    suffixFailures: exploration[m].get("suffix_failure"),
    minFractions: exploration[m].get("min_fraction"),
  }));
}

/** Chunks of (place in `matches` or null, trial, regret, exploration's columns). @throws RESULTS_CORRUPT */
async function scan(
  path: string,
  matches: readonly MatchName[],
  take: (chunk: DuckDBDataChunk) => void,
): Promise<void> {
  try {
    await withDuckDb([path], async (connection) => {
      const file = `read_parquet(${quoted(path)})`;
      const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${file}`);
      const there = new Set(described.getColumnsObject().column_name as string[]);
      const exploration = EXPLORATION.map((name) => `${there.has(name) ? name : "NULL"}::DOUBLE`);
      const rows = matches.map(({ task, entrant }, i) => `(${quoted(task)}, ${quoted(entrant)}, ${i})`);
      const names = rows.length === 0 ? "(SELECT '', '', 0 WHERE false)" : `(VALUES ${rows.join(", ")})`;
      await connection.run(`CREATE TABLE matches AS SELECT * FROM ${names} AS names(task, entrant, place)`);
      const result = await connection.stream(
        `SELECT place, trial::INTEGER, regret::DOUBLE, ${exploration.join(", ")}
         FROM ${file} LEFT JOIN matches USING (task, entrant)`,
      );
      for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; ) {
        take(chunk);
        chunk = await result.fetchChunk();
      }
    });
  } catch (error) {
    if (error instanceof IcrlError) throw error;
    throw corrupt(path, `cannot be read (${(error as Error).message.split("\n")[0].trim()})`);
  }
}

const nameOf = ({ task, entrant }: MatchName) => `"${entrant}" on "${task}"`;

function corrupt(path: string, what: string): IcrlError {
  return new IcrlError("RESULTS_CORRUPT", `${path} ${what}: restore it from a backup, or play the tournament again`, {
    file: path,
  });
}
