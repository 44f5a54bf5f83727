/** The program as a process: one command of each way to end. What the same function says of other arguments is in tests/cli/. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { icrl, PROGRAM, ROOT, startNode, temporaryFolder } from "./run-icrl.js";

/** How these tests call it. */
const BY_PATH = "node dist/cli/main.js";

const folder = temporaryFolder();
const path = (name: string) => join(folder.path, name);
afterAll(() => folder.remove());

test("exit code 0: --version is the package's", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(await icrl("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("exit code 2: a mistyped verb is one line on standard error", async () => {
  expect(await icrl("ply")).toEqual({
    code: 2,
    stdout: "",
    stderr: `error: unknown command 'ply': did you mean play? (${BY_PATH} --help shows what there is)\n`,
  });
});

test("exit code 2: so is a wrong file", async () => {
  expect(await icrl("tournament", "run", path("absent.yaml"), "--out", path("out"))).toEqual({
    code: 2,
    stdout: "",
    stderr: `error: SPEC_INVALID: ${path("absent.yaml")}: cannot be read: ENOENT: no such file or directory, stat '${path("absent.yaml")}'\n`,
  });
});

const NOBODY = "127.0.0.1:1";
const NPX = "npx icrl";

test.each([
  ["icrl play", [PROGRAM, "play", "emp", "--task", "linear-bandit", "--server", NOBODY], BY_PATH],
  ["icrl agent", [PROGRAM, "agent", "emp", "--connect", NOBODY], BY_PATH],
  ["an agent of one's own", [join(ROOT, "examples/softmax-agent.mjs"), "--connect", NOBODY, "--task", "chain"], NPX],
])("exit code 3: %s waits 20 seconds for a server, says so, and gives up", async (_, args, program) => {
  const { code, stdout, stderr } = await startNode(args).ended;
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr.replace("error: ", "").replace(/^connecting to \S+\n/, "")).toBe(
    `no server answers at ${NOBODY} yet: waiting up to 20 s for one\nno icrl server answers at ${NOBODY}: start one with "${program} serve" (waited 20 s for one)\n`,
  );
});

test("Ctrl-C ends the waiting for a server", async () => {
  const waiting = startNode([PROGRAM, "play", "emp", "--task", "linear-bandit", "--server", NOBODY]);
  await waiting.said("waiting up to 20 s");
  waiting.child.kill("SIGINT");
  expect(await waiting.ended).toMatchObject({ code: 130, stderr: expect.stringMatching(/\ninterrupted by SIGINT\n$/) });
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
  // a slow machine has lines between the first and the last
  expect(stderr).toMatch(
    /^starting a server\n {2}0 % {2}0 of 2 trials.*\n( *\d+ % {2}\d of 2 trials.*\n)*100 % {2}2 of 2 trials.*\n(waiting for the log\n)?closing the log\n$/,
  );
  // by hand: 2 trials of 100 episodes of 20 steps
  expect(stdout).toMatch(
    /^uniform on river-swim: 2 trials, 4000 steps in [\d.]+ s \(\d+ steps\/s\)\nregret .* ± .*\nrecorded in .*plain\n$/,
  );
});
