/**
 * Stands between a job and a command that it runs, as a process of its own: `node keep-command.js GRACE_MS WORD...`. The command leads a
 * process group, all of which is ended with the job, however that ends, and with the command itself: first by SIGTERM, and what is left
 * after a while by SIGKILL. How the command ended is told to the job as a message.
 */
import { spawn } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { EXIT } from "./exit-codes.js";
import { endMessage, errorMessage } from "./told-error.js";

/** How often a group that is ending is looked at, in milliseconds. */
const LOOK_MS = 50;

const [graceMs, program, ...args] = process.argv.slice(2);
let ending: Promise<void> | undefined;
// Before there is a command: from then on it does not end without it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
process.stdin.on("close", end).resume();
const command = spawn(program, args, { detached: true, stdio: ["ignore", "inherit", "inherit"] });

/** Sends a signal to the whole group; returns whether there is one left. */
function signalGroup(signal: NodeJS.Signals | 0): boolean {
  if (command.pid === undefined) return false;
  try {
    return process.kill(-command.pid, signal);
  } catch {
    return false;
  }
}

/** Ends the group; resolves when nothing of it is left. */
async function endGroup(): Promise<void> {
  signalGroup("SIGTERM");
  for (let leftMs = Number(graceMs); leftMs > 0 && signalGroup(0); leftMs -= LOOK_MS) await wait(LOOK_MS);
  signalGroup("SIGKILL");
}

function end(): Promise<void> {
  ending ??= endGroup();
  return ending;
}

command.on("error", ({ message }) => leave(errorMessage({ message: `it could not be started: ${message}` })));
command.on("exit", async (code, signal) => {
  await end();
  leave(endMessage(code ?? (signal as NodeJS.Signals)));
});

/** Ends this process, once the job has been told. */
function leave(message: unknown): void {
  process.exitCode = EXIT.failed; // for a job that is gone
  if (process.connected) process.send?.(message, undefined, undefined, () => process.exit());
  else process.exit();
}
