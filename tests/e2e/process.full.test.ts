/** The program as a process: one command of each way to end. What the same function says of other arguments is in tests/clients/cli/. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { icrl, temporaryFolder } from "./run-icrl.js";

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
    stderr: "error: unknown command 'ply': did you mean play? (icrl --help shows what there is)\n",
  });
});

test("exit code 2: so is a wrong file", async () => {
  expect(await icrl("tournament", "run", path("absent.yaml"), "--out", path("out"))).toEqual({
    code: 2,
    stdout: "",
    stderr: `error: SPEC_INVALID: ${path("absent.yaml")}: cannot be read: ENOENT: no such file or directory, open '${path("absent.yaml")}'\n`,
  });
});

test("exit code 3: no server answers", async () => {
  const { code, stdout, stderr } = await icrl("play", "emp", "--task", "linear-bandit", "--server", "127.0.0.1:1");
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toMatch(
    /^connecting to 127\.0\.0\.1:1\nerror: no icrl server answers at 127\.0\.0\.1:1: start one with "icrl serve".*\n$/,
  );
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
