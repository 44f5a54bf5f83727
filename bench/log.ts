/**
 * What recording costs: `node dist/bench/log.js [rows] [folder] [--json]`. Bandit episodes of 200 steps with propensities and 50
 * trial features, as E1's are, go through the log into shards. Prints times, CPU of the main thread and of the whole process,
 * bytes a step and memory.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { rngFromSeed } from "../common/rng.js";
import type { EpisodeRecord, RunInfo } from "../server/trajectories/sink.js";
import { openTrajectoryLog } from "../server/trajectories/trajectory-log.js";

const T = 200;
const POOL = 2_048;
const args = process.argv.slice(2).filter((arg) => arg !== "--json");
const rows = Number(args[0] ?? 100_352);
const dir = args[1] ?? mkdtempSync(join(tmpdir(), "icrl-bench-log-"));
const rng = rngFromSeed(1n);

const run: RunInfo = {
  sessionId: "0123456789abcdef",
  tournamentId: undefined,
  collectionId: undefined,
  entrant: undefined,
  taskId: "linear-bandit",
  task: "linear-bandit",
  taskVersion: 1,
  taskOptionsJson:
    '{"dim":5,"actions":10,"horizon":200,"noise_std":1.5,"theta":"uniform01","arms":"uniform-cube","arm_set":"fixed"}',
  agent: "lin-ucb",
  agentVersion: "0.1.0",
  agentOptionsJson: '{"alpha":2,"ridge":1,"first_action":"uniform"}',
  language: "typescript",
  purpose: "play",
  serverVersion: "0.1.0",
  privileged: false,
  tagsJson: "{}",
};

/** An episode like LinUCB's on E1: it explores, then plays one arm, with the rewards' full noise. */
function episode(index: number): EpisodeRecord {
  const trialFeatures = Float32Array.from({ length: 50 }, () => 2 * rng.uniform() - 1);
  const theta = Array.from({ length: 5 }, () => rng.uniform());
  const means = Array.from({ length: 10 }, (_, a) =>
    theta.reduce((sum, w, i) => sum + w * trialFeatures[5 * a + i], 0),
  );
  const best = means.indexOf(Math.max(...means));
  const actions = new Int32Array(T);
  const rewards = new Float32Array(T);
  const regrets = new Float32Array(T);
  for (let t = 0; t < T; t += 1) {
    actions[t] = rng.uniform() < Math.exp(-t / 40) + 0.05 ? Math.floor(10 * rng.uniform()) : best;
    rewards[t] = means[actions[t]] + 1.5 * rng.normal();
    regrets[t] = means[best] - means[actions[t]];
  }
  const seed = () => BigInt(Math.floor(rng.uniform() * 2 ** 53)) << 11n;
  return {
    run,
    trialId: Array.from({ length: 32 }, () => Math.floor(16 * rng.uniform()).toString(16)).join(""),
    trialIndex: BigInt(index),
    seriesSeed: 7n,
    episodeIndex: 0,
    taskSeed: seed(),
    noiseSeed: seed(),
    instance: undefined,
    agentSeed: seed(),
    envIndex: index,
    startedAtMs: 1_800_000_000_000 + index,
    agentMs: 100 * rng.uniform(),
    length: T,
    terminated: true,
    truncated: false,
    endReason: "horizon",
    return: rewards.reduce((sum, r) => sum + r, 0),
    optimalValue: T * means[best],
    regret: regrets.reduce((sum, r) => sum + r, 0),
    observations: undefined,
    stepFeatures: undefined,
    actions,
    rewards,
    propensities: new Float32Array(T).fill(1).fill(0.1, 0, 1),
    probabilities: undefined,
    regrets,
    optimalActions: new Int32Array(T).fill(best),
    trialFeatures,
  };
}

const pool = Array.from({ length: POOL }, (_, index) => episode(index));
const log = await openTrajectoryLog(dir);
const cpuBefore = process.cpuUsage();
const startedMs = performance.now();
let appendMs = 0;
let peakRss = 0;
for (let i = 0; i < rows; ) {
  const before = performance.now();
  for (let k = 0; k < 64 && i < rows; k += 1, i += 1) log.append(pool[i % POOL]);
  appendMs += performance.now() - before;
  // As a server does: between lock-steps others run, and it never gets far ahead of the disk.
  if (i % 256 === 0) await log.whenDurable(Math.max(1, i - 2_048));
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
}
await log.whenDurable(rows);
const durableMs = performance.now() - startedMs;
const mainMs = performance.eventLoopUtilization().active;
await log.close();
const closedMs = performance.now() - startedMs;
const cpu = process.cpuUsage(cpuBefore);
let bytes = 0;
for (const name of readdirSync(join(dir, "data"))) bytes += statSync(join(dir, "data", name)).size;
const result = {
  rows,
  steps: rows * T,
  append_ms: Math.round(appendMs),
  durable_ms: Math.round(durableMs),
  closed_ms: Math.round(closedMs),
  cpu_user_ms: Math.round(cpu.user / 1000),
  cpu_system_ms: Math.round(cpu.system / 1000),
  loop_active_ms: Math.round(mainMs),
  bytes_per_step: Number((bytes / (rows * T)).toFixed(3)),
  shards: readdirSync(join(dir, "data")).length,
  peak_rss_mb: Math.round(peakRss / 2 ** 20),
};
console.log(
  process.argv.includes("--json")
    ? JSON.stringify(result)
    : Object.entries(result)
        .map(([k, v]) => `${k} ${v}`)
        .join("\n"),
);
if (args[1] === undefined) rmSync(dir, { recursive: true });
