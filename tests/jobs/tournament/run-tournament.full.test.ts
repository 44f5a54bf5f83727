import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { openRelay } from "#icrl/bench/soak/relay.js";
import { runTournament } from "#icrl/jobs/tournament/run-tournament.js";
import { readTournamentFile } from "#icrl/jobs/tournament/tournament-file.js";
import { heard } from "../../support/job-listener.js";
import { startServerProcess, startTestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";
import { tournamentFile } from "../../support/tournament-file.js";

const folder = tempDir();
afterAll(() => folder.remove());

const running = new AbortController().signal;
const { spec } = readTournamentFile(tournamentFile(folder.path, { trials: 300 }));
const planTo = (name: string) => ({ spec, out: join(folder.path, name), overwrite: false, command: "as before" });

test("a tournament is played without a word but to its listener; aborted, the same plan goes on to the same results", async () => {
  const printed = (["stdout", "stderr"] as const).map((name) => vi.spyOn(process[name], "write"));
  onTestFinished(() => printed.forEach((spy) => void spy.mockRestore()));
  const listener = heard();
  const results = await runTournament(planTo("a"), listener, running);
  expect(JSON.parse(readFileSync(join(folder.path, "a/results.json"), "utf8"))).toEqual(results);
  expect(results.command).toBe("as before");
  expect(listener.items()).toMatchObject([{ done: 300 }, { done: 300 }]);
  expect(listener.said).toEqual([expect.stringMatching(/^watch it at http/)]);

  const stop = new AbortController();
  const why = new Error("enough");
  const stopping = heard((items) => items.some(({ done }) => done > 0) && stop.abort(why));
  await expect(runTournament(planTo("b"), stopping, stop.signal)).rejects.toBe(why);
  const goingOn = heard();
  const resumed = await runTournament(planTo("b"), goingOn, running);
  expect(goingOn.said).toContainEqual(expect.stringMatching(/^going on: \d+ of 600 trials are there already$/));
  expect(resumed).toEqual({ ...results, tournament: { ...results.tournament, id: resumed.tournament.id } });
  for (const spy of printed) expect(spy).not.toHaveBeenCalled();
});

test("a tournament whose key a server drew is played again, bit for bit, from what the run left", async () => {
  const server = await startTestServer();
  onTestFinished(() => server.dispose());
  const plan = { ...planTo("drawn"), server: server.address };
  const results = await runTournament(plan, heard(), running);
  expect(results.tournament.seed_key).toMatch(/^[0-9a-f]{64}$/);
  expect(statSync(join(plan.out, "tournament.json")).mode & 0o777).toBe(0o600);
  // The same command goes on with it, and the server with its own.
  expect(await runTournament(plan, heard(), running)).toEqual(results);

  const { spec: left, seedKey } = readTournamentFile(join(plan.out, "tournament.json"));
  expect(seedKey).toBe(results.tournament.seed_key);
  const again = await runTournament({ ...planTo("again"), spec: left, seedKey }, heard(), running);
  expect(again).toEqual(results);
  expect(readFileSync(join(folder.path, "again/trials.parquet"))).toEqual(
    readFileSync(join(plan.out, "trials.parquet")),
  );
  // With none but our own processes on a private server there is no key, and the trials are others.
  const without = await runTournament(planTo("without"), heard(), running);
  expect(without.tournament).toEqual({ ...results.tournament, seed_key: "" });
  expect(without.tasks).not.toEqual(results.tasks);
});

test("on somebody else's server it outlives a connection that breaks and a server that is started again, says so, and gives the same results", async () => {
  const undisturbed = await runTournament({ ...planTo("undisturbed"), seedKey: "" }, heard(), running);
  const data = join(folder.path, "elsewhere");
  const flags = ["--resume-ms", "60000", "--drain-ms", "500"];
  let server = await startServerProcess(data, flags);
  const relay = await openRelay();
  onTestFinished(() => relay.close());
  relay.lead(server.address);
  let restarted: Promise<void> | undefined;
  const restart = async () => {
    server.child.kill("SIGTERM");
    await server.exited;
    server = await startServerProcess(data, flags);
    relay.lead(server.address);
  };
  let cuts = 0;
  const listener = heard((items) => {
    const done = items.reduce((sum, item) => sum + item.done, 0);
    if (done > 50 && cuts === 0) cuts = relay.cut(() => true);
    if (done > 200 && restarted === undefined) restarted = restart();
  });
  const plan = { ...planTo("disturbed"), server: relay.address, seedKey: "" };
  const results = await runTournament(plan, listener, running);
  await restarted;
  expect(cuts).toBeGreaterThan(0);
  expect(restarted).toBeDefined();
  const lost = listener.said.filter((line) =>
    line.startsWith("the connection was lost: trying again for up to 60 s ("),
  );
  expect(lost.length).toBeGreaterThanOrEqual(2);
  expect(listener.said.filter((line) => /^connected again after [\d.]+ s$/.test(line))).toHaveLength(lost.length);
  expect(results).toEqual(undisturbed);
  server.child.kill("SIGTERM");
  await server.exited;
});
