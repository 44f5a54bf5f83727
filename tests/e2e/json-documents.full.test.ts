/** The documents of docs/cli.md. Those of a log stand in log-commands.full.test.ts, a tournament's in tournament-run.test.ts. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { icrlHere } from "../support/icrl-here.js";
import { shape } from "../support/shape.js";
import { startServe, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
const path = (name: string) => join(folder.path, name);
afterAll(async () => {
  await server?.stop();
  folder.remove();
});

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

/** What a command prints with --json, and nothing else but its progress. */
async function documentOf(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await icrlHere(...args, "--json");
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

/** A listing's document. */
async function listed(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await icrlHere(...args, "--json");
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

/** Serves on the usual ports, for those that only visit it. */
let server: Awaited<ReturnType<typeof startServe>>;
beforeAll(async () => {
  server = await startServe(path("serve"));
});

test("--json of `tasks` is a list of tasks, and one task with a name", async () => {
  const all = (await listed("tasks")) as { name: string }[];
  expect(shape(all.filter(({ name }) => name === "chain"))).toEqual([TASK]);
  expect(shape(await listed("tasks", "river-swim"))).toEqual(TASK);
});

test("--json of `agents` is a list of agents, and one agent with a name", async () => {
  expect(shape(await listed("agents"))).toEqual([AGENT]);
  const { min: _, max: __, ...choice } = { ...OPTION, choices: ["string"], default: "string" };
  expect(shape(await listed("agents", "ucbvi"))).toEqual({ ...AGENT, tasks: ["string"], options: [choice] });
});

test("--json of `play` tells what was played and what came out", async () => {
  const document = await documentOf(
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
    recorded_before: "number",
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

test("--json of `play` has the same regret for any number of envs and streams, and no log with --no-record", async () => {
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
  const played = async (...more: string[]) =>
    (await documentOf(...args, ...more)) as { regret: unknown; return: unknown; log: unknown };
  const one = await played("--envs", "1", "--streams", "1");
  const many = await played("--envs", "5", "--streams", "3", "--server", server.address);
  expect(one.regret).toEqual(many.regret);
  expect(one.return).toEqual(many.return);
  expect(one.log).toBeNull();
});

test("--json of `agent` tells which matches it played", async () => {
  const connection = await connect(server.address);
  const spec = {
    name: "one",
    seed: 1n,
    trials: 2,
    tasks: [{ id: "swim", task: "river-swim", options: {} }],
    agents: [{ name: "drifter", agent: "uniform", options: {}, tasks: [] }],
  };
  await connection.createTournament({ spec });
  const document = await documentOf("agent", "uniform", "--connect", server.address, "--entrant", "drifter");
  expect(document).toEqual({ agent: "uniform", entrant: "drifter", matches: ["swim/drifter"], failed: [] });
  connection.close();
});

test("--json of `tournament list`, `cancel` and `delete`: what there is, and that it is ended, by its owner or the operator", async () => {
  const connection = await connect(server.address);
  const spec = {
    name: "owned",
    seed: 1n,
    trials: 2,
    tasks: [{ id: "swim", task: "river-swim", options: {} }],
    agents: [{ name: "drifter", agent: "uniform", options: {}, tasks: [] }],
  };
  const made = await connection.createTournament({ spec, ownerKey: "owner's-secret-0123456789" });
  connection.close();
  const id = made.tournament?.id as string;
  const at = ["--server", server.address] as const;
  const owned = { id, name: "owned", trials: 2, tasks: ["swim"], agents: ["drifter"] };
  expect((await listed("tournament", "list", ...at)) as unknown[]).toContainEqual({ ...owned, state: "pending" });
  expect(await icrlHere("tournament", "cancel", id, ...at)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("KEY_REFUSED"),
  });
  expect(await listed("tournament", "cancel", id, ...at, "--owner-key", "owner's-secret-0123456789")).toEqual({
    id,
    cancelled: true,
  });
  expect((await listed("tournament", "list", ...at)) as unknown[]).toContainEqual({ ...owned, state: "cancelled" });
  process.env.ICRL_OPERATOR_KEY = (JSON.parse(server.firstLine) as { operator_key: string }).operator_key;
  try {
    expect(await listed("tournament", "delete", id, ...at)).toEqual({ id, deleted: true });
  } finally {
    delete process.env.ICRL_OPERATOR_KEY;
  }
  const left = (await listed("tournament", "list", ...at)) as { id: string }[];
  expect(left.map((each) => each.id)).not.toContain(id);
});

test("the live page's usual port gives way where it is taken, and one that was asked for does not", async () => {
  const { http } = JSON.parse(server.firstLine) as { http: string };
  expect((await fetch(http)).headers.get("content-type")).toBe("text/html; charset=utf-8");
  const second = await startServe(path("page-2"));
  expect(JSON.parse(second.firstLine)).toMatchObject({ http: expect.not.stringContaining(http) });
  await second.stop();
  const { host } = new URL(http);
  const asked = await icrlHere("serve", "--listen", "127.0.0.1:0", "--data", path("page-3"), "--http", host);
  expect(asked).toMatchObject({ code: 1, stdout: "" });
  expect(asked.stderr).toMatch(
    new RegExp(
      `^error: the live page cannot be served on ${host} \\(.*EADDRINUSE.*\\): choose another address, or off\n$`,
    ),
  );
  const without = await startServe(path("page-4"), "--http", "off");
  expect(JSON.parse(without.firstLine)).toMatchObject({ http: null });
  await without.stop();
});

test("--json of `serve` is one line when it listens; SIGTERM ends it with exit code 0", async () => {
  expect(shape(JSON.parse(server.firstLine))).toEqual({
    event: "string",
    address: "string",
    local: null,
    open: [],
    http: "string",
    page: "string",
    metrics: null,
    operator_key: "string",
    data: "string",
    torn_bytes: "number",
    pid: "number",
  });
  expect(await server.stop()).toEqual({ code: 0, stdout: `${server.firstLine}\n`, stderr: "" });
});
