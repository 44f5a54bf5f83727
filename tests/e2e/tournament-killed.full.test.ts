import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { tournamentFile } from "../support/tournament-file.js";
import { descendants, icrl, icrlJson, PROGRAM, startNode, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
afterAll(() => folder.remove());

/** Ends a run, in one of the ways in which runs end. */
const ways: Record<string, (pid: number) => void> = {
  "kill -9 of all its processes": (pid) => process.kill(-pid, "SIGKILL"),
  "kill -9 of the command alone": (pid) => process.kill(pid, "SIGKILL"),
  "kill -9 of its server": (pid) => {
    const server = descendants(pid).find(({ runs }) => runs.includes(" serve "));
    process.kill(server?.pid ?? -pid, "SIGKILL");
  },
  "kill -9 of all its processes, an agent first": (pid) => {
    const agent = descendants(pid).find(({ runs }) => runs.includes(" agent "));
    if (agent !== undefined) process.kill(agent.pid, "SIGKILL");
    process.kill(-pid, "SIGKILL");
  },
  "Ctrl-C": (pid) => process.kill(-pid, "SIGINT"),
};

/** A port of 127.0.0.1 that was free just now. */
async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}

/** Resolves once a run's tournament has so many complete trials. */
async function played(address: string, trials: number): Promise<void> {
  const connection = await connect(address, 60_000);
  try {
    let [tournament] = (await connection.listTournaments()).tournaments;
    for (; tournament === undefined; [tournament] = (await connection.listTournaments()).tournaments) await wait(20);
    for await (const { tournament: now } of connection.watchTournament({ id: tournament.id })) {
      const complete = now?.matches.reduce((sum, match) => sum + match.completeTrials, 0) ?? 0;
      if (complete >= trials) return;
    }
  } finally {
    connection.close();
  }
}

const TRIALS = 4000;

test("a tournament that is killed ten times, at random, ends with the results of an undisturbed one", async () => {
  const file = tournamentFile(folder.path, {
    seed: undefined, // the first run draws it, the others must find it
    trials: TRIALS,
    tasks: [
      { id: "bandit", task: "bernoulli-bandit", options: { arms: 4, horizon: 80 } },
      { id: "river", task: "river-swim", options: { states: 5, horizon: 10, episodes: 8 } },
    ],
    agents: ["uniform", "thompson", "q-learning", "ucbvi", "emp"].map((agent) => ({ agent })),
  });
  const disturbed = join(folder.path, "disturbed");
  const rng = rngFromSeed(7n); // the moments are random all the same: this machine's timing is not ours
  const kinds = Object.entries(ways);
  let goneOn = 0;
  for (let kill = 0; kill < 10; kill++) {
    const address = `127.0.0.1:${await freePort()}`;
    const args = ["tournament", "run", file, "--out", disturbed, "--listen", address];
    const run = startNode([PROGRAM, ...args], { group: true });
    // Every third one early, perhaps before it has begun; the others on their way through the six matches.
    if (kill % 3 === 0) await Promise.race([wait(rng.uniform() * 3000), run.ended]);
    else await played(address, ((6 * TRIALS) / 11) * (kill + rng.uniform()));
    const [way, end] = kinds[kill % kinds.length];
    if (run.child.exitCode === null) end(run.child.pid as number);
    const { code, stderr } = await run.ended;
    expect(code, `${way}: ${stderr}`).not.toBe(0); // else it was over before its ten kills
    expect(stderr).not.toContain("forfeit");
    if (/going on: [1-9]/.test(stderr)) goneOn += 1;
  }
  expect(goneOn).toBeGreaterThan(3);

  const last = await icrl("tournament", "run", file, "--out", disturbed);
  expect(last.code, last.stderr).toBe(0);
  const { seed } = JSON.parse(readFileSync(join(disturbed, "tournament.json"), "utf8")) as { seed: string };
  const undisturbed = join(folder.path, "undisturbed");
  await icrl("tournament", "run", file, "--out", undisturbed, "--seed", seed);

  const resultsOf = (out: string) => ({
    ...JSON.parse(readFileSync(join(out, "results.json"), "utf8")),
    command: "", // differs in --out and --seed
  });
  expect(resultsOf(disturbed)).toEqual(resultsOf(undisturbed));
  const trialsOf = (out: string) => readFileSync(join(out, "trials.parquet"));
  expect(trialsOf(disturbed).equals(trialsOf(undisturbed))).toBe(true);

  // The log is whole, and has every episode once.
  expect(await icrlJson("log", "verify", "--data", disturbed)).toMatchObject({ ok: true });
  const count = async (out: string) =>
    icrlJson("log", "query", "SELECT count(*) n, count(DISTINCT episode_id) ids FROM trajectories", "--data", out);
  expect(await count(disturbed)).toEqual(await count(undisturbed));
  // 3 entrants x 4,000 trials x 1 episode, and 3 x 4,000 x 8
  expect(await count(disturbed)).toMatchObject({ rows: [[108_000, 108_000]] });
});

test("an agent whose process is killed forfeits the match that it was playing, with its end, and plays the others", async () => {
  const file = tournamentFile(folder.path, {
    trials: 20_000,
    tasks: [
      { id: "bandit", task: "bernoulli-bandit", options: { arms: 4, horizon: 100 } },
      { id: "river", task: "river-swim", options: { states: 5, horizon: 10, episodes: 2 } },
    ],
    agents: [{ agent: "uniform" }],
  });
  const out = join(folder.path, "crashed");
  const address = `127.0.0.1:${await freePort()}`;
  const run = startNode([PROGRAM, "tournament", "run", file, "--out", out, "--listen", address]);
  await played(address, 1);
  const agent = descendants(run.child.pid as number).find(({ runs }) => runs.includes(" agent "));
  process.kill(agent?.pid as number, "SIGKILL");
  const { code, stdout } = await run.ended;
  expect(code).toBe(4);
  expect(stdout).toMatch(
    /^bandit \/ uniform: [\d,]+ of 20,000 trials, AGENT_CRASHED: its process ended with signal SIGKILL$/m,
  );
  const results = JSON.parse(readFileSync(join(out, "results.json"), "utf8"));
  expect(
    results.tasks.map(({ agents: [entrant] }: { agents: { forfeits: number }[] }) => entrant.forfeits > 0),
  ).toEqual([true, false]);
});
