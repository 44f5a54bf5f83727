import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { runAgent } from "#icrl/clients/typescript/run-agent.js";
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

const run = (args: string) =>
  runAgent(randomAgent("mine"), ["--connect", server.address, ...args.split(" ").filter(Boolean)]);

test("free play ends with 0 and the mean regret", async () => {
  expect(await run("--task bernoulli-bandit --trials 7 --envs 2 --seed 18446744073709551615")).toBe(0);
  expect(out).toEqual([expect.stringMatching(/^7 of 7 trials, mean regret \d+\.\d\d$/)]);
});

test("an entrant ends with 0 when its matches are played", async () => {
  const id = await create(server.connection, spec(["mine"], { tasks: [BANDIT], trials: 3 }));
  expect(await run(`--entrant mine --tournament ${id}`)).toBe(0);
  expect(new Set(err)).toEqual(new Set(["playing bandit/mine"]));
  expect((await finished(server.connection, id)).tournament.matches).toMatchObject([{ completeTrials: 3 }]);
});

test("an entrant whose match failed ends with 1", async () => {
  const id = await create(server.connection, spec(["broken"], { tasks: [BANDIT], trials: 3 }));
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
  ["extra", /extra/],
])("the command line '%s' is not understood: 2, with the usage", async (args, text) => {
  expect(await run(args)).toBe(2);
  expect(err.join("\n")).toMatch(text);
  expect(err.join("\n")).toMatch(/usage: --connect HOST:PORT/);
});

test("--help is 0", async () => {
  expect(await run("--help")).toBe(0);
  expect([...out, ...err].join("\n")).toMatch(/^usage:/);
});

test("what the server refuses is 1, with the reason", async () => {
  expect(await run("--task river-swin")).toBe(1);
  expect(err).toEqual([expect.stringMatching(/^TASK_UNKNOWN: .*river-swim/)]);
  err = [];
  expect(await run("--entrant nobody")).toBe(1);
  expect(err).toEqual([expect.stringMatching(/^ENTRANT_UNKNOWN: /)]);
});
