import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { pythonWith } from "../requirements.js";
import { tokenFor } from "../support/access.js";
import { readLabels } from "../support/labels.js";
import { readLog } from "../support/server.js";
import { tlsFile } from "../support/tls.js";
import { tournamentFile } from "../support/tournament-file.js";
import { descendants, icrl, PROGRAM, ROOT, startNode, startServe, temporaryFolder } from "./run-icrl.js";

const python = pythonWith(["grpc", "grpc_tools", "numpy"]);
const UNIFORM_PY = join(ROOT, "examples/python/uniform_agent.py");
const SOFTMAX = join(ROOT, "examples/softmax-agent.mjs");
const FAILING = join(ROOT, "tests/e2e/failing-agent.mjs");

function folder(): string {
  const temporary = temporaryFolder();
  onTestFinished(() => temporary.remove());
  return temporary.path;
}

interface Results {
  readonly tournament: { readonly seed_key: string };
  readonly tasks: readonly {
    readonly agents: readonly {
      name: string;
      agent: string;
      trials: number;
      forfeits: number;
      regret: { mean: number };
    }[];
  }[];
}
const resultsIn = (out: string): Results => JSON.parse(readFileSync(join(out, "results.json"), "utf8"));
const run = (file: string, out: string) => icrl("tournament", "run", file, "--out", out);

test.skipIf(python === undefined)(
  "one command plays agents that are built in, in JavaScript and in Python",
  async () => {
    const dir = folder();
    const file = tournamentFile(dir, {
      trials: 20,
      tasks: [{ id: "b", task: "bernoulli-bandit", options: { horizon: 50 } }],
      agents: [
        { agent: "thompson" },
        { name: "soft", module: SOFTMAX, options: { temperature: 0.1 } },
        { name: "node", agent: "softmax", command: [process.execPath, SOFTMAX], options: { temperature: 0.2 } },
        { name: "snake", agent: "uniform-python", command: `${python} ${UNIFORM_PY}` },
      ],
    });
    const out = join(dir, "out");
    const { code, stderr } = await run(file, out);
    expect(stderr).not.toMatch(/ended|error/);
    expect(code).toBe(0);
    const { tournament, tasks } = resultsIn(out);
    expect(tasks[0].agents.map(({ name, agent, trials, forfeits }) => [name, agent, trials, forfeits])).toEqual([
      ["thompson", "thompson", 20, 0],
      ["soft", "softmax", 20, 0],
      ["node", "softmax", 20, 0],
      ["snake", "uniform-python", 20, 0],
    ]);
    expect(tournament.seed_key).toMatch(/^[0-9a-f]{64}$/); // a seed alone would tell them the instances
    expect(readdirSync(join(out, "agents")).sort()).toEqual(["node.log", "snake.log", "soft.log", "thompson.log"]);
    for (const name of ["results.json", "tournament.json"]) {
      expect(readFileSync(join(out, name), "utf8")).not.toMatch(/examples|uniform_agent|\.mjs/);
    }
    expect((await icrl("tournament", "report", out)).code).toBe(0);
  },
);

test("on a server that speaks TLS and asks for tokens a command gets the authority and the token of agents", async () => {
  const dir = folder();
  const data = join(dir, "data");
  const [operator, player] = [tokenFor(data, "operator"), tokenFor(data, "player")];
  const tls = ["--tls-cert", tlsFile("server.pem"), "--tls-key", tlsFile("server.key")];
  const server = await startServe(data, ...tls, "--http", "off", "--require-tokens");
  onTestFinished(async () => void (await server.stop()));
  const file = tournamentFile(dir, {
    trials: 5,
    tasks: [{ id: "b", task: "bernoulli-bandit", options: { horizon: 20 } }],
    agents: [
      { agent: "thompson" },
      { name: "mine", agent: "softmax", command: [process.execPath, SOFTMAX] },
      ...(python === undefined ? [] : [{ name: "snake", agent: "uniform-python", command: [python, UNIFORM_PY] }]),
    ],
  });
  const out = join(dir, "out");
  const run = async (...flags: string[]) => {
    const args = [PROGRAM, "tournament", "run", file, "--out", out, "--server", server.address, ...flags];
    return startNode(args, { env: { ICRL_AGENT_TOKEN: player.text } }).ended;
  };
  const ca = ["--ca", relative(ROOT, tlsFile("ca.pem"))]; // commands run in another folder: they need the whole path
  const refused = await run(...ca, "--token", player.text);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("CreateTournament is not for a player") });
  const { code, stderr } = await run(...ca, "--token", operator.text);
  expect(code, stderr).toBe(0);
  const { agents } = resultsIn(out).tasks[0];
  expect(agents.length).toBe(python === undefined ? 2 : 3);
  for (const { trials, forfeits } of agents) expect([trials, forfeits]).toEqual([5, 0]);
  expect(readFileSync(join(out, "results.json"), "utf8")).not.toContain(operator.text);
  await server.stop();
  const rows = await readLog(data);
  expect(rows.length).toBe(5 * agents.length);
  for (const { session_id } of rows) expect(session_id).toMatch(new RegExp(`^${player.id}`));
});

test("a command that crashes is told, forfeits what it played, and is started again", async () => {
  const dir = folder();
  const once = join(dir, "once");
  const tasks = ["first", "second"].map((id) => ({ id, task: "bernoulli-bandit", options: { horizon: 20 } }));
  const file = tournamentFile(dir, {
    trials: 5,
    tasks,
    agents: [{ agent: "emp" }, { name: "mine", agent: "failing", command: ["node", FAILING], options: { once } }],
  });
  const out = join(dir, "out");
  const { code, stderr } = await run(file, out);
  expect(stderr).toContain("mine: its process ended with exit code 7 (its words are in ");
  expect(stderr).not.toMatch(/pity/);
  expect(code).toBe(4);
  const mine = resultsIn(out).tasks.map(({ agents }) => agents[1]);
  expect(mine.map(({ forfeits }) => forfeits > 0).sort()).toEqual([false, true]);
  expect(readFileSync(join(out, "agents/mine.log"), "utf8")).toMatch(/what a pity\nexit code 7\n(.*\n)*exit code 0\n$/);
});

test("one that never plays breaks the run off with its last words; put right, the same command goes on", async () => {
  const dir = folder();
  const agents = (command: unknown) => [{ agent: "emp" }, { name: "mine", agent: "failing", command }];
  const file = tournamentFile(dir, { agents: agents(["sh", "-c", "echo no module named grpc >&2; exit 1", "sh"]) });
  const out = join(dir, "out");
  const failed = await run(file, out);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(
    /\nerror: AGENT_ABSENT: entrant "mine" never played: .*exit code 1; it said at last: no module named grpc \(its words are in .*mine\.log\): .*run the same command again to go on\n$/,
  );
  expect(existsSync(join(out, "results.json"))).toBe(false);
  const before = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...before, agents: agents(`node ${FAILING}`) }));
  const { code, stderr } = await run(file, out);
  expect(stderr).toContain("going on: ");
  expect(code).toBe(0);
  expect(resultsIn(out).tasks[0].agents.map(({ trials, forfeits }) => [trials, forfeits])).toEqual([
    [2, 0],
    [2, 0],
  ]);
});

const runs = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test.each(["all processes", "one process"])(
  "Ctrl-C, sent to %s, ends commands and what they started; the same command goes on",
  async (whom) => {
    const dir = folder();
    const stubborn = `trap '' TERM; (while :; do sleep 1; done) & trap - TERM; exec node ${FAILING} "$@"`;
    const agents = (slow: boolean) => [
      { name: "mine", agent: "failing", command: ["sh", "-c", stubborn, "sh"], options: { slow } },
      { name: "module", module: FAILING, options: { slow } },
    ];
    const changes = { trials: 40, tasks: [{ task: "bernoulli-bandit", options: { horizon: 20 } }] };
    const file = tournamentFile(dir, { ...changes, agents: agents(true) });
    const out = join(dir, "out");
    const args = [PROGRAM, "tournament", "run", file, "--out", out, "--parallel", "2"];
    const { child, said, ended } = startNode(args, { group: true });
    const pid = child.pid as number;
    await said("0 of 80 trials");
    await said("mine");
    const below = descendants(pid);
    process.kill(whom === "one process" ? pid : -pid, "SIGINT");
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).not.toMatch(/error|its process/);
    await vi.waitUntil(() => !below.some((one) => runs(one.pid)), { timeout: 60_000 }); // init takes its time to bury the dead
    const again = await run(file, out);
    expect(again.stderr).toMatch(/going on: \d+ of 80 trials are there already/);
    expect([again.code, again.stderr]).toEqual([0, expect.not.stringContaining("error")]);
  },
);

test.skipIf(python === undefined)("behaviours and experts are started likewise", async () => {
  const dir = folder();
  const file = join(dir, "dataset.yaml");
  const spec = {
    name: "three",
    seed: 5,
    trials: 30,
    tasks: [{ task: "bernoulli-bandit", options: { horizon: 20 } }],
    behaviours: [
      { agent: "uniform" },
      { name: "soft", module: SOFTMAX, options: { temperature: 0.1 } },
      { name: "snake", agent: "uniform-python", command: `${python} ${UNIFORM_PY}` },
    ],
  };
  writeFileSync(file, JSON.stringify(spec));
  const out = join(dir, "set");
  expect((await icrl("dataset", "collect", file, "--out", out)).code).toBe(0);
  const { behaviours, trials, spec: kept } = readDatasetManifest(out);
  expect(trials).toBe(30);
  expect(behaviours.map(({ name, agent }) => [name, agent])).toEqual([
    ["uniform", "uniform"],
    ["soft", "softmax"],
    ["snake", "uniform-python"],
  ]);
  for (const { trials } of behaviours) expect(trials).toBeGreaterThan(0);
  expect(JSON.stringify(kept)).not.toMatch(/examples/);
  expect((await icrl("dataset", "collect", file, "--out", out)).stderr).toContain("is finished");

  const label = (...flags: string[]) => icrl("dataset", "label", out, ...flags, "--option", "temperature=0.2");
  expect((await label("--module", SOFTMAX, "--name", "inside")).code).toBe(0);
  const byProgram = await label("--command", `node '${SOFTMAX}'`, "--name", "beside");
  expect(byProgram.stdout).toMatch(/labels\/beside: 30 trials, 600 steps/);
  for (const name of ["inside", "beside"]) expect(readLabels(out, name).length).toBe(30);
  expect((await label("--command", `node '${SOFTMAX}'`, "--name", "beside")).stdout).toContain("already labelled");
  const snake = await icrl("dataset", "label", out, "--command", `${python} '${UNIFORM_PY}'`, "--name", "snake");
  expect(snake.stdout).toContain("with probabilities");
  const broken = await icrl("dataset", "label", out, "--command", "sh -c 'echo hm; exit 3' sh", "--name", "broken");
  expect(broken.code).toBe(1);
  expect(broken.stderr).toMatch(/hm\nerror: AGENT_CRASHED: the command ended \(exit code 3\) before all trials/);
  expect((await icrl("dataset", "label", out)).code).toBe(2);
  expect((await label("--command", "no-such-program", "--name", "x")).stderr).toContain('no program "no-such-program"');
});
