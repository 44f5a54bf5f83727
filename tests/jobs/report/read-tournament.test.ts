import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeMadeUpTournament } from "#icrl/bench/made-up-tournament.js";
import { withDuckDb } from "#icrl/datasets/log/duckdb.js";
import { readTournament } from "#icrl/jobs/report/read-tournament.js";
import type { ResultsJson } from "#icrl/jobs/tournament/results.js";

const folder = mkdtempSync(join(tmpdir(), "icrl-read-tournament-"));
const whole = join(folder, "whole");
beforeAll(() => {
  mkdirSync(whole);
  writeMadeUpTournament(whole, { agents: 3, tasks: 2, trials: 5 });
});
afterAll(() => rmSync(folder, { recursive: true }));

let copies = 0;

/** A copy of the whole folder, its results changed. */
function copy(change: (results: { -readonly [K in keyof ResultsJson]: ResultsJson[K] }) => unknown = () => {}): string {
  const dir = join(folder, `copy-${copies++}`);
  cpSync(whole, dir, { recursive: true });
  const file = join(dir, "results.json");
  const results = JSON.parse(readFileSync(file, "utf8"));
  change(results);
  writeFileSync(file, JSON.stringify(results));
  return dir;
}

/** A copy whose trials are what SQL makes of them. */
async function withTrials(select: string): Promise<string> {
  const dir = copy();
  await withDuckDb("any", (connection) =>
    connection.run(
      `COPY (SELECT ${select.replace("trials", `'${join(whole, "trials.parquet")}'`)}) TO '${join(dir, "trials.parquet")}' (FORMAT parquet)`,
    ),
  );
  return dir;
}

/** "REASON: text" of the error. */
const errorOf = (dir: string) =>
  readTournament(dir).then(
    () => "none",
    (error) => `${error.reason}: ${error.message}`,
  );

test("the trials of every match stand in the order of their indices, whatever the order of the rows", async () => {
  const { results, tasks } = await readTournament(whole);
  expect(tasks.map(({ id, uniformRegret }) => [id, uniformRegret])).toEqual([
    ["task-1", 200],
    ["task-2", 200],
  ]);
  expect(tasks[1].entrants.map(({ name }) => name)).toEqual(results.tournament.agents.map(({ name }) => name));
  expect(tasks[1].entrants[0]).toMatchObject({ suffixFailures: undefined, minFractions: undefined });
  const reversed = await readTournament(await withTrials("* FROM trials ORDER BY trial DESC, entrant, task"));
  expect(reversed.tasks).toEqual(tasks);
});

test("exploration's columns are read where they are, NaN where null, and left out where all is null", async () => {
  const dir = await withTrials(
    `* EXCLUDE (suffix_failure, min_fraction), CASE WHEN task = 'task-1' AND trial > 0 THEN trial % 2 = 0 END AS suffix_failure,
     CASE WHEN task = 'task-1' THEN trial / 10 END AS min_fraction FROM trials`,
  );
  const { tasks } = await readTournament(dir);
  expect(Array.from(tasks[0].entrants[2].suffixFailures ?? [])).toEqual([Number.NaN, 0, 1, 0, 1]);
  expect(Array.from(tasks[0].entrants[2].minFractions ?? [])).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
  expect(tasks[1].entrants[2].suffixFailures).toBeUndefined();
});

test("a folder without results says whether a tournament was begun there", async () => {
  const empty = join(folder, "empty");
  mkdirSync(empty);
  expect(await errorOf(empty)).toMatch(
    /^TOURNAMENT_UNKNOWN: there is no tournament in .*empty: give a folder that `icrl tournament run FILE --out DIR` has written/,
  );
  mkdirSync(join(empty, "log"));
  expect(await errorOf(empty)).toMatch(
    /^TOURNAMENT_RUNNING: the tournament in .*empty is not finished: .* let .* end, or run it again, it goes on where it was$/,
  );
});

test("results of another version say what to do", async () => {
  const old = copy(({ tasks }) => delete (tasks[1] as { uniform_regret?: number }).uniform_regret);
  expect(await errorOf(old)).toMatch(
    /^RESULTS_VERSION: .*results\.json has no uniform_regret of "task-2": an earlier version of icrl wrote it, play the tournament again$/,
  );
  const next = copy((results) => {
    results.schema_version = 3;
  });
  expect(await errorOf(next)).toMatch(/^RESULTS_VERSION: .* has schema_version 3, .* reads 2: install a newer one$/);
});

test("results of the first version are read, without the errors and intervals that they had of one trial", async () => {
  const one = join(folder, "one");
  mkdirSync(one);
  writeMadeUpTournament(one, { agents: 2, tasks: 1, trials: 1 });
  const file = join(one, "results.json");
  const old = JSON.parse(readFileSync(file, "utf8"));
  old.schema_version = 1;
  for (const agent of old.tasks[0].agents) {
    const { mean } = agent.regret;
    Object.assign(agent, { regret: { mean, se: 0, ci95: [mean, mean] }, return: { mean: 1, se: 0 } });
    agent.curve.se = agent.curve.step.map(() => 0);
  }
  writeFileSync(file, JSON.stringify(old));
  const [agent] = (await readTournament(one)).results.tasks[0].agents;
  expect([agent.regret.se, agent.regret.ci95, agent.return?.se, agent.curve.se[0]]).toEqual([null, null, null, null]);
  const whole = copy((results) => {
    results.schema_version = 1;
  });
  const { regret, curve } = (await readTournament(whole)).results.tasks[0].agents[0];
  expect([regret.se, regret.ci95?.[0], curve.se[0]].map((value) => typeof value)).toEqual([
    "number",
    "number",
    "number",
  ]);
});

test("forfeits are read along with the trials", async () => {
  const dir = copy(({ tasks }) => {
    (tasks[0].agents[1] as { forfeits: number }).forfeits = 3;
  });
  const { tasks } = await readTournament(dir);
  expect(tasks[0].entrants.map(({ forfeits }) => forfeits)).toEqual([0, 3, 0]);
});

test("instances that trials share are read with them, and refused where the trials are no multiple", async () => {
  const shared = (instances: number) =>
    copy((results) => {
      results.tasks = results.tasks.map((task, i) => (i === 0 ? { ...task, instances } : task));
    });
  const { tasks } = await readTournament(shared(5));
  expect(tasks.map(({ instances }) => instances)).toEqual([5, undefined]);
  expect(await errorOf(shared(2))).toMatch(
    /^RESULTS_CORRUPT: .*results\.json has 2 instances of "task-1" and 5 trials, which is no multiple: restore it/,
  );
});

test("results that are not what was written are told from those of another version", async () => {
  const dir = copy();
  writeFileSync(join(dir, "results.json"), "{");
  expect(await errorOf(dir)).toMatch(/^RESULTS_CORRUPT: .*results\.json is not JSON \(.*\): restore it from a backup/);
  for (const content of ["[]", "null", '{"schema_version": 1}']) {
    writeFileSync(join(dir, "results.json"), content);
    expect(await errorOf(dir)).toMatch(/^RESULTS_CORRUPT: /);
  }
});

test("trials that are missing, damaged or of other matches are refused", async () => {
  const missing = copy();
  rmSync(join(missing, "trials.parquet"));
  expect(await errorOf(missing)).toMatch(/^RESULTS_CORRUPT: .*trials\.parquet is missing: /);
  const torn = copy();
  truncateSync(join(torn, "trials.parquet"), 500);
  expect(await errorOf(torn)).toMatch(/^RESULTS_CORRUPT: .*trials\.parquet cannot be read \(.*\): [^\n]*$/);

  const cases: readonly (readonly [select: string, text: RegExp])[] = [
    ["* FROM trials WHERE NOT (task = 'task-2' AND trial = 4)", /has 4 of 5 trials of "entrant-1" on "task-2"/],
    ["* FROM trials WHERE entrant <> 'entrant-3'", /has 0 of 5 trials of "entrant-3" on "task-1"/],
    ["* REPLACE (3 AS trial) FROM trials", /has trial 3 of "entrant-\d" on "task-\d" twice/],
    ["* REPLACE (trial + 1 AS trial) FROM trials", /has trial 5 of .*, or more than 5 trials of it/],
    ["* REPLACE (replace(entrant, '-3', '-4') AS entrant) FROM trials", /has trials of a match that results\.json/],
    ["* REPLACE (NULL AS regret) FROM trials", /has a trial without its regret/],
    ["* REPLACE (regret + 1 AS regret) FROM trials", /has another mean regret of "entrant-1" on "task-1"/],
    ["task, entrant, trial FROM trials", /cannot be read \(.*regret/],
  ];
  for (const [select, text] of cases) {
    const error = await errorOf(await withTrials(select));
    expect(error).toMatch(/^RESULTS_CORRUPT: .*trials\.parquet /);
    expect(error, select).toMatch(text);
  }
});
