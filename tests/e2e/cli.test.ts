import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agents } from "#icrl/agents/registry.js";
import { connect } from "#icrl/clients/typescript/connect.js";
import { icrl, PROGRAM, startNode, startServe, temporaryFolder } from "./run-icrl.js";

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

/** The shape of a JSON document: names, and types in place of values; of an array, the shape of its first member. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (value === null) return null;
  if (typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shape(member)]));
  return typeof value;
}

/** Runs with --json; standard output must hold the one document and nothing else. */
async function json(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await icrl(...args, "--json");
  expect(stderr).not.toContain("error");
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

/** Those that play a tabular MDP, and those that play anything. */
const MDP_AGENTS = agents
  .filter(({ tasks }) => tasks.length === 0 || tasks.includes("tabular-mdp"))
  .map(({ name }) => name);
const DATASET_VERBS = ["collect", "label", "info", "head", "query", "verify", "merge", "split", "filter", "export"];
const VERBS = [
  "serve",
  "tasks",
  "agents",
  "agent",
  "play",
  "tournament run",
  "log verify",
  "log list",
  "log query",
  ...DATASET_VERBS.map((verb) => `dataset ${verb}`),
];

describe("--help", () => {
  test.concurrent.each([...VERBS, "tournament", "log", "dataset", ""])(
    "of `icrl %s` goes to standard output and names only defaults that say something",
    async (verb) => {
      const { code, stdout, stderr } = await icrl(...verb.split(" ").filter(Boolean), "--help");
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: icrl ${verb}`));
      expect(stdout).not.toMatch(/default: (false|\[\]|undefined)/);
    },
  );

  test("is what `icrl help VERB` prints too", async () => {
    const [help, flag] = await Promise.all([icrl("help", "play"), icrl("play", "--help")]);
    expect(help).toEqual(flag);
  });

  test("stands on standard error, with exit code 2, where a verb is missing", async () => {
    for (const verb of [[], ["log"], ["tournament"]]) {
      const { code, stdout, stderr } = await icrl(...verb);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/^Usage: icrl/);
    }
  });

  test("--version is the package's", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(await icrl("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

// The documents of docs/cli.md.
const OPTION = { name: "string", type: "string", default: "number", min: "number", max: "number", help: "string" };
const TASK = {
  name: "string",
  version: "number",
  summary: "string",
  source: "string",
  kinds: ["string"],
  num_actions: "number",
  horizon: "number",
  episodes: "number",
  reward: { kind: "string", min: "number", max: "number" },
  options: [OPTION],
};
const AGENT = { name: "string", version: "string", summary: "string", source: "string", tasks: [], options: [] };

describe("--json", () => {
  test("of `tasks` is a list of tasks, and one task with a name", async () => {
    expect(shape(await json("tasks"))).toEqual([TASK]);
    expect(shape(await json("tasks", "river-swim"))).toEqual(TASK);
  });

  test("of `agents` is a list of agents, and one agent with a name", async () => {
    expect(shape(await json("agents"))).toEqual([AGENT]);
    const { min: _, max: __, ...choice } = { ...OPTION, choices: ["string"], default: "string" };
    expect(shape(await json("agents", "ucbvi"))).toEqual({ ...AGENT, tasks: ["string"], options: [choice] });
  });

  test("of `play` tells what was played and what came out", async () => {
    const document = await json(
      "play",
      "emp",
      "--task",
      "bernoulli-bandit",
      "--trials",
      "4",
      "--seed",
      "7",
      "--data",
      path("play"),
    );
    expect(shape(document)).toEqual({
      agent: "string",
      options: {},
      task: "string",
      task_options: { arms: "number", horizon: "number", alpha: "number", beta: "number" },
      seed: "string",
      trials: "number",
      steps: "number",
      regret: { mean: "number", se: "number" },
      return: { mean: "number", se: "number" },
      seconds: "number",
      log: "string",
    });
    // 4 trials of the default horizon, 200
    expect(document).toMatchObject({
      agent: "emp",
      task: "bernoulli-bandit",
      seed: "7",
      trials: 4,
      steps: 800,
      log: path("play"),
    });
  });

  test("of `play` has the same regret for any number of envs and streams, and no log with --no-record", async () => {
    const args = [
      "play",
      "lin-thompson",
      "--task",
      "linear-bandit",
      "--trials",
      "5",
      "--no-record",
      "--data",
      path("unrecorded"),
    ];
    const [one, many] = (await Promise.all([
      json(...args, "--envs", "1", "--streams", "1"),
      json(...args.slice(0, -1), path("unrecorded-2"), "--envs", "5", "--streams", "3"),
    ])) as { regret: unknown; return: unknown; log: unknown }[];
    expect(one.regret).toEqual(many.regret);
    expect(one.return).toEqual(many.return);
    expect(one.log).toBeNull();
  });

  test("of `serve` is one line when it listens; SIGTERM ends it with exit code 0", async () => {
    const server = await startServe(path("serve"));
    expect(shape(JSON.parse(server.firstLine))).toEqual({
      event: "string",
      address: "string",
      data: "string",
      torn_bytes: "number",
      pid: "number",
    });
    expect(await server.stop()).toEqual({ code: 0, stdout: `${server.firstLine}\n`, stderr: "" });
  });

  test("of `agent` tells which matches it played", async () => {
    const server = await startServe(path("agent"));
    const connection = await connect(server.address);
    const spec = {
      name: "one",
      seed: 1n,
      trials: 2,
      tasks: [{ id: "swim", task: "river-swim", options: {} }],
      agents: [{ name: "drifter", agent: "uniform", options: {} }],
    };
    await connection.createTournament({ spec });
    const document = await json("agent", "uniform", "--connect", server.address, "--entrant", "drifter");
    expect(document).toEqual({ agent: "uniform", entrant: "drifter", matches: ["swim/drifter"], failed: [] });
    connection.close();
    await server.stop();
  });

  test("of `log verify` counts what was checked", async () => {
    expect(shape(await json("log", "verify", "--data", data))).toEqual({
      ok: "boolean",
      shards: "number",
      segments: "number",
      episodes: "number",
      steps: "number",
      bytes: "number",
      torn_bytes: "number",
      problems: [],
    });
  });

  test("of `log list` has a page of episodes, and the token of the next", async () => {
    const page = (await json("log", "list", "--data", data, "--limit", "4")) as {
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
    const last = (await json("log", "list", "--data", data, "--limit", "4", "--page", page.next_page)) as typeof page;
    expect([page.trajectories.length, last.trajectories.length, last.next_page]).toEqual([4, 2, null]);
  });

  test("of `log query` has columns with their types, and rows", async () => {
    const sql = "SELECT agent, count(*) AS n, sum(length) AS steps FROM trajectories GROUP BY ALL";
    expect(await json("log", "query", sql, "--data", data)).toEqual({
      columns: [
        { name: "agent", type: "VARCHAR" },
        { name: "n", type: "BIGINT" },
        { name: "steps", type: "HUGEINT" },
      ],
      rows: [["lin-ucb", 6, 1200]], // 6 trials of 200 steps
    });
  });

  test("of `tournament run` is what results.json holds; docs/results.md has its fields", async () => {
    const out = path("tournament-json");
    const document = await json("tournament", "run", tournamentFile({}), "--out", out, "--trials", "3", "--seed", "9");
    expect(document).toEqual(JSON.parse(readFileSync(join(out, "results.json"), "utf8")));
    expect(document).toMatchObject({ schema_version: 1, tournament: { trials: 3, seed: "9" } });
    expect(shape(document)).toEqual({
      schema_version: "number",
      command: "string",
      versions: { icrl: "string", node: "string", server: "string" },
      tournament: {
        id: "string",
        name: "string",
        seed: "string",
        trials: "number",
        tasks: [{ id: "string", task: "string", options: {} }],
        agents: [{ name: "string", agent: "string", options: {} }],
      },
      tasks: [
        {
          id: "string",
          task: "string",
          options: expect.any(Object),
          agents: [
            {
              name: "string",
              agent: "string",
              options: {},
              trials: "number",
              forfeits: "number",
              regret: { mean: "number", se: "number", ci95: ["number"] },
              return: { mean: "number", se: "number" },
              curve: { step: ["number"], mean: ["number"], se: ["number"] },
            },
          ],
        },
      ],
      leaderboard: [{ task: "string", name: "string", rank: "number", regret: "number" }],
    });
    expect(readdirSync(out).sort()).toEqual(
      ["agents", "data", "log", "regret.png", "regret.svg", "results.json", "trials.parquet"].sort(),
    );
  });
});

let files = 0;
/** A small tournament's file with some of its members replaced. */
function tournamentFile(changes: Record<string, unknown>): string {
  const file = path(`tournament-${files++}.yaml`);
  const spec = {
    name: "small",
    seed: 1,
    trials: 2,
    tasks: [{ id: "e1", task: "linear-bandit" }],
    agents: [{ name: "u", agent: "uniform" }, { agent: "emp" }],
    ...changes,
  };
  writeFileSync(file, JSON.stringify(spec)); // JSON is YAML
  return file;
}

describe("exit code", () => {
  test("1: the log is damaged", async () => {
    const damaged = path("damaged");
    await icrl("play", "emp", "--task", "linear-bandit", "--trials", "3", "--data", damaged);
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

  test("3: no server answers", async () => {
    const { code, stdout, stderr } = await icrl("play", "emp", "--task", "linear-bandit", "--server", "127.0.0.1:1");
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(/^error: no icrl server answers at 127\.0\.0\.1:1: start one with "icrl serve".*\n$/);
  });

  test("4: a match was forfeited, here by an agent of somebody's own that never came", async () => {
    const server = await startServe(path("forfeits"), "--entrant-timeout-ms", "300");
    const file = tournamentFile({ agents: [{ name: "mine", agent: "not-built-in" }, { agent: "uniform" }] });
    const { code, stdout, stderr } = await icrl(
      "tournament",
      "run",
      file,
      "--out",
      path("forfeit-out"),
      "--server",
      server.address,
    );
    await server.stop();
    expect(stderr).toContain(
      `mine: "not-built-in" is not built in; start it with --connect ${server.address} --entrant mine\n`,
    );
    expect(stdout).toContain("2 (AGENT_ABSENT)");
    expect(code).toBe(4);
  });
});

/** Standard error's one line, where nothing was done and the exit code is 2. */
async function refusal(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await icrl(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^error: [^\n]+\n$/);
  return stderr.slice("error: ".length, -1);
}

describe("a wrong command line is refused in one line, with exit code 2", () => {
  const play = (...args: string[]) => ["play", "emp", "--task", "linear-bandit", "--data", path("never"), ...args];
  test.concurrent.each([
    [["ply"], "unknown command 'ply': did you mean play? (icrl --help shows what there is)"],
    [["log", "lst"], "unknown command 'lst': did you mean list? (icrl log --help shows what there is)"],
    [
      ["play", "emp", "--taks", "x"],
      "unknown option '--taks': did you mean --task? (icrl play --help shows what there is)",
    ],
    [["play", "emp"], "required option '--task <task>' not specified (icrl play --help shows what there is)"],
    [["play"], "missing required argument 'agent' (icrl play --help shows what there is)"],
    [
      ["tournament", "run", "x.yaml"],
      "required option '--out <dir>' not specified (icrl tournament run --help shows what there is)",
    ],
    [["tasks", "river-swin"], 'TASK_UNKNOWN: there is no task "river-swin": did you mean "river-swim"?'],
    [["agents", "lin-ubc"], 'AGENT_UNKNOWN: there is no agent "lin-ubc": did you mean "lin-ucb"?'],
    [["agent", "ucbvo"], 'AGENT_UNKNOWN: there is no agent "ucbvo": did you mean "ucbvi"?'],
    [["play", "em", "--task", "x"], 'AGENT_UNKNOWN: there is no agent "em": did you mean "emp"?'],
    [["play", "emp", "--task", "linear"], 'TASK_UNKNOWN: there is no task "linear": did you mean "linear-bandit"?'],
    [play("--set", "dmi=3"), 'OPTION_UNKNOWN: task "linear-bandit" has no option "dmi": did you mean "dim"?'],
    [
      play("--set", "dim=999"),
      'OPTION_INVALID: option "dim" of task "linear-bandit" is 999: give an integer in [1, 64]',
    ],
    [play("--set", "dim"), 'OPTION_INVALID: option "dim" has no value: give name=value'],
    [play("--option", "alpha=1"), 'OPTION_UNKNOWN: agent "emp" has no option "alpha": it has none'],
    [
      ["play", "emp", "--task", "river-swim"],
      `TASK_UNSUPPORTED: agent "emp" plays bandit, and "river-swim" is tabular-mdp: ${MDP_AGENTS.join(", ")} play it`,
    ],
    [
      play("--trials", "-1"),
      "option '--trials <n>' argument '-1' is invalid. Give a whole number of at least 1. (icrl play --help shows what there is)",
    ],
    [
      play("--purpose", "fun"),
      "option '--purpose <word>' argument 'fun' is invalid. Allowed choices are play, collect, validate. (icrl play --help shows what there is)",
    ],
    [
      ["serve", "--listen", "50551"],
      "option '--listen <host:port>' argument '50551' is invalid. Give HOST:PORT, for example 127.0.0.1:50551. (icrl serve --help shows what there is)",
    ],
    [
      ["serve", "--max-envs", "many"],
      "option '--max-envs <n>' argument 'many' is invalid. Give a whole number from 1 to 65536. (icrl serve --help shows what there is)",
    ],
    [
      ["log", "list", "--data", path("never")],
      `NOT_A_LOG: ${path("never")} is no log: give a folder that has data/trajectories-*.parquet`,
    ],
    [
      ["log", "list", "--data", data, "--page", "x"],
      'PAGE_INVALID: page token "x" is not one of this list\'s: send next_page_token unchanged',
    ],
    [
      ["log", "query", "SELECT regert FROM trajectories", "--data", data],
      'QUERY_INVALID: Binder Error: Referenced column "regert" not found in FROM clause!; Candidate bindings: "regret", "regrets", "length", "return", "entrant": mend the SQL; the view is "trajectories"',
    ],
  ])("%j", async (args, line) => {
    expect(await refusal(...args)).toBe(line);
  });
});

describe("a wrong tournament file is refused in one line, with exit code 2, before anything is started or replaced", () => {
  const entrant = { name: "u", agent: "uniform" };
  test.concurrent.each<[what: string, changes: Record<string, unknown>, line: string]>([
    ["no name", { name: undefined }, "SPEC_INVALID: FILE: name is absent: give a text"],
    ["a number as its name", { name: 7 }, "SPEC_INVALID: FILE: name is 7: give a text"],
    ["no trials", { trials: undefined }, "SPEC_INVALID: FILE: trials is absent: give a whole number of at least 1"],
    ["no trials to play", { trials: 0 }, "SPEC_INVALID: FILE: trials is 0: give a whole number of at least 1"],
    ["half a trial", { trials: 1.5 }, "SPEC_INVALID: FILE: trials is 1.5: give a whole number of at least 1"],
    [
      "a seed below 0",
      { seed: -1 },
      "SPEC_INVALID: FILE: seed is -1: give a whole number from 0 to 18446744073709551615, or none to have one drawn",
    ],
    ["no tasks", { tasks: undefined }, "SPEC_INVALID: FILE: tasks is absent: give a list of at least one"],
    ["an empty list of tasks", { tasks: [] }, "SPEC_INVALID: FILE: tasks is empty: give a list of at least one"],
    ["an empty list of agents", { agents: [] }, "SPEC_INVALID: FILE: agents is empty: give a list of at least one"],
    ["a task that is a text", { tasks: ["e1"] }, 'SPEC_INVALID: FILE: tasks[0] is "e1": give {id, task, options}'],
    [
      "a task without its family",
      { tasks: [{ id: "e1" }] },
      "SPEC_INVALID: FILE: tasks[0].task is absent: give a text",
    ],
    ["a mistyped member", { trails: 5 }, 'SPEC_INVALID: FILE: the file has "trails": did you mean "trials"?'],
    [
      "options in a list",
      { agents: [{ ...entrant, options: [1] }] },
      "SPEC_INVALID: FILE: agents[0].options is [1]: give {name: value, ...}",
    ],
    [
      "an id twice",
      { tasks: [{ task: "river-swim" }, { task: "river-swim" }] },
      'SPEC_INVALID: id "river-swim" stands twice in tasks: give each once',
    ],
    [
      "an entrant twice",
      { agents: [entrant, entrant] },
      'SPEC_INVALID: name "u" stands twice in agents: give each once',
    ],
    [
      "an unknown task",
      { tasks: [{ task: "river-swin" }] },
      'TASK_UNKNOWN: there is no task "river-swin": did you mean "river-swim"?',
    ],
    [
      "an unknown agent",
      { agents: [{ agent: "lin-ubc" }] },
      'AGENT_UNKNOWN: there is no agent "lin-ubc": did you mean "lin-ucb"?',
    ],
    [
      "an option out of range",
      { tasks: [{ task: "river-swim", options: { states: 1 } }] },
      'OPTION_INVALID: option "states" of task "river-swim" is 1: give an integer in [2, 100]',
    ],
    [
      "an agent's option that it does not have",
      { agents: [{ ...entrant, options: { alpha: 1 } }] },
      'OPTION_UNKNOWN: entrant "u" (agent "uniform") has no option "alpha": it has none',
    ],
  ])("%s", async (_, changes, line) => {
    const file = tournamentFile(changes);
    expect(await refusal("tournament", "run", file, "--out", path("refused"))).toBe(line.replace("FILE", file));
  });

  test.each([
    ["no file", undefined, "cannot be read: ENOENT: no such file or directory"],
    ["no YAML", "tasks: [", "is no YAML: Flow sequence in block collection must be"],
    ["a text", "hello", 'the file is "hello": give {name, seed, trials, tasks, agents}'],
    ["nothing in it", "", "the file is null: give {name, seed, trials, tasks, agents}"],
  ])("%s", async (_, content, line) => {
    const file = path(`bad-${files++}.yaml`);
    if (content !== undefined) writeFileSync(file, content);
    expect(await refusal("tournament", "run", file, "--out", path("refused"))).toContain(
      `SPEC_INVALID: ${file}: ${line}`,
    );
  });
});

test("a folder that holds results is left alone, and replaced with --overwrite", async () => {
  const out = path("twice");
  const file = tournamentFile({});
  expect((await icrl("tournament", "run", file, "--out", out, "--trials", "2")).code).toBe(0);
  const before = readFileSync(join(out, "results.json"), "utf8");
  expect(await refusal("tournament", "run", file, "--out", out)).toMatch(
    /^OUTPUT_EXISTS: .*twice already holds results\.json, .*: choose another --out, or replace them with --overwrite$/,
  );
  await refusal("tournament", "run", tournamentFile({ tasks: [] }), "--out", out, "--overwrite");
  expect(readFileSync(join(out, "results.json"), "utf8")).toBe(before);
  expect((await icrl("tournament", "run", file, "--out", out, "--trials", "3", "--overwrite")).code).toBe(0);
  expect(JSON.parse(readFileSync(join(out, "results.json"), "utf8"))).toMatchObject({ tournament: { trials: 3 } });
});

test("without a terminal nothing is painted or drawn over, and progress stays off standard output", async () => {
  const { stdout, stderr } = await icrl(
    "play",
    "uniform",
    "--task",
    "river-swim",
    "--trials",
    "2",
    "--data",
    path("plain"),
  );
  expect(stdout + stderr).not.toContain("\x1b");
  expect(stderr).toMatch(/^ {2}0 % {2}0 of 2 trials.*\n100 % {2}2 of 2 trials.*\n$/);
  // by hand: 2 trials of 100 episodes of 20 steps
  expect(stdout).toMatch(
    /^uniform on river-swim: 2 trials, 4000 steps in [\d.]+ s \(\d+ steps\/s\)\nregret .* ± .*\nrecorded in .*plain\n$/,
  );
});

test("a reader that leaves early, as head does, ends a command quietly", () => {
  const query = `'${process.execPath}' '${PROGRAM}' log query 'SELECT * FROM range(300000)' --data '${data}' | head -n 1`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", `set -o pipefail; ${query}`], { encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: " range\n", stderr: "" });
});

/** Processes below one, with what they run. */
function descendants(pid: number): number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const children = rows.filter(([, parent]) => parent === pid).map(([child]) => child);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("Ctrl-C", () => {
  // A terminal sends it to all processes of the command; `kill -INT` to one.
  test.each(["all processes", "one process"])(
    "sent to %s ends `play`: no process is left, the log is whole",
    async (whom) => {
      const log = path(`interrupted-play-${whom.length}`);
      const args = ["play", "uniform", "--task", "river-swim", "--envs", "4", "--trials", "1000000", "--data", log];
      const { child, said, ended } = startNode([PROGRAM, ...args], { group: true });
      const pid = child.pid as number;
      await said("0 of 1,000,000 trials");
      const processes = descendants(pid);
      expect(processes.length).toBe(1); // its server
      process.kill(whom === "one process" ? pid : -pid, "SIGINT");
      const { code, stdout, stderr } = await ended;
      expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
      expect(stderr).toMatch(/\ninterrupted by SIGINT\n$/);
      expect(stderr).not.toContain("error");
      expect(processes.filter(runs)).toEqual([]);
      expect(await json("log", "verify", "--data", log)).toMatchObject({ ok: true, torn_bytes: 0, segments: 0 });
    },
  );

  test.each(["all processes", "one process"])(
    "sent to %s ends `tournament run`: no process is left, the log is whole",
    async (whom) => {
      const out = path(`interrupted-run-${whom.length}`);
      const file = tournamentFile({
        trials: 100_000,
        tasks: [{ task: "river-swim" }],
        agents: [{ agent: "uniform" }, { agent: "q-learning" }],
      });
      const { child, said, ended } = startNode([PROGRAM, "tournament", "run", file, "--out", out], { group: true });
      const pid = child.pid as number;
      await said("0 of 200,000 trials");
      const processes = descendants(pid);
      expect(processes.length).toBe(3); // its server and two agents
      process.kill(whom === "one process" ? pid : -pid, "SIGINT");
      const { code, stdout, stderr } = await ended;
      expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
      expect(stderr).toMatch(/\ninterrupted by SIGINT\n$/);
      expect(processes.filter(runs)).toEqual([]);
      expect(await json("log", "verify", "--data", out)).toMatchObject({ ok: true, torn_bytes: 0, segments: 0 });
    },
  );
});
