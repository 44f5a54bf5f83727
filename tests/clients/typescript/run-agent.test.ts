import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { Agent } from "#icrl/clients/typescript/define-agent.js";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { runAgent } from "#icrl/clients/typescript/run-agent.js";
import { integer } from "#icrl/common/options.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { agentThat, BANDIT, create, finished, randomAgent, spec } from "../../support/tournament.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

// What a program says to people; only listened to.
let out: string[];
let err: string[];
beforeEach(() => {
  out = [];
  err = [];
  vi.spyOn(console, "log").mockImplementation((text: string) => void out.push(text));
  vi.spyOn(console, "error").mockImplementation((text: string) => void err.push(text));
});
afterEach(() => vi.restoreAllMocks());

const runOf = (agent: Agent, args: string) =>
  runAgent(agent, ["--connect", server.address, ...args.split(" ").filter(Boolean)]);
const run = (args: string) => runOf(randomAgent("mine"), args);

test("free play ends with 0, and with the means of regret and return and their standard errors", async () => {
  expect(await run("--task bernoulli-bandit --trials 7 --envs 2 --seed 18446744073709551615")).toBe(0);
  const regrets: number[] = [];
  const returns: number[] = [];
  const totals = await playAgent(server.connection, randomAgent("mine"), {
    task: "bernoulli-bandit",
    trials: 7,
    seed: 18446744073709551615n,
    record: false,
    onTrialEnd({ regret, trialReturn }) {
      regrets.push(regret as number);
      returns.push(trialReturn);
    },
  });
  // The formulas, written out.
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / 7;
  const error = (values: number[]) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)) / 6); // (n - 1) and n of seven
  expect(totals.regret.mean).toBeCloseTo(mean(regrets), 9);
  expect(totals.regret.se).toBeCloseTo(error(regrets), 9);
  expect(totals.trialReturn.mean).toBeCloseTo(mean(returns), 9);
  expect(totals.trialReturn.se).toBeCloseTo(error(returns), 9);
  const said = /^regret ([\d.]+) ± ([\d.]+), return ([\d.]+) ± ([\d.]+) \(mean of a trial ± its standard error\)$/;
  expect(out).toEqual([`7 of 7 trials, ${totals.steps} steps`, expect.stringMatching(said)]);
  const shown = (said.exec(out[1]) as string[]).slice(1).map(Number);
  const exact = [mean(regrets), error(regrets), mean(returns), error(returns)];
  for (const [i, value] of exact.entries()) expect(Math.abs(shown[i] - value)).toBeLessThan(0.051);
});

test("of one trial there is no standard error", async () => {
  expect(await run("--task bernoulli-bandit --trials 1")).toBe(0);
  expect(out[1]).toMatch(/^regret [\d.]+ ± –, return [\d.]+ ± – /);
});

test("options of the task are converted by the server's table, and checked by the server", async () => {
  expect(await run("--task bernoulli-bandit --set arms=4 --set horizon=7 --trials 3")).toBe(0);
  expect(out[0]).toBe("3 of 3 trials, 21 steps");
  expect(await run("--task linear-bandit --set arm_set=fresh --set horizon=2 --trials 3")).toBe(0);
  expect(out[2]).toBe("3 of 3 trials, 6 steps");
  expect(await run("--task linear-bandit --set horizont=2")).toBe(1);
  expect(await run("--task linear-bandit --set horizon=long")).toBe(1);
  expect(await run("--task linear-bandti --set horizon=2")).toBe(1);
  expect(err).toEqual([
    'OPTION_UNKNOWN: task "linear-bandit" has no option "horizont": did you mean "horizon"?',
    expect.stringMatching(/^OPTION_INVALID: option "horizon" of task "linear-bandit" is "long": give an integer/),
    expect.stringMatching(/^TASK_UNKNOWN: .*did you mean "linear-bandit"/),
  ]);
});

test("an entrant ends with 0 when its matches are played", async () => {
  const id = await create(server.connection, spec(["mine"], { tasks: [BANDIT], trials: 3 }));
  expect(await run(`--entrant mine --tournament ${id}`)).toBe(0);
  expect(new Set(err)).toEqual(new Set(["playing bandit/mine"]));
  expect((await finished(server.connection, id)).tournament.matches).toMatchObject([{ completeTrials: 3 }]);
});

test("an entrant whose match failed ends with 1", async () => {
  const id = await create(server.connection, spec(["broken"], { name: "refused", tasks: [BANDIT], trials: 3 }));
  const broken = agentThat("broken", () => ({ act: () => 7 }));
  expect(await runAgent(broken, ["--connect", server.address, "--entrant", "broken", "--tournament", id])).toBe(1);
  expect(err).toContainEqual('bandit/broken: agent "broken" chose 7: an action is an integer in [0, 3)');
});

test.each([
  ["", /give.* --entrant or --task/],
  ["--task river-swim --entrant mine", /give.* --entrant or --task/],
  ["--entrant mine --tournament a --collection b", /give either --tournament or --collection/],
  ["--task river-swim --trails 3", /--trails/],
  ["--task river-swim --trials many", /--trials is "many"/],
  ["--task river-swim --trials 0", /--trials is "0"/],
  ["--task river-swim --envs 1.5", /--envs is "1.5"/],
  ["--task river-swim --seed -1", /--seed/],
  ["--task river-swim --seed 18446744073709551616", /--seed is/],
  ["--task river-swim --option speed=9", /OPTION_UNKNOWN/],
  ["--task river-swim --set states", /OPTION_INVALID: option "states" has no value/],
  ["--entrant mine --set states=3", /give it with --task/],
  ["extra", /extra/],
])("the command line '%s' is not understood: 2, with the usage", async (args, text) => {
  expect(await run(args)).toBe(2);
  expect(err.join("\n")).toMatch(text);
  expect(err.join("\n")).toMatch(/usage: --connect HOST:PORT/);
});

test("--help is 0, and tells the agent's own options: default, range, meaning", async () => {
  const agent = {
    ...randomAgent("mine"),
    options: { depth: integer({ default: 3, min: 1, max: 9, help: "how far" }) },
  };
  expect(await runOf(agent, "--help")).toBe(0);
  expect(err).toEqual([]);
  expect(out.join("\n")).toMatch(/^usage: --connect HOST:PORT/);
  expect(out.join("\n").split("\n").slice(-8)).toEqual([
    "",
    "mine (version 1)",
    "a test's",
    "Source: a test",
    "Plays: any task",
    "",
    "option  default  values                meaning",
    "depth   3        an integer in [1, 9]  how far",
  ]);
});

test("an error that nobody foresaw tells how to see where it comes from, in free play and in a match", async () => {
  const broken = agentThat("broken", () => ({ act: () => (undefined as unknown as { x: number }).x }));
  const hint = "Cannot read properties of undefined (reading 'x') (unexpected: ICRL_DEBUG=1 shows where)";
  const stack = /^TypeError: Cannot read properties of undefined \(reading 'x'\)\n {4}at .*run-agent\.test\.ts/;
  let seed = 100n; // another tournament each time
  const match = async () => {
    seed += 1n;
    const id = await create(server.connection, spec(["broken"], { seed, tasks: [BANDIT], trials: 3 }));
    expect(await runOf(broken, `--entrant broken --tournament ${id}`)).toBe(1);
  };
  expect(await runOf(broken, "--task bernoulli-bandit")).toBe(1);
  expect(err).toEqual([hint]);
  await match();
  expect(err).toContain(`bandit/broken: ${hint}`);
  vi.stubEnv("ICRL_DEBUG", "1");
  onTestFinished(() => void vi.unstubAllEnvs());
  err = [];
  expect(await runOf(broken, "--task bernoulli-bandit")).toBe(1);
  expect(err).toEqual([expect.stringMatching(stack)]);
  await match();
  const told = err.find((text) => text.startsWith("bandit/broken: ")) as string;
  expect(told.slice("bandit/broken: ".length)).toMatch(stack);
});

test("what the server refuses is 1, with the reason", async () => {
  expect(await run("--task river-swin")).toBe(1);
  expect(err).toEqual([expect.stringMatching(/^TASK_UNKNOWN: .*river-swim/)]);
  err = [];
  await create(server.connection, spec(["somebody"]));
  expect(await run("--entrant nobody")).toBe(1);
  expect(err).toEqual([expect.stringMatching(/^ENTRANT_UNKNOWN: /)]);
});
