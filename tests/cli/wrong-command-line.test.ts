import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { agents } from "#icrl/agents/registry.js";
import { icrlHere, refusalHere } from "../support/icrl-here.js";
import { startTestServer } from "../support/server.js";

/** A folder that no refused command may make. */
const NEVER = join(tmpdir(), `icrl-never-made-${process.pid}`);

/** Those that play a tabular MDP, and those that play anything. */
const MDP_AGENTS = agents
  .filter(({ tasks }) => tasks.length === 0 || tasks.includes("tabular-mdp"))
  .map(({ name }) => name);

describe("a wrong command line is refused in one line, with exit code 2", () => {
  const play = (...args: string[]) => ["play", "emp", "--task", "linear-bandit", "--data", NEVER, ...args];
  test.each([
    [["ply"], "unknown command 'ply': did you mean play? (icrl --help shows what there is)"],
    [["log", "lst"], "unknown command 'lst': did you mean list? (icrl log --help shows what there is)"],
    [["dataset", "card", "--help"], "unknown command 'card' (icrl dataset --help shows what there is)"],
    [["log", "-h", "lst"], "unknown command 'lst': did you mean list? (icrl log --help shows what there is)"],
    [["help", "ply"], "unknown command 'ply': did you mean play? (icrl --help shows what there is)"],
    [
      ["tournament", "help", "rn"],
      "unknown command 'rn': did you mean run? (icrl tournament --help shows what there is)",
    ],
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
      play("--trials", "1__000"),
      "option '--trials <n>' argument '1__000' is invalid. Give a whole number of at least 1. (icrl play --help shows what there is)",
    ],
    [
      play("--seed", "0x10"),
      "option '--seed <n>' argument '0x10' is invalid. Give a whole number from 0 to 18446744073709551615. (icrl play --help shows what there is)",
    ],
    [
      play("--set", "horizon=0x10"),
      'OPTION_INVALID: option "horizon" of task "linear-bandit" is "0x10": give an integer in [1, 100000]',
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
  ])("%j", async (args, line) => {
    expect(await refusalHere(...args)).toBe(line);
  });
});

test.each([
  ["10", "7", "2"],
  ["1_0", "0_7", "2.0"],
  ["1e1", "7e0", "20e-1"],
])("--trials %s, --seed %s and --set horizon=%s are read by the same rule", async (trials, seed, horizon) => {
  const server = await startTestServer();
  onTestFinished(() => server.dispose());
  const options = ["--trials", trials, "--seed", seed, "--set", `horizon=${horizon}`, "--set", "dim=2"];
  const { code, stdout } = await icrlHere(
    ...["play", "uniform", "--task", "linear-bandit", ...options, "--server", server.address, "--no-record", "--json"],
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ trials: 10, seed: "7", task_options: { horizon: 2 }, steps: 20 });
});

test("nothing was made", () => {
  expect(existsSync(NEVER)).toBe(false);
});
