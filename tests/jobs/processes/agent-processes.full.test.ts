import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type EndedProcess, startAgentProcesses } from "#icrl/jobs/processes/agent-processes.js";
import { TournamentState } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { serverForTest } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";
import { finished, spec } from "../../support/tournament.js";

const KEY = "a-secret-of-the-job";

/** The process of an entrant, as every user of the machine sees it. */
function processOf(entrant: string): { readonly pid: number; readonly args: string } {
  const lines = execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" }).split("\n");
  const line = lines.find((text) => text.includes(`--entrant ${entrant}`)) ?? "";
  return { pid: Number.parseInt(line, 10), args: line };
}

test("a process that hangs is ended as if it had crashed, the next one goes on; its key is in no list of processes", async () => {
  const server = await serverForTest({ act_timeout_ms: 1000, act_overtime_ms: 0 });
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  const entrant = `hung-${process.pid}`;
  const tasks = ["first", "second"].map((id) => ({
    id,
    task: "bernoulli-bandit",
    options: { arms: 2, horizon: 2000 },
  }));
  const { tournament: created } = await server.connection.createTournament({
    spec: spec([`${entrant}=uniform`], { tasks, trials: 400 }),
    attendance: [{ name: entrant, processes: 1, mayLeave: true }],
    entrantKeys: [{ name: entrant, key: KEY }],
  });
  const id = created?.id as string;
  const ends: EndedProcess[] = [];
  let tournament = created;
  const processes = startAgentProcesses({
    address: server.address,
    schedule: ["--tournament", id],
    entrants: [{ name: entrant, agent: "uniform" }],
    keyOf: () => KEY,
    hungMs: 200,
    logDir: join(dir.path, "agents"),
    unfinished: () => tournament?.matches.some(({ state }) => state !== TournamentState.FINISHED) ?? true,
    async onCrash(ended) {
      ends.push(ended);
      const message = ended.how;
      const { matchIds } = await server.connection.forfeitMatches({ id, entrant, message, all: false, key: KEY });
      return matchIds.length;
    },
    onGivenUp() {},
  });
  onTestFinished(() => processes.close());
  let stopped = false;
  for await (const { tournament: update } of server.connection.watchTournament({ id })) {
    tournament = update;
    // The next one is left alone, however slow the machine is: a fifth of a second is soon over.
    for (const { name, processes: there } of update?.entrants ?? []) {
      if (ends.length === 0 && (stopped || there > 0)) processes.seen(name, there);
    }
    if (stopped || !update?.matches.some(({ steps }) => steps > 0n)) continue;
    const { pid, args } = processOf(entrant);
    expect(args).not.toContain(KEY);
    process.kill(pid, "SIGSTOP");
    stopped = true;
  }
  expect(ends.map(({ how }) => how)).toEqual(["signal SIGKILL, as it hung"]);
  const { tournament: over } = await finished(server.connection, id);
  const forfeits = over.matches.filter(({ forfeitReason }) => forfeitReason === "AGENT_CRASHED");
  expect(forfeits.map(({ forfeitMessage }) => forfeitMessage)).toContain("signal SIGKILL, as it hung");
  expect(forfeits.length).toBeLessThan(3);
});
