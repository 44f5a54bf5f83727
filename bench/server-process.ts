/** A server process as a benchmark sees it from outside. What Linux alone tells is 0 elsewhere. */
import { readFileSync } from "node:fs";

function told(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

const kilobytes = (pid: number, name: string): number =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(told(pid, "status"))?.[1] ?? 0);

/** CPU-seconds it has taken. */
export function cpuOf(pid: number): number {
  const text = told(pid, "stat");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

/** Its memory now, in MB. */
export const memoryMb = (pid: number): number => kilobytes(pid, "VmRSS") / 1024;

/** Its largest memory, in MB. */
export const peakMb = (pid: number): number => Math.round(kilobytes(pid, "VmHWM") / 1024);

/** Milliseconds for which its main thread could have run and had no core. */
export const waitedForCoreMs = (pid: number): number => Number(told(pid, "schedstat").split(" ")[1] ?? 0) / 1e6;

/** Whether it still runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The turns of a server's event loop, as its metrics tell. */
export interface Turns {
  /** All. */
  readonly count: number;
  /** Longer than 100 ms. */
  readonly long: number;
  readonly maxMs: number;
  /** Errors of its own. */
  readonly internal: number;
}

/** @param page where its page is, with a slash at the end @returns undefined where it does not answer */
export async function turnsOf(page: string): Promise<Turns | undefined> {
  const text = await fetch(`${page}metrics`, { signal: AbortSignal.timeout(10_000) })
    .then((response) => response.text())
    .catch(() => undefined);
  if (text === undefined) return undefined;
  const value = (name: string) => {
    const line = text.split("\n").find((one) => one.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  };
  const count = value("icrl_event_loop_turn_seconds_count");
  return {
    count,
    long: count - value('icrl_event_loop_turn_seconds_bucket{le="0.1"}'),
    maxMs: value("icrl_event_loop_turn_max_seconds") * 1000,
    internal: value('icrl_errors_total{reason="INTERNAL"}'),
  };
}
