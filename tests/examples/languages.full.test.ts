/** The examples in Go, Rust and Java: each plays as the built-in `emp`, on the gRPC of its language alone. And grpcurl, which knows nothing of icrl. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, onTestFinished, test } from "vitest";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { blocksOf } from "../e2e/blocks-of.js";
import { icrl, PROGRAM, ROOT, startNode, startServe, temporaryFolder } from "../e2e/run-icrl.js";
import { type CompiledLanguage, compiledExample, grpcurl, pythonWith } from "../requirements.js";
import { tokenFor } from "../support/access.js";
import { readLog } from "../support/server.js";
import { tlsFile } from "../support/tls.js";
import { tournamentFile } from "../support/tournament-file.js";

const SOURCES: Readonly<Record<CompiledLanguage, string>> = {
  go: "main.go",
  rust: "src/main.rs",
  java: "src/main/java/Emp.java",
};
const LANGUAGES = Object.keys(SOURCES) as CompiledLanguage[];

// One after the other: each build takes all cores.
const commands = new Map<CompiledLanguage, string>();
for (const language of LANGUAGES) {
  const command = await compiledExample(language);
  if (command !== undefined) commands.set(language, command);
}
const curl = await grpcurl();
const python = pythonWith(["grpc", "gymnasium", "numpy"]);

const folder = temporaryFolder();
afterAll(() => folder.remove());

const run = promisify(execFile);

/** Runs a command with more flags to its end, which must be a good one. */
async function said(command: string, ...flags: string[]): Promise<string> {
  const [program, ...args] = command.split(" ");
  return (await run(program, [...args, ...flags])).stdout;
}

test.each(LANGUAGES)("the example in %s has fewer than 130 lines", (language) => {
  const text = readFileSync(join(ROOT, "examples", language, SOURCES[language]), "utf8");
  expect(text.trimEnd().split("\n").length).toBeLessThan(130);
});

/** What was done in the trials of a task and what it cost, by agent. */
function playedBy(rows: readonly TrajectoryRow[], agent: string, task: string) {
  return rows
    .filter((row) => row.agent === agent && row.task === task)
    .sort((a, b) => Number(a.trial_index) - Number(b.trial_index))
    .map(({ trial_index, actions, propensities, regret }) => ({
      trial_index,
      actions: [...actions],
      propensities: propensities && [...propensities],
      regret,
    }));
}

// Ties are frequent on the first, there are none on the second, and the third has features that need not be looked at.
const TASKS = ["bernoulli-bandit", "gaussian-bandit", "linear-bandit"];

test.skipIf(commands.size === 0)(
  "in free play each does as `emp`, to the last digit of its regret, in any number of envs",
  async () => {
    const data = join(folder.path, "free-play");
    const server = await startServe(data);
    onTestFinished(async () => void (await server.stop()));
    const flags = ["--trials", "20", "--seed", "11"];
    const printed = new Map<string, string>();
    for (const task of TASKS) {
      const { code, stderr } = await icrl("play", "emp", "--server", server.address, "--task", task, ...flags);
      expect(code, stderr).toBe(0);
      for (const [language, command] of commands) {
        const envs = String(3 + 2 * printed.size);
        const line = await said(command, "--connect", server.address, "--task", task, "--envs", envs, ...flags);
        printed.set(`${language} ${task}`, line);
      }
    }
    await server.stop();
    const rows = await readLog(data);
    for (const task of TASKS) {
      const emp = playedBy(rows, "emp", task);
      expect(emp.length).toBe(20);
      const regret = emp.reduce((sum, trial) => sum + (trial.regret as number), 0) / 20;
      for (const language of commands.keys()) {
        expect(playedBy(rows, `emp-${language}`, task), `${language} ${task}`).toEqual(emp);
        const [, mean] =
          /^20 trials, regret ([\d.]+) \(mean of a trial\)\n$/.exec(printed.get(`${language} ${task}`) ?? "") ?? [];
        expect(Number(mean)).toBeCloseTo(regret, 5);
      }
    }
  },
);

test.skipIf(commands.size === 0).each([...commands.keys()])(
  "the commands of docs/languages/%s.md build the example, play, and find that it conforms",
  async (language) => {
    const server = await startServe(join(folder.path, `page-${language}`));
    onTestFinished(async () => void (await server.stop()));
    const [{ text }] = blocksOf(`docs/languages/${language}.md`).filter((block) => block.language === "sh");
    const script = text.replaceAll("127.0.0.1:50551", server.address);
    const { stdout } = await run("bash", ["-euc", script], { cwd: ROOT });
    expect(stdout).toMatch(/200 trials, regret [\d.]+ \(mean of a trial\)$/m);
    expect(stdout).toMatch(/^conforms: 11 hold, 0 fail, 2 skipped$/m); // they neither resume nor label
  },
);

test.skipIf(commands.size === 0).each([...commands])(
  "the example in %s says what is wrong: with its command line, with what it is to play, with the server's address",
  async (_, command) => {
    const server = await startServe(join(folder.path, "refusals"));
    onTestFinished(async () => void (await server.stop()));
    const refused = (...flags: string[]) =>
      said(command, ...flags).then(
        () => expect.fail("it ended well"),
        ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
      );
    expect(await refused("--option", "temperature=1")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--?task/),
    });
    const { code, stderr } = await refused("--connect", server.address, "--task", "river-swim");
    expect(stderr).toContain("declares bandit: task");
    expect(code).toBe(1);
    expect((await refused("--connect", "127.0.0.1:1")).code).toBe(1);
  },
);

interface Results {
  readonly tasks: readonly {
    readonly agents: readonly {
      readonly name: string;
      readonly agent: string;
      readonly trials: number;
      readonly forfeits: number;
      readonly regret: { readonly mean: number };
    }[];
  }[];
}
const resultsIn = (out: string): Results => JSON.parse(readFileSync(join(out, "results.json"), "utf8"));

test.skipIf(python === undefined || commands.size < LANGUAGES.length)(
  "examples/languages.yaml is played by one command; all empirical means are one, whatever their language",
  async () => {
    const out = join(folder.path, "languages");
    const args = [PROGRAM, "tournament", "run", "examples/languages.yaml", "--out", out];
    const PATH = `${dirname(python as string)}:${process.env.PATH}`; // its python3 is the one that has what it needs
    const PYTHONPATH = join(ROOT, "clients/python/src");
    const { code, stderr } = await startNode(args, { env: { PATH, PYTHONPATH } }).ended;
    expect(stderr).not.toMatch(/ended|error/);
    expect(code).toBe(0);
    const [{ agents }] = resultsIn(out).tasks;
    expect(agents.map(({ name, agent, trials, forfeits }) => [name, agent, trials, forfeits])).toEqual([
      ["emp", "emp", 100, 0],
      ["javascript", "softmax", 100, 0],
      ["python", "thompson", 100, 0],
      ["go", "emp-go", 100, 0],
      ["rust", "emp-rust", 100, 0],
      ["java", "emp-java", 100, 0],
    ]);
    const regret = Object.fromEntries(agents.map((one) => [one.name, one.regret]));
    for (const language of LANGUAGES) expect(regret[language]).toEqual(regret["emp"]);
    expect(regret["python"].mean).not.toBe(regret["emp"].mean);
  },
);

test.skipIf(commands.size === 0)(
  "on a server that speaks TLS and asks for tokens, they enter a tournament and make a dataset",
  async () => {
    const data = join(folder.path, "tls");
    const [operator, player] = [tokenFor(data, "operator"), tokenFor(data, "player")];
    const tls = ["--tls-cert", tlsFile("server.pem"), "--tls-key", tlsFile("server.key")];
    const server = await startServe(data, ...tls, "--http", "off", "--require-tokens");
    onTestFinished(async () => void (await server.stop()));
    const agents = [...commands].map(([name, command]) => ({ name, agent: `emp-${name}`, command }));
    const tasks = [{ id: "b", task: "bernoulli-bandit", options: { horizon: 20 } }];
    const icrlAs = (...args: string[]) => {
      const flags = ["--server", server.address, "--ca", tlsFile("ca.pem"), "--token", operator.text];
      return startNode([PROGRAM, ...args, ...flags], { env: { ICRL_AGENT_TOKEN: player.text } }).ended;
    };
    const file = tournamentFile(folder.path, { trials: 5, tasks, agents: [{ agent: "emp" }, ...agents] });
    const out = join(folder.path, "tls-results");
    const tournament = await icrlAs("tournament", "run", file, "--out", out);
    expect(tournament.code, tournament.stderr).toBe(0);
    const [{ agents: played }] = resultsIn(out).tasks;
    for (const { trials, forfeits, regret } of played)
      expect([trials, forfeits, regret]).toEqual([5, 0, played[0].regret]);

    const spec = { name: "set", seed: 5, trials: 12, tasks, behaviours: agents };
    const dataset = join(folder.path, "dataset.yaml");
    writeFileSync(dataset, JSON.stringify(spec));
    const collected = await icrl("dataset", "collect", dataset, "--out", join(folder.path, "set"));
    expect(collected.code, collected.stderr).toBe(0);
    expect((await icrl("dataset", "verify", join(folder.path, "set"))).code).toBe(0);
  },
);

test.skipIf(curl === undefined)(
  "grpcurl lists and calls every kind of service, and reads errors, by reflection",
  async () => {
    const server = await startServe(join(folder.path, "grpcurl"));
    onTestFinished(async () => void (await server.stop()));
    const ask = (verb: string, ...what: string[]) => run(curl as string, ["-plaintext", server.address, verb, ...what]);
    const call = (method: string, request: Record<string, unknown> = {}) =>
      run(curl as string, ["-plaintext", "-d", JSON.stringify(request), server.address, method]);
    const services = (await ask("list")).stdout.trim().split("\n");
    expect(services).toEqual(expect.arrayContaining(["grpc.health.v1.Health", "icrl.v1.EnvironmentService"]));
    for (const service of services) {
      const methods = (await ask("list", service)).stdout.trim().split("\n");
      for (const method of methods) expect(method).toContain(`${service}.`);
      expect((await ask("describe", service)).stdout).toContain("is a service");
    }
    const answer = async (...args: Parameters<typeof call>) => JSON.parse((await call(...args)).stdout) as unknown;
    expect(await answer("grpc.health.v1.Health/Check")).toEqual({ status: "SERVING" });
    expect(await answer("grpc.health.v1.Health/List")).toEqual({ statuses: { "": { status: "SERVING" } } });
    expect(await answer("icrl.v1.EnvironmentService/GetTask", { name: "river-swim" })).toMatchObject({
      task: { name: "river-swim", numActions: 2 },
    });
    const refused: unknown = await call("icrl.v1.EnvironmentService/GetTask", { name: "river" }).catch(
      (error) => error,
    );
    expect(refused).toMatchObject({
      stderr: expect.stringMatching(/"type.googleapis.com\/google.rpc.ErrorInfo",(.|\n)*"reason": "TASK_UNKNOWN"/),
    });
  },
);
