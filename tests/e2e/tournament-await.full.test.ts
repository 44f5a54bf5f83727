import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { tlsFile } from "../support/tls.js";
import { tournamentFile } from "../support/tournament-file.js";
import { icrl, PROGRAM, type Running, startNode, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const file = tournamentFile(folder.path, {
  seed_key: "", // the same instances, whoever plays them
  trials: 3000,
  tasks: [
    { id: "arms", task: "bernoulli-bandit", options: { arms: 3, horizon: 200 } },
    { id: "river", task: "river-swim", options: { episodes: 20 } },
  ],
  agents: [{ name: "far", agent: "uniform" }, { agent: "emp" }],
});

/** The command, and where the agents that it awaits find it. */
async function awaiting(out: string, ...flags: string[]): Promise<{ run: Running; address: string }> {
  const run = startNode([PROGRAM, "tournament", "run", file, "--out", out, "--listen", "127.0.0.1:0", ...flags]);
  onTestFinished(() => void run.child.kill("SIGTERM"));
  await run.said("--entrant far\n");
  return { run, address: /--connect (\S+) --entrant far/.exec(run.stderr)?.[1] as string };
}

/** One process of the entrant, as a person starts it. */
function joined(address: string): Running {
  const agent = startNode([PROGRAM, "agent", "uniform", "--connect", address, "--entrant", "far", "--envs", "32"]);
  onTestFinished(() => void agent.child.kill("SIGKILL"));
  return agent;
}

const resultsOf = (out: string) => ({
  ...JSON.parse(readFileSync(join(out, "results.json"), "utf8")),
  command: "",
});

test("two processes join under one name, share its matches, one leaves and another takes its place: results as of one alone", async () => {
  const out = join(folder.path, "awaited");
  const { run, address } = await awaiting(out, "--await", "far=2");
  expect(run.stderr).toContain(
    `far: waiting for 2 processes of agent "uniform" to join (a secret in ICRL_ENTRANT_KEY, the same for all of them, keeps others from its name); start node dist/cli/main.js agent uniform --connect ${address} --entrant far\n`,
  );
  const first = joined(address);
  await run.said("waiting for far (1 of 2 processes)");
  expect(first.stderr).not.toContain("playing");
  const second = joined(address);
  await Promise.all([first.said("playing arms/far"), second.said("playing arms/far")]);
  first.child.kill("SIGKILL");
  await first.ended;
  const third = joined(address);
  const { code, stdout, stderr } = await run.ended;
  expect(code, stderr).toBe(0);
  expect(stdout).not.toMatch(/^forfeits$/m);
  expect((await second.ended).code).toBe(0);
  expect((await third.ended).code).toBe(0);
  expect(third.stderr).toContain("playing");

  const alone = join(folder.path, "alone");
  expect((await icrl("tournament", "run", file, "--out", alone)).code).toBe(0);
  expect(resultsOf(out)).toEqual(resultsOf(alone));
  expect(readFileSync(join(out, "trials.parquet")).equals(readFileSync(join(alone, "trials.parquet")))).toBe(true);
});

test("by TLS, at an address that asks for tokens, whoever has the entrant's plays, and nobody else under its name", async () => {
  const access = join(folder.path, "access");
  const create = async (...flags: string[]) =>
    (await icrl("token", "create", "--access", access, "--role", "player", ...flags)).stdout.trim();
  const [own, others] = [await create("--entrant", "far"), await create()];
  const out = join(folder.path, "by-tls");
  const doors = ["--tls-cert", tlsFile("server.pem"), "--tls-key", tlsFile("server.key"), "--access", access];
  const asking = ["--listen", "0.0.0.0:0", ...doors]; // of loopback alone it would ask for no token
  const { run, address } = await awaiting(out, "--trials", "20", "--await", "far", ...asking);
  const here = address.replace(/^.*:/, "127.0.0.1:");
  const joining = ["agent", "uniform", "--connect", here, "--entrant", "far", "--ca", tlsFile("ca.pem")];
  expect(await icrl(...joining)).toMatchObject({ code: 2, stderr: expect.stringContaining("error: TOKEN_MISSING: ") });
  expect(await icrl(...joining, "--token", others)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('error: ROLE_REFUSED: "far" is the name of another token'),
  });
  const agent = await icrl(...joining, "--token", own);
  expect(agent.code, agent.stderr).toBe(0);
  const { code, stderr } = await run.ended;
  expect(code, stderr).toBe(0);
  const { tasks } = resultsOf(out) as {
    tasks: { id: string; agents: { name: string; trials: number; forfeits: number }[] }[];
  };
  const played = tasks.flatMap(({ id, agents }) =>
    agents.map(({ name, trials, forfeits }) => [id, name, trials, forfeits]),
  );
  expect(played.sort()).toEqual([
    ["arms", "emp", 20, 0],
    ["arms", "far", 20, 0],
    ["river", "far", 20, 0],
  ]);
});

test("--await of somebody who is no entrant, or of no process, is refused before anything is done", async () => {
  const out = join(folder.path, "refused");
  const run = (...flags: string[]) => icrl("tournament", "run", file, "--out", out, ...flags);
  expect(await run("--await", "near=1")).toMatchObject({
    code: 2,
    stderr: "error: ENTRANT_UNKNOWN: --await near: the entrants are far, emp\n",
  });
  expect(await run("--await", "far=0")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Give NAME=COUNT, with a COUNT from 1 to 10000."),
  });
  expect(await run("--server", "127.0.0.1:1", "--listen", "127.0.0.1:0")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--listen is for the private server"),
  });
});
