/** The agent processes of a tournament or collection: one for each built-in entrant, started again if it ends while it has matches left. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { PROGRAM } from "./private-server.js";
import { type ReportedError, reportedError } from "./reported-error.js";

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
 * @param schedule flags that name the tournament or collection: ["--tournament", id]
 * @param entrants names in it, and the built-in agents behind them
 * @param logDir folder for what each process says, `<entrant>.log`
 * @param unfinished whether an entrant has matches that are not finished
 * @param onGivenUp called when an entrant's process is not started again though it has matches left, with the error that the last
 *   one gave
 */
export function startAgentProcesses(
  address: string,
  schedule: readonly string[],
  entrants: readonly { readonly name: string; readonly agent: string }[],
  logDir: string,
  unfinished: (entrant: string) => boolean,
  onGivenUp: (entrant: string, logFile: string, error: ReportedError | undefined) => void,
): AgentProcesses {
  mkdirSync(logDir, { recursive: true });
  const children = new Set<ChildProcess>();
  let closing = false;

  async function keepRunning(entrant: string, agent: string): Promise<void> {
    const logFile = join(logDir, `${entrant.replaceAll(/[^\w.-]/g, "_")}.log`);
    const log = createWriteStream(logFile);
    let said = "";
    for (let failures = 0; !closing; failures++) {
      if (failures === MAX_FAILURES) {
        onGivenUp(entrant, logFile, reportedError(said));
        break;
      }
      const child = spawn(
        process.execPath,
        [PROGRAM, "agent", agent, "--connect", address, "--entrant", entrant, ...schedule],
        { stdio: ["ignore", "pipe", "pipe"] },
      );
      children.add(child);
      child.stdout.on("data", (text) => log.write(text));
      child.stderr.on("data", (text) => {
        log.write(text);
        said = (said + text).slice(-10_000);
      });
      await new Promise((resolve) => child.on("exit", resolve));
      children.delete(child);
      log.write(`exit code ${child.exitCode ?? child.signalCode}\n`);
      if (!unfinished(entrant)) break;
    }
    log.end();
  }

  const running = Promise.all(entrants.map(({ name, agent }) => keepRunning(name, agent)));
  return {
    async close() {
      closing = true;
      for (const child of children) child.kill("SIGTERM");
      await running;
    },
  };
}
