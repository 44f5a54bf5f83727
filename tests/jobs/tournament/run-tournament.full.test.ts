import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { runTournament } from "#icrl/jobs/tournament/run-tournament.js";
import { readTournamentFile } from "#icrl/jobs/tournament/tournament-file.js";
import { heard } from "../../support/job-listener.js";
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
