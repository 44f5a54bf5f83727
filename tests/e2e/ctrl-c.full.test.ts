import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { tournamentFile } from "../support/tournament-file.js";
import { descendants, icrlJson, PROGRAM, startNode, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
const path = (name: string) => join(folder.path, name);
afterAll(() => folder.remove());

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("Ctrl-C", () => {
  // A terminal sends it to all processes of the command; `kill -INT` to one.
  test.each(["all processes", "one process"])(
    "sent to %s ends `play`: no process is left, the log is whole",
    async (whom) => {
      const log = path(`interrupted-play-${whom.length}`);
      const args = ["play", "uniform", "--task", "river-swim", "--envs", "4", "--trials", "1000000", "--data", log];
      const { child, said, ended } = startNode([PROGRAM, ...args], { group: true });
      const pid = child.pid as number;
      await said("0 of 1,000,000 trials");
      const processes = descendants(pid).map((below) => below.pid);
      expect(processes.length).toBe(1); // its server
      process.kill(whom === "one process" ? pid : -pid, "SIGINT");
      const { code, stdout, stderr } = await ended;
      expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
      expect(stderr).toMatch(/\ninterrupted by SIGINT\n$/);
      expect(stderr).not.toContain("error");
      expect(processes.filter(runs)).toEqual([]);
      expect(await icrlJson("log", "verify", "--data", log)).toMatchObject({ ok: true, torn_bytes: 0, segments: 0 });
    },
  );

  test.each(["all processes", "one process"])(
    "sent to %s ends `tournament run`: no process is left, the log is whole",
    async (whom) => {
      const out = path(`interrupted-run-${whom.length}`);
      const file = tournamentFile(folder.path, {
        trials: 100_000,
        tasks: [{ task: "river-swim" }],
        agents: [{ agent: "uniform" }, { agent: "q-learning" }],
      });
      const args = ["tournament", "run", file, "--out", out, "--parallel", "2"];
      const { child, said, ended } = startNode([PROGRAM, ...args], { group: true });
      const pid = child.pid as number;
      await said("0 of 200,000 trials");
      const processes = descendants(pid).map((below) => below.pid);
      expect(processes.length).toBe(3); // its server and two agents
      process.kill(whom === "one process" ? pid : -pid, "SIGINT");
      const { code, stdout, stderr } = await ended;
      expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
      expect(stderr).toMatch(/\ninterrupted by SIGINT\n$/);
      expect(processes.filter(runs)).toEqual([]);
      expect(await icrlJson("log", "verify", "--data", out)).toMatchObject({ ok: true, torn_bytes: 0, segments: 0 });
    },
  );
});
