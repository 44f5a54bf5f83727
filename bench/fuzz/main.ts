/**
 * Fuzzes a server while neighbours play on it: `npm run fuzz [-- --messages N] [--minutes N] [--seed S] [--json]`, and
 * `npm run fuzz -- FILE ...` plays written cases again, one after the other.
 *
 * A server process of its own on loopback; cases by the seed alone, so that a run can be repeated; ends by itself. It fails where the
 * server ends or reports an error of its own, where a call ends without a reason or not at all, where a neighbour's session ends, where the
 * memory at the end is above that after warming up by more than a bound, and where a turn of the event loop was longer than 100 ms for which
 * the process did not wait for a core. Failing cases are written to files.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startPrivateServer } from "../../jobs/processes/private-server.js";
import type { Told } from "../attacks/neighbours.js";
import { channel } from "../attacks/raw.js";
import { benchFlags } from "../bench-flags.js";
import { cpuOf, isAlive, memoryMb } from "../server-process.js";
import { type Case, caseFromText, caseText } from "./case.js";
import { fuzz, nothingYet } from "./fuzzing.js";
import { runCase } from "./run-case.js";
import { watchTurns } from "./watch-turns.js";

const { values: flags, positionals: files } = benchFlags(
  "fuzz",
  {
    messages: { type: "string" },
    minutes: { type: "string" },
    seed: { type: "string" },
    workers: { type: "string" },
    neighbours: { type: "string" },
    out: { type: "string" },
    json: { type: "boolean", default: false },
  },
  "[FILE ...]",
);
const MESSAGES = Number(flags.messages ?? (flags.minutes === undefined ? 1_000_000 : Number.POSITIVE_INFINITY));
const LAST_MS = Number(flags.minutes ?? Number.POSITIVE_INFINITY) * 60_000;
const SEED = BigInt(flags.seed ?? 1);
const WORKERS = Number(flags.workers ?? 48);
const NEIGHBOURS = Number(flags.neighbours ?? 20);
const OUT = flags.out ?? "fuzz-failures";
/** How many neighbours' lock-steps lie apart on average, in milliseconds. */
const PACE_MS = 100;
/** What memory may grow from warm to the end: this share, and so many MB that the collector has not given back. */
const GROWTH = { share: 0.25, mb: 32 };
/** Warm after this share of all messages, or of the time. */
const WARM = 0.2;
/** Runs of fewer messages say what memory was, and are not judged by it: their server is not warm by then. */
const JUDGED_MESSAGES = 50_000;

/** How long sessions that were left wait for their agent: what they hold is not to count at the end. */
const RESUME_MS = 10_000;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const folder = mkdtempSync(join(tmpdir(), "icrl-fuzz-"));
const faults: { readonly fault: string; readonly file: string }[] = [];
const serverSaid: string[] = [];
const so = nothingYet();
const startedAt = performance.now();

const server = await startPrivateServer(folder, {
  flags: ["--http", "127.0.0.1:0", "--entrant-timeout-ms", "5000", "--resume-ms", String(RESUME_MS)],
  say: (line) => {
    serverSaid.push(line.slice(0, 2000));
    if (levelOf(line) >= 50) written(`the server says ${line.slice(0, 2000)}`, -1, so.underWay);
  },
});
const page = server.pageUrl?.replace(/#.*/, "") ?? "";
const { address, operatorKey, pid } = server;

if (files.length > 0) process.exitCode = await replay(files);
else process.exitCode = await run();
await Promise.race([server.close(), wait(20_000).then(() => isAlive(pid) && process.kill(pid, "SIGKILL"))]);
rmSync(folder, { recursive: true, force: true });

function levelOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { level?: number }).level ?? 0);
  } catch {
    return 50; // no line of its log: a crash
  }
}

/** Writes what was under way when something was wrong. */
function written(fault: string, index: number, underWay: ReadonlyMap<number, Case>): void {
  if (faults.length >= 100) return;
  mkdirSync(OUT, { recursive: true });
  const file = join(OUT, `${SEED}-${index < 0 ? `server-${faults.length}` : index}.jsonl`);
  const own = underWay.get(index);
  const cases = own === undefined ? [...underWay.values()] : [own];
  writeFileSync(file, `${cases.map(caseText).join("\n")}\n`);
  faults.push({ fault, file });
  console.error(`${fault}\n  again: npm run fuzz -- ${file}`);
}

async function run(): Promise<number> {
  const child = fork(fileURLToPath(new URL("../attacks/neighbours.js", import.meta.url)), [
    address,
    String(NEIGHBOURS),
    String(PACE_MS),
  ]);
  const tell = async (): Promise<Told> => {
    child.send("tell");
    return ((await once(child, "message")) as [Told])[0];
  };
  await wait(3000); // all have opened
  await tell();
  await wait(5000);
  const before = await tell();
  const turns = watchTurns(pid, page);
  const cpu = cpuOf(pid);
  const begunAt = performance.now();
  let warmMb: number | undefined;
  let saidAt = begunAt;
  await fuzz(
    {
      ...{ address, operatorKey, seed: SEED, workers: WORKERS },
      onFault: written,
      enough: ({ messages, cases }) => {
        const now = performance.now();
        const share = Math.max(messages / MESSAGES, (now - begunAt) / LAST_MS);
        if (share >= WARM) warmMb ??= memoryMb(pid);
        if (now - saidAt > 30_000) {
          saidAt = now;
          console.error(`${messages} messages in ${cases} cases, ${memoryMb(pid).toFixed(0)} MB`);
        }
        return share >= 1 || !isAlive(pid) || faults.length >= 100;
      },
    },
    so,
  );
  const seconds = (performance.now() - begunAt) / 1000;
  const during = await tell();
  await wait(RESUME_MS + 5000); // what is over may go
  const long = await turns.stop();
  const endMb = memoryMb(pid);
  child.kill();
  const boundMb = (warmMb ?? 0) * (1 + GROWTH.share) + GROWTH.mb;
  const report = {
    seed: String(SEED),
    messages: so.messages,
    cases: so.cases,
    seconds,
    ends: Object.fromEntries([...so.ends].sort(([, a], [, b]) => b - a)),
    faults,
    alive: isAlive(pid),
    server_cpu_seconds: cpuOf(pid) - cpu,
    memory_mb: { warm: warmMb ?? Number.NaN, end: endMb, bound: boundMb },
    neighbours: { before, during },
    turns: long,
    server_warnings: serverSaid.length,
  };
  const wrong = [
    ...(report.alive ? [] : ["the server has ended"]),
    ...(faults.length > 0 ? [`${faults.length} faults`] : []),
    ...(so.messages >= JUDGED_MESSAGES && endMb > boundMb
      ? [`memory grew from ${warmMb?.toFixed(0)} to ${endMb.toFixed(0)} MB`]
      : []),
    ...(long.internal > 0 ? [`${long.internal} errors of the server's own`] : []),
    ...(long.unexplained > 0 ? [`${long.unexplained} turns longer than 100 ms`] : []),
    ...Object.keys(during.ended).map((reason) => `a neighbour ended with ${reason}`),
  ];
  if (flags.json) console.log(JSON.stringify({ ...report, wrong }));
  else print(report, wrong);
  return wrong.length > 0 ? 1 : 0;
}

function print(
  report: {
    readonly messages: number;
    readonly cases: number;
    readonly seconds: number;
    readonly ends: Readonly<Record<string, number>>;
    readonly server_cpu_seconds: number;
    readonly memory_mb: { readonly warm: number; readonly end: number; readonly bound: number };
    readonly neighbours: { readonly before: Told; readonly during: Told };
    readonly turns: Awaited<ReturnType<ReturnType<typeof watchTurns>["stop"]>>;
  },
  wrong: readonly string[],
): void {
  const told = ({ p50, p99, max, steps }: Told) =>
    `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(0)} max ${max.toFixed(0)} ms of ${steps} lock-steps`;
  const { warm, end, bound } = report.memory_mb;
  const { long, unexplained, maxMs, waitedMs } = report.turns;
  console.log(`${report.messages} messages in ${report.cases} cases, seed ${SEED}, ${report.seconds.toFixed(0)} s`);
  console.log(
    `  ended: ${Object.entries(report.ends)
      .map(([what, count]) => `${count} x ${what}`)
      .join(", ")}`,
  );
  console.log(`  memory: ${warm.toFixed(0)} MB warm, ${end.toFixed(0)} MB at the end, at most ${bound.toFixed(0)}`);
  console.log(`  neighbours before: ${told(report.neighbours.before)}`);
  console.log(`  neighbours during: ${told(report.neighbours.during)}`);
  console.log(
    `  turns of the event loop above 100 ms: ${long}, ${unexplained} of them while it had a core; the longest ${maxMs.toFixed(0)} ms; it waited ${waitedMs.toFixed(0)} ms for a core, and took ${report.server_cpu_seconds.toFixed(0)} CPU-s`,
  );
  console.log(wrong.length === 0 ? "  nothing was wrong" : `  WRONG: ${wrong.join("; ")}`);
}

/** Plays written cases again. */
async function replay(paths: readonly string[]): Promise<number> {
  const client = channel(address);
  let wrong = 0;
  for (const path of paths) {
    for (const line of readFileSync(path, "utf8")
      .split("\n")
      .filter((text) => text !== "")) {
      const { ends, fault } = await runCase(caseFromText(line), client, address);
      console.log(`${path}: ${fault ?? ends.join(", ")}`);
      if (fault !== undefined) wrong += 1;
    }
  }
  client.close();
  if (!isAlive(pid)) console.log("the server has ended");
  console.error(`after ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  return wrong > 0 || !isAlive(pid) ? 1 : 0;
}
