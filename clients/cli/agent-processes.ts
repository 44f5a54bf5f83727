/** The agent processes of a tournament: one for each built-in entrant, started again while it has matches left. */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import { PROGRAM } from "./private-server.js";

/** Running agents. */
export interface AgentProcesses {
  /** Ends those that still run; resolves when all have ended. */
  close(): Promise<void>;
}

/** A process that fails this often without a match in between is not started again. */
const MAX_FAILURES = 3;

/**
 * Starts them.
 *
 * @param logDir folder for what each process says, `<entrant>.log`
 * @param unfinished whether an entrant has matches that are not finished
 */
export function startAgentProcesses(
  address: string,
  tournamentId: string,
  spec: TournamentSpec,
  logDir: string,
  unfinished: (entrant: string) => boolean,
): AgentProcesses {
  mkdirSync(logDir, { recursive: true });
  const children = new Set<ChildProcess>();
  let closing = false;

  async function keepRunning(entrant: string, agent: string): Promise<void> {
    const log = createWriteStream(join(logDir, `${entrant.replaceAll(/[^\w.-]/g, "_")}.log`));
    for (let failures = 0; failures < MAX_FAILURES && !closing; failures++) {
      const child = spawn(
        process.execPath,
        [PROGRAM, "agent", agent, "--connect", address, "--entrant", entrant, "--tournament", tournamentId],
        { stdio: ["ignore", "pipe", "pipe"] },
      );
      children.add(child);
      child.stdout.on("data", (text) => log.write(text));
      child.stderr.on("data", (text) => log.write(text));
      await new Promise((resolve) => child.on("exit", resolve));
      children.delete(child);
      log.write(`exit code ${child.exitCode ?? child.signalCode}\n`);
      if (!unfinished(entrant)) break;
    }
    log.end();
  }

  const running = Promise.all(spec.agents.map(({ name, agent }) => keepRunning(name, agent)));
  return {
    async close() {
      closing = true;
      for (const child of children) child.kill("SIGTERM");
      await running;
    },
  };
}
