/** Who holds a lock, and whether it lives, as far as the process table tells. */
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { kill, pid } from "node:process";

/** A process that has taken a lock. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** The running kernel and the PID namespace: what `pid` means. Undefined where /proc does not tell. */
  readonly boot: string | undefined;
  readonly pidNamespace: string | undefined;
  /** When the process started, in clock ticks since boot: tells a process from a later one with its number. */
  readonly started: string | undefined;
  /** Tells this taking from any other. */
  readonly token: string;
}

function fromProc<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // not Linux, or not shown to us
  }
}

/** State and start of a process, fields 3 and 22 of proc(5); the name before them may hold anything. */
function processOf(process: number): { state: string; started: string } | undefined {
  return fromProc(() => {
    const stat = readFileSync(`/proc/${process}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0], started: fields[19] };
  });
}

/** This process, taking a lock now. */
export const thisHolder = (): Holder => ({
  pid,
  host: hostname(),
  boot: fromProc(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
  pidNamespace: fromProc(() => readlinkSync("/proc/self/ns/pid")),
  started: processOf(pid)?.started,
  token: randomUUID(),
});

const isHere = (holder: Holder, me: Holder): boolean =>
  me.boot !== undefined &&
  me.pidNamespace !== undefined &&
  holder.boot === me.boot &&
  holder.pidNamespace === me.pidNamespace;

/** Tokens of what this process holds. */
export const held = new Set<string>();

/** What the process table says of a holder; undefined where it says nothing. */
export function seenInTable(holder: Holder): "alive" | "dead" | undefined {
  if (!isHere(holder, thisHolder())) return undefined;
  if (holder.pid === pid) return held.has(holder.token) ? "alive" : "dead"; // dead: an earlier process with this one's number
  try {
    kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "dead";
  }
  const found = processOf(holder.pid);
  if (found === undefined || holder.started === undefined) return undefined;
  return found.started === holder.started && found.state !== "Z" && found.state !== "X" ? "alive" : "dead";
}

/** A holder for people. */
export function nameOf(holder: Holder): string {
  const here = isHere(holder, thisHolder());
  if (here && holder.pid === pid) return "this process";
  const elsewhere = !here && holder.host === hostname() ? " in another container, or before a restart" : "";
  return `process ${holder.pid} on ${holder.host}${elsewhere}`;
}
