import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { queryDataset } from "#icrl/datasets/folder/dataset-sql.js";
import { queryLog } from "#icrl/datasets/log/query-log.js";
import { filterDataset } from "#icrl/datasets/rewrite/filter-dataset.js";
import { tempDir } from "../../support/temp-dir.js";

const GOOD = join(import.meta.dirname, "../../fixtures/hostile/good");
const SHARD = "data/trajectories-000000000000.parquet";

let temp: ReturnType<typeof tempDir>;
let dir: string;
let log: string;
beforeAll(() => {
  temp = tempDir();
  dir = join(temp.path, "dataset");
  log = join(temp.path, "log");
  cpSync(join(GOOD, "dataset"), dir, { recursive: true });
  cpSync(join(GOOD, "log"), log, { recursive: true });
  writeFileSync(join(temp.path, "secret.txt"), "secret");
  mkdirSync(join(dir, "more"));
  symlinkSync(join(temp.path, "secret.txt"), join(dir, "more", "link.txt"));
});
afterAll(() => temp.remove());

const invalid = { reason: "QUERY_INVALID" };
/** What is there, but for what the tests put there. */
const tree = () => readdirSync(temp.path, { recursive: true, encoding: "utf8" }).sort();

const refused: readonly (readonly [what: string, sql: () => string, text: RegExp])[] = [
  ["two statements", () => "SELECT 1; SELECT 2", /2 statements, and the answer of one is shown: give one at a time/],
  ["no statement", () => "  -- nothing", /there is no SQL/],
  ["a file elsewhere", () => "SELECT * FROM read_text('/etc/hostname')", /Cannot access file.*--allow-files/],
  ["a file beside the folder", () => `SELECT * FROM read_text('${temp.path}/secret.txt')`, /Cannot access/],
  ["a path that climbs", () => `SELECT * FROM read_text('${dir}/data/../../secret.txt')`, /Cannot access/],
  ["a link out of the folder", () => `SELECT * FROM read_text('${dir}/more/link.txt')`, /Cannot access/],
  ["a list of files", () => `SELECT * FROM glob('${temp.path}/*')`, /Cannot access/],
  ["the network", () => "SELECT * FROM 'https://127.0.0.1:1/x.parquet'", /Cannot access/],
  ["COPY TO elsewhere", () => `COPY (SELECT 1) TO '${temp.path}/out.csv'`, /COPY does more than read|Cannot access/],
  ["COPY TO a shard", () => `COPY (SELECT 1) TO '${dir}/${SHARD}' (USE_TMP_FILE false)`, /COPY does more than read/],
  ["EXPLAIN ANALYZE COPY", () => `EXPLAIN ANALYZE COPY (SELECT 1) TO '${dir}/${SHARD}'`, /Cannot access|does more/],
  ["EXPORT", () => `EXPORT DATABASE '${temp.path}/out'`, /does more than read|Cannot access/],
  ["ATTACH", () => `ATTACH '${temp.path}/out.db'`, /ATTACH does more than read/],
  ["INSTALL", () => "INSTALL httpfs", /does more than read/],
  ["SET", () => "SET enable_external_access = true", /SET does more than read/],
  ["CREATE", () => "CREATE TABLE t AS SELECT 1", /CREATE does more than read/],
  [
    "a log to a file",
    () => `SELECT * FROM enable_logging(storage = 'file', storage_path = '${temp.path}/out')`,
    /enable_logging does/,
  ],
  [
    "a profile to a file",
    () => `SELECT * FROM Enable_Profiling(save_location = '${temp.path}/out')`,
    /enable_profiling does/,
  ],
  ["SQL in a text", () => "SELECT * FROM query('SELECT 1')", /function query does/],
  [
    "the word pivot in a COPY",
    () => `COPY (SELECT 1 AS pivot) TO '${dir}/${SHARD}' (FORMAT parquet, USE_TMP_FILE false)`,
    /COPY does more than read/,
  ],
  ["the word pivot behind an ATTACH", () => `ATTACH '${dir}/${SHARD}' (READ_WRITE) -- pivot`, /ATTACH does more/],
  [
    "the word pivot behind EXPLAIN",
    () => `EXPLAIN /* */ ANALYZE COPY (SELECT 1) TO '${dir}/${SHARD}' (USE_TMP_FILE false) -- pivot`,
    /does more than read|Parser Error/,
  ],
  [
    "a COPY of a PIVOT",
    () => `/* c */ COPY (PIVOT trajectories ON agent USING count(*)) TO '${dir}/${SHARD}' (USE_TMP_FILE false)`,
    /does more than read|statements/,
  ],
  ["a PIVOT and more", () => "PIVOT trajectories ON agent USING count(*); COPY (SELECT 1) TO 'x.csv'", /statements/],
];

test.each(refused)("a query is refused that has %s, and nothing is written", async (_, sql, text) => {
  const before = tree();
  const shard = readFileSync(join(dir, SHARD));
  await expect(queryDataset(dir, sql())).rejects.toMatchObject({ ...invalid, message: expect.stringMatching(text) });
  await expect(queryLog(log, sql())).rejects.toMatchObject(invalid);
  expect(tree()).toEqual(before);
  expect(readFileSync(join(dir, SHARD)).equals(shard)).toBe(true);
});

describe("what reads is answered", () => {
  test.each([
    ["a SELECT", "SELECT count(*) FROM trajectories"],
    ["one with a semicolon and a comment", "SELECT count(*) FROM trajectories; -- all"],
    ["FROM first", "FROM trajectories LIMIT 1"],
    ["DESCRIBE", "DESCRIBE trajectories"],
    ["SUMMARIZE", "SUMMARIZE trajectories"],
    ["EXPLAIN", "EXPLAIN SELECT count(*) FROM trajectories"],
    ["a PIVOT, which DuckDB makes two statements of", "PIVOT trajectories ON agent USING count(*) GROUP BY task"],
  ])("%s", async (_, sql) => {
    expect((await queryDataset(dir, sql)).rows.length).toBeGreaterThan(0);
    expect((await queryLog(log, sql)).rows.length).toBeGreaterThan(0);
  });
});

test("--allow-files lets SQL read and write elsewhere, one statement at a time", async () => {
  const { rows } = await queryDataset(dir, `SELECT content FROM read_text('${temp.path}/secret.txt')`, true);
  expect(rows).toEqual([["secret"]]);
  await queryLog(log, `COPY (SELECT 1) TO '${temp.path}/allowed.csv'`, true);
  expect(existsSync(join(temp.path, "allowed.csv"))).toBe(true);
  await expect(queryLog(log, "SELECT 1; SELECT 2", true)).rejects.toMatchObject(invalid);
});

test.each([
  ["closes the bracket and selects", "true) FROM trajectories WHERE (true"],
  ["adds a column", "true), (true"],
  ["adds a statement", "true); COPY (SELECT 1) TO 'out.csv'; SELECT (true"],
  ["joins another SELECT", "true) UNION ALL SELECT (true"],
  ["reads a file", "(SELECT count(*) FROM read_text('/etc/hostname')) > 0"],
  ["logs to a file", "(SELECT count(*) FROM enable_logging(storage = 'file', storage_path = 'out')) > 0"],
  ["is nothing", ""],
])("a condition is refused that %s", async (_, where) => {
  const out = join(temp.path, "filtered");
  await expect(filterDataset(dir, out, { where, nodeVersion: "20.19.0" })).rejects.toMatchObject(invalid);
  expect(existsSync(out)).toBe(false);
});
