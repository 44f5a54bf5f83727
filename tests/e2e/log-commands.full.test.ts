import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { icrlHere, refusalHere } from "../support/icrl-here.js";
import { shape } from "../support/shape.js";
import { icrl, PROGRAM, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
const path = (name: string) => join(folder.path, name);
const data = path("log");
afterAll(() => folder.remove());

/** A log that `play` left: 6 trials of the linear bandit. */
beforeAll(async () => {
  const { code, stderr } = await icrl("play", "lin-ucb", "--task", "linear-bandit", "--trials", "6", "--data", data);
  expect(stderr).not.toContain("error");
  expect(code).toBe(0);
});

/** The document of a command that does what it is told. */
async function json(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await icrlHere("log", ...args, "--data", data, "--json");
  expect(stderr).not.toContain("error");
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe("--json", () => {
  test("of `log verify` counts what was checked", async () => {
    expect(shape(await json("verify"))).toEqual({
      ok: "boolean",
      shards: "number",
      segments: "number",
      episodes: "number",
      acknowledged: "number",
      repeated_trials: "number",
      repeated_episodes: "number",
      steps: "number",
      bytes: "number",
      torn_bytes: "number",
      problems: [],
    });
  });

  test("of `log list` has a page of episodes, and the token of the next", async () => {
    const page = (await json("list", "--limit", "4")) as {
      trajectories: unknown[];
      next_page: string;
    };
    expect(shape(page.trajectories)).toEqual([
      {
        episode_id: "string",
        trial_id: "string",
        trial_index: "number",
        episode_index: "number",
        task: "string",
        task_version: "number",
        task_options: expect.objectContaining({ dim: "number", arms: "string" }),
        agent: "string",
        entrant: null,
        tournament_id: null,
        session_id: "string",
        started_at: "string",
        length: "number",
        complete: "boolean",
        end_reason: "string",
        return: "number",
        regret: "number",
      },
    ]);
    const last = (await json("list", "--limit", "4", "--page", page.next_page)) as typeof page;
    expect([page.trajectories.length, last.trajectories.length, last.next_page]).toEqual([4, 2, null]);
  });

  test("of `log query` has columns with their types, and rows", async () => {
    const sql = "SELECT agent, count(*) AS n, sum(length) AS steps FROM trajectories GROUP BY ALL";
    expect(await json("query", sql)).toEqual({
      columns: [
        { name: "agent", type: "VARCHAR" },
        { name: "n", type: "BIGINT" },
        { name: "steps", type: "HUGEINT" },
      ],
      rows: [["lin-ucb", 6, 1200]], // 6 trials of 200 steps
    });
  });
});

test.each([
  [
    ["list", "--data", path("never")],
    `NOT_A_LOG: ${path("never")} is no log: give a folder that has data/trajectories-*.parquet`,
  ],
  [
    ["list", "--data", data, "--page", "x"],
    'PAGE_INVALID: page token "x" is not one of this list\'s: send next_page_token unchanged',
  ],
  [
    ["query", "SELECT regert FROM trajectories", "--data", data],
    'QUERY_INVALID: Binder Error: Referenced column "regert" not found in FROM clause!; Candidate bindings: "regret", "regrets", "length", "return", "entrant": correct the SQL; the view is "trajectories"',
  ],
])("%j is refused", async (args, line) => {
  expect(await refusalHere("log", ...args)).toBe(line);
});

test("a damaged log has exit code 1, and the problem its file", async () => {
  const damaged = path("damaged");
  cpSync(data, damaged, { recursive: true });
  const shard = join(damaged, "data", readdirSync(join(damaged, "data"))[0]);
  const bytes = readFileSync(shard);
  bytes[100] ^= 1;
  writeFileSync(shard, bytes);
  const { code, stdout } = await icrl("log", "verify", "--data", damaged, "--json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    problems: [{ file: expect.any(String), problem: expect.any(String) }],
  });
});

test("a reader that leaves early, as head does, ends a command quietly", () => {
  const query = `'${process.execPath}' '${PROGRAM}' log query 'SELECT * FROM range(300000)' --data '${data}' | head -n 1`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", `set -o pipefail; ${query}`], { encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: " range\n",
    stderr: expect.not.stringContaining("error"),
  });
});
