/**
 * One writer per log. The lock file names its holder; a holder that is dead is replaced. On the same host the process table
 * tells; a holder on another host (a container's, say) is alive as long as it touches the file.
 */
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { kill, pid } from "node:process";
import { IcrlError } from "../../common/errors.js";
import { logFolder } from "../../datasets/log-folder.js";
import { readRegularFile, UnreadableFile } from "../../datasets/read-file.js";

const TOUCH_MS = 5_000;
const STALE_MS = 30_000;

/** Logs that this process holds. */
const held = new Set<string>();

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in clock ticks since boot: tells a process from a later one with its number. Linux only. */
  readonly started: string | undefined;
}

function startOf(process: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${process}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]; // field 22 of proc(5); the name before it may hold anything
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder, touchedMs: number, nowMs: number): boolean {
  if (holder.host !== hostname()) return nowMs - touchedMs < STALE_MS;
  if (holder.pid === pid) return false; // not in `held`: an earlier process with this one's number
  try {
    kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return holder.started === undefined || holder.started === startOf(holder.pid);
}

/**
 * Takes the lock of a log whose folders exist; returns what gives it back.
 * @throws LOG_LOCKED if a living process holds it
 */
export function lockLog(dir: string): () => void {
  return lockFolder(logFolder(dir), dir);
}

/**
 * Takes the lock of a folder that exists; returns what gives it back.
 *
 * @param shown the folder's name in the error
 * @throws LOG_LOCKED if a living process holds it
 */
export function lockFolder(dir: string, shown = dir): () => void {
  const folder = realpathSync(dir);
  const path = join(folder, "lock");
  const locked = (by: string) =>
    new IcrlError("LOG_LOCKED", `${shown} is written by ${by}: stop it, or give another folder`, { folder: shown });
  if (held.has(folder)) throw locked("this process");
  const me: Holder = { pid, host: hostname(), started: startOf(pid) };
  const text = JSON.stringify(me);
  // Written aside and linked into place: the lock is never seen half written.
  const aside = join(folder, `lock.${hostname()}.${pid}`);
  const fd = openSync(aside, "w");
  writeSync(fd, text);
  closeSync(fd);
  try {
    for (let attempt = 0; ; attempt += 1) {
      try {
        linkSync(aside, path);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt === 3) throw error;
        removeIfStale(path, aside, locked);
      }
    }
  } finally {
    rmSync(aside, { force: true });
  }
  held.add(folder);
  const touch = setInterval(() => {
    try {
      const now = new Date();
      utimesSync(path, now, now);
    } catch {
      // Another host may take the lock over then; this host's process table still protects it here.
    }
  }, TOUCH_MS).unref();
  return () => {
    clearInterval(touch);
    held.delete(folder);
    rmSync(path, { force: true });
  };
}

function removeIfStale(path: string, aside: string, locked: (by: string) => IcrlError): void {
  let text: string;
  let touchedMs: number;
  try {
    text = readRegularFile(path, 1 << 16).toString("utf8");
    touchedMs = statSync(path).mtimeMs;
  } catch (error) {
    if (error instanceof UnreadableFile) throw locked(`nobody who can be known: ${path} ${error.message}`);
    return; // given back just now
  }
  let holder: Holder | undefined;
  try {
    holder = JSON.parse(text) as Holder;
  } catch {
    // no holder can be made out: what the file says is worth nothing
  }
  if (holder !== undefined && isAlive(holder, touchedMs, Date.now()))
    throw locked(`process ${holder.pid} on ${holder.host}`);
  // Moved away and looked at again, in case another process has replaced the stale lock in between.
  const moved = `${aside}.stale`;
  try {
    renameSync(path, moved);
  } catch {
    return;
  }
  const taken = readFileSync(moved, "utf8");
  if (taken !== text) linkSync(moved, path);
  rmSync(moved);
}
