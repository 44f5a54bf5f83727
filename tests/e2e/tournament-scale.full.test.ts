import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { jsonText } from "#icrl/common/json-text.js";
import { writeTrialsParquet } from "#icrl/datasets/tournament/write-trials.js";
import { resultsJson } from "#icrl/jobs/tournament/results.js";
import type { Tournament, TournamentSpec } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { serverForTest } from "../support/server.js";
import { tempDir } from "../support/temp-dir.js";
import { create, finished, randomAgent } from "../support/tournament.js";
import { PROGRAM, startNode } from "./run-icrl.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** So many agents on so many tasks, two trials of three steps each: messages are what a step costs. */
function specOf(agents: number, tasks: number): TournamentSpec {
  return {
    name: "many",
    seed: 3n,
    trials: 2,
    tasks: Array.from({ length: tasks }, (_, i) => ({
      id: `task-${i}`,
      task: "bernoulli-bandit",
      options: { arms: 2, horizon: 3 },
    })),
    agents: Array.from({ length: agents }, (_, i) => ({ name: `agent-${i}`, agent: "random", options: {}, tasks: [] })),
  };
}

/** Entrants that play at a time. */
const SIDE_BY_SIDE = 20;

/** Plays it in this process; what the server then holds of it, in bytes, and what came out. */
async function play(of: TournamentSpec) {
  const server = await serverForTest({ entrant_timeout_ms: 600_000 });
  collectGarbage();
  const before = process.memoryUsage();
  const id = await create(server.connection, of);
  const waiting = of.agents.map(({ name }) => name);
  await Promise.all(
    Array.from({ length: SIDE_BY_SIDE }, async () => {
      const connection = await connect(server.address);
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        await serveMatches(connection, { ...randomAgent("random") }, { entrant: name, tournamentId: id, streams: 1 });
      }
      connection.close();
    }),
  );
  const { tournament, results } = await finished(server.connection, id);
  collectGarbage();
  const after = process.memoryUsage();
  const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  return { server, id, tournament, results, bytes };
}

test("200 agents by 50 tasks are scheduled and reported, and memory grows with the matches, not with their square", async () => {
  const small = await play(specOf(50, 50));
  const large = await play(specOf(200, 50));
  expect(large.tournament.matches.length).toBe(10_000);
  expect(large.tournament.matches.every(({ completeTrials }) => completeTrials === 2)).toBe(true);
  expect(large.results.leaderboard.length).toBe(10_000);
  // Four times the matches: 4 would be linear, 16 the square of the agents. What both hold beside matches makes it less.
  expect(large.bytes / small.bytes).toBeLessThan(6);

  const folder = tempDir();
  onTestFinished(() => folder.remove());
  const json = resultsJson(large.results, large.tournament as Tournament, "icrl tournament run many.yaml", {});
  writeFileSync(join(folder.path, "results.json"), jsonText(json));
  const chunks: Buffer[] = [];
  for await (const { arrowIpc } of large.server.connection.streamTrials({ id: large.id })) chunks.push(arrowIpc);
  writeTrialsParquet(chunks, join(folder.path, "trials.parquet"));
  // Half of what Node would take by itself: a table of all pairs on all tasks would not fit.
  const report = await startNode(["--max-old-space-size=512", PROGRAM, "tournament", "report", folder.path]).ended;
  expect(report.code, report.stderr).toBe(0);
  expect(existsSync(join(folder.path, "report.html"))).toBe(true);
});
