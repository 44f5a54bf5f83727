import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkAgent } from "#icrl/jobs/conformance/check-agent.js";
import { runScenario, type ScenarioRun } from "#icrl/jobs/conformance/run-scenario.js";
import { SCENARIOS } from "#icrl/jobs/conformance/scenarios.js";
import { differenceOf } from "#icrl/jobs/conformance/transcript.js";
import { silent } from "#icrl/jobs/listener.js";
import { pythonWith } from "../requirements.js";
import { startTestServer, type TestServer } from "../support/server.js";
import { EVERY_SET, IMPATIENT, type WrongAgent } from "../support/wrong-agents.js";

const ROOT = join(import.meta.dirname, "../..");
const JAVASCRIPT = ["node", join(ROOT, "tests/fixtures/conformance/agent.mjs")];

const python = pythonWith(["grpc", "grpc_tools", "numpy"]);
const PYTHON = [String(python), join(ROOT, "tests/python/wrong_agent.py")];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

/** What the kit says of an agent with this fault. */
function examine(words: readonly string[], fault: string, name: string): Promise<ScenarioRun> {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  return runScenario(
    {
      scenario,
      address: server.address,
      command: { kind: "command", words: [...words, fault], folder: ROOT },
      timeoutMs: 60_000,
      patienceMs: IMPATIENT.has(fault) ? 2000 : 20_000,
    },
    new AbortController().signal,
  );
}

/** What only the agent in JavaScript does wrong. */
const MORE: readonly WrongAgent[] = [
  ["says-no-hello", "one-trial", "did not say hello on a stream that it opened within 2 s"],
  ["hellos-twice", "one-trial", "said hello again"],
  ["opens-first", "one-trial", "sent open before hello"],
  ["nameless", "one-trial", "said hello without the name of its agent"],
  ["other-entrant", "one-trial", 'said hello as entrant "somebody": it was started with --entrant conformance'],
  ["garbage", "one-trial", "sent 14 bytes that are no PlayRequest with a message in it, at step_index 1"],
  ["answers-what-is-over", "one-trial", "where no env is active: closed follows by itself"],
  ["still-runs", "one-trial", "still ran 2 s after the end of its last session"],
  [
    "exits-at-once",
    "one-trial",
    /^ended with exit code 0 after closed \{finished\} and before its stream had ended: end /,
  ],
  ["hurries", "slow-server", /^ended with exit code 1/],
  [
    "never-resumes",
    "resume",
    "did not resume on a new stream after its stream broke within 2 s (--patience), though its",
  ],
  ["says-hello-anew", "resume", /^did not resume on a new stream .* though its hello lists resume: it said hello anew/],
  ["miscounts", "resume", "said in resume that it got 3 messages, when it had been sent 2"],
  [
    "says-otherwise",
    "resume",
    "sent, after resume, other bytes than those that the server had not got, at step_index 4",
  ],
  ["says-nothing-again", "resume", "did not send again, after resume, what the server had not got within 2 s"],
];

describe("the conformance kit", () => {
  test.each([...EVERY_SET, ...MORE])("finds that an agent in JavaScript %s", async (fault, scenario, sentence) => {
    const { faults } = await examine(JAVASCRIPT, fault, scenario);
    expect(faults[0]).toMatch(sentence);
  });

  test.skipIf(python === undefined).each(EVERY_SET)(
    "finds that an agent in Python %s",
    async (fault, scenario, sentence) => {
      const { faults } = await examine(PYTHON, fault, scenario);
      expect(faults[0]).toMatch(sentence);
    },
  );

  test.skipIf(python === undefined)("finds nothing wrong with a right one in Python", async () => {
    for (const scenario of ["inactive-envs", "explicit", "options", "draining"]) {
      expect((await examine(PYTHON, "none", scenario)).faults).toEqual([]);
    }
  });

  test.each(SCENARIOS.filter(({ labels }) => labels === undefined).map(({ name }) => name))(
    "finds nothing wrong with a right one in %s",
    async (name) => {
      const { faults, skipped } = await examine(JAVASCRIPT, "none", name);
      expect({ faults, skipped }).toEqual({ faults: [], skipped: undefined });
    },
  );

  test.each([
    ["none", undefined],
    ["remembers", true],
    ["draws", false],
  ])("compares the trials of an agent that %s with the same ones elsewhere", async (fault, isCertain) => {
    const [once, again] = [await examine(JAVASCRIPT, fault, "one-env"), await examine(JAVASCRIPT, fault, "env-each")];
    expect([...once.faults, ...again.faults]).toEqual([]);
    expect(differenceOf(once.trials, again.trials)?.isCertain).toBe(isCertain);
  });

  test.each([
    ["none", undefined],
    ["improbable", /^answered step_index 0 with probabilities that sum to 0\.4 in env 0$/],
    ["flat-law", /^answered step_index 0 with probabilities of shape \[\d+\], not \[\d,\d\]$/],
  ])("looks at the labels of an agent that does wrong: %s", async (fault, sentence) => {
    const command = { kind: "command", words: [...JAVASCRIPT, fault], folder: ROOT } as const;
    const plan = { command, labels: true, only: ["label"], timeoutMs: 60_000, patienceMs: 20_000 };
    const { outcomes } = await checkAgent(plan, silent, new AbortController().signal);
    expect(outcomes.map(({ name }) => name)).toEqual(["label"]);
    if (sentence === undefined) expect(outcomes[0]).toMatchObject({ result: "holds", faults: [] });
    else expect(outcomes[0].faults[0]).toMatch(sentence);
  });

  test("says which matches an agent gave up, which is no fault", async () => {
    const { faults, notes } = await examine(JAVASCRIPT, "gives-up", "one-trial");
    expect(faults).toEqual([]);
    expect(notes).toContain("it gave up bernoulli/conformance: it is too hard");
  });
});
