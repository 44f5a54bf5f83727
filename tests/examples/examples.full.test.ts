import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROGRAM, ROOT, startNode, startServe, temporaryFolder } from "../e2e/run-icrl.js";

const folder = temporaryFolder();
const softmax = join(ROOT, "examples/softmax-agent.mjs");
let server: Awaited<ReturnType<typeof startServe>>;
beforeAll(async () => {
  server = await startServe(join(folder.path, "log"));
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

test("an agent of your own has fewer than 40 lines", () => {
  expect(readFileSync(softmax, "utf8").trimEnd().split("\n").length).toBeLessThan(40);
});

test("an agent of your own plays freely, and the same seed gives the same regret whatever the number of envs", async () => {
  const play = (...args: string[]) =>
    startNode([softmax, "--connect", server.address, "--task", "bernoulli-bandit", "--trials", "20", ...args]).ended;
  const [one, many] = await Promise.all([play("--envs", "1"), play("--envs", "20")]);
  expect(one.code).toBe(0);
  expect(one.stdout).toMatch(/^20 of 20 trials, 4000 steps\nregret [\d.]+ ± [\d.]+, return [\d.]+ ± [\d.]+ \(.*\)\n$/);
  expect(many.stdout).toBe(one.stdout);
});

test("free play prints what its page shows", async () => {
  const page = readFileSync(join(ROOT, "docs/agents-of-your-own.md"), "utf8");
  const [, args] = /^node examples\/softmax-agent\.mjs --connect \S+ (--task .*)$/m.exec(page) as string[];
  const [, printed] = /```text\n(.*?)```/s.exec(page) as string[];
  const { code, stdout } = await startNode([softmax, "--connect", server.address, ...args.split(" ")]).ended;
  expect({ code, stdout }).toEqual({ code: 0, stdout: printed });
});

test("an agent of your own enters a tournament beside built-in agents, with options that the tournament gives", async () => {
  const file = join(folder.path, "tournament.yaml");
  const out = join(folder.path, "out");
  writeFileSync(
    file,
    `
name: softmax against others
seed: 1
trials: 50
tasks:
  - { id: e1, task: linear-bandit }
agents:
  - { name: softmax, agent: softmax }
  - { name: random, agent: softmax, options: { temperature: 1000000 } }
  - { name: lin-ucb, agent: lin-ucb }
  - { name: uniform, agent: uniform }
`,
  );
  const run = startNode([PROGRAM, "tournament", "run", file, "--out", out, "--server", server.address, "--json"]);
  await run.said("waiting for"); // the tournament exists
  const enter = (name: string) => startNode([softmax, "--connect", server.address, "--entrant", name]).ended;
  const [one, two] = await Promise.all([enter("softmax"), enter("random")]);
  const { code, stdout, stderr } = await run.ended;
  expect(stderr).toContain(
    `softmax: "softmax" is not built in; start it with --connect ${server.address} --entrant softmax\n`,
  );
  expect([one.code, two.code, code]).toEqual([0, 0, 0]);
  const { leaderboard } = JSON.parse(stdout) as { leaderboard: { name: string; regret: number }[] };
  const regret = Object.fromEntries(leaderboard.map(({ name, regret }) => [name, regret]));
  // Uniform play loses 224 on average on this task, softmax about 85; at a temperature far above all rewards it is uniform play.
  expect(regret["softmax"]).toBeLessThan(140);
  expect(regret["random"]).toBeGreaterThan(170);
  expect(regret["uniform"]).toBeGreaterThan(170);
  expect(regret["lin-ucb"]).toBeLessThan(regret["softmax"]);
});

test.each([
  ["--help", 0, "usage: --connect HOST:PORT"],
  ["--foo", 2, "Unknown option '--foo'"],
  ["--task=river-swim", 1, 'TASK_UNSUPPORTED: agent "softmax" declares bandit'],
  [
    "--task=linear-bandit --option temp=1",
    2,
    'OPTION_UNKNOWN: agent "softmax" has no option "temp": did you mean "temperature"?',
  ],
  ["--task=linear-bandit --trials many", 2, '--trials is "many": give a whole number'],
  ["--task=linear-bandit --entrant me", 2, "give either --entrant or --task"],
  ["--entrant nobody", 3, 'ENTRANT_EARLY: no tournament that lists the entrant "nobody" is here yet'],
])("an agent of your own answers %s with exit code %d and a text", async (args, exitCode, text) => {
  const { code, stdout, stderr } = await startNode([softmax, "--connect", server.address, ...args.split(" ")]).ended;
  expect(code).toBe(exitCode);
  expect(stdout + stderr).toMatch(text);
  expect(stderr).not.toMatch(/^ {4}at /m);
});

test("a loop of your own steps envs, and all of it is in the log", async () => {
  const { code, stdout, stderr } = await startNode([join(ROOT, "examples/gym-loop.mjs"), server.address]).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.trimEnd().split("\n");
  expect(lines.filter((line) => line.startsWith("env ")).length).toBe(2 * 16); // each of 16 trials begins and ends
  expect(lines.at(-1)).toBe("16 trials, 32000 steps, all in the log"); // by hand: 16 trials of 100 episodes of 20 steps
});
