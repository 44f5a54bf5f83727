/**
 * Attacks on a server that 200 sessions play on: `npm run bench:attacks [-- NAME ...] [--json] [--seconds N] [--sessions N]`.
 *
 * Each attack has a server of its own, with a log of some size. What is measured: what the neighbours' answers took before it and while it
 * went on, who of them was ended, the server's CPU and its largest memory. On two cores all share them: what attackers compute is in it, too,
 * though they yield to the others. Talks to loopback alone; ends by itself.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startPrivateServer } from "../../jobs/processes/private-server.js";
import { benchFlags } from "../bench-flags.js";
import { cpuOf, isAlive, peakMb, turnsOf } from "../server-process.js";
import { ATTACKS, type Attack } from "./attack-list.js";
import { fillLog } from "./fill-log.js";
import type { Told } from "./neighbours.js";

const { values: flags, positionals: names } = benchFlags(
  "bench:attacks",
  { json: { type: "boolean", default: false }, seconds: { type: "string" }, sessions: { type: "string" } },
  "[NAME ...]",
);
const LAST_MS = Number(flags.seconds ?? 10) * 1000;
const SESSIONS = Number(flags.sessions ?? 200);
const PACE_MS = 100;
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What came of one. */
interface Outcome {
  readonly attack: string;
  /** What the attacker was told. */
  readonly answer: string;
  readonly seconds: number;
  readonly before: Told;
  readonly during: Told;
  /** CPU-seconds of the server while it went on. */
  readonly serverCpu: number;
  /** Largest memory of the server, before and at the end, in MB. */
  readonly peakMb: readonly [number, number];
  /** Longest turn of its event loop, in milliseconds; NaN where it does not tell. */
  readonly longestTurnMs: number;
  readonly alive: boolean;
}

const started = ATTACKS.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
for (const attack of started) {
  const outcome = await attacked(attack);
  if (flags.json) console.log(JSON.stringify(outcome));
  else print(outcome);
}

async function attacked(attack: Attack): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "icrl-attack-"));
  const limits = ["--entrant-timeout-ms", "3000", "--http", "127.0.0.1:0"];
  const server = await startPrivateServer(folder, { flags: limits });
  const { address, pid } = server;
  const page = server.pageUrl?.replace(/#.*/, "") ?? "";
  await fillLog(address);
  const child = fork(here("neighbours.js"), [address, String(SESSIONS), String(PACE_MS)]);
  const tell = async (): Promise<Told> => {
    child.send("tell");
    return ((await once(child, "message")) as [Told])[0];
  };
  try {
    await wait(3000); // all have opened
    await tell();
    await wait(5000);
    const before = await tell();
    const [cpu, peak] = [cpuOf(pid), peakMb(pid)];
    await longestTurn(page);
    const startedAt = performance.now();
    const answer = await attack
      .run({ address, page, lastMs: LAST_MS })
      .catch((error: Error) => `failed: ${error.message}`);
    await wait(1000);
    const during = await tell();
    return {
      attack: attack.name,
      answer,
      seconds: (performance.now() - startedAt) / 1000,
      before,
      during,
      serverCpu: cpuOf(pid) - cpu,
      peakMb: [peak, peakMb(pid)],
      longestTurnMs: await longestTurn(page),
      alive: isAlive(pid),
    };
  } finally {
    child.kill();
    await Promise.race([server.close(), wait(20_000).then(() => isAlive(pid) && process.kill(pid, "SIGKILL"))]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Longest turn of the event loop since the server started, as its metrics tell. */
const longestTurn = async (page: string): Promise<number> => (await turnsOf(page))?.maxMs ?? Number.NaN;

function print({ attack, answer, seconds, before, during, serverCpu, peakMb, longestTurnMs, alive }: Outcome): void {
  const told = ({ p50, p99, max }: Told) => `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(0)} max ${max.toFixed(0)} ms`;
  const ended = Object.entries(during.ended).map(([reason, count]) => `${count} x ${reason}`);
  console.log(`${attack}: ${answer} (${seconds.toFixed(1)} s)`);
  console.log(`  neighbours before: ${told(before)}; during: ${told(during)}; ended: ${ended.join(", ") || "none"}`);
  console.log(
    `  server: ${alive ? "alive" : "DEAD"}, ${serverCpu.toFixed(1)} CPU-s, peak ${peakMb[0]} -> ${peakMb[1]} MB, longest turn ${longestTurnMs.toFixed(0)} ms`,
  );
}
