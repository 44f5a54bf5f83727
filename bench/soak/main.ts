/**
 * Mixed load with faults injected: `npm run soak [-- --minutes N] [--seed S] [--json]`.
 *
 * Two servers behind relays, on loopback: one lives from the beginning to the end, and its memory is looked at; the other one is killed,
 * drained and started again on its folder. On both: free play by processes that are killed now and then, tournaments, collections, labels,
 * readers and the page. Faults are drawn from the seed. At the end every trial that a client was told to be durable must be in the log,
 * once, with the same actions and rewards; the log must verify; and what the one that lived holds in memory (collect-on-signal.ts says what that is) must be
 * within 10 % of what it was when warm (of runs of ten minutes and more). Ends by itself.
 */
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { rngFromSeed } from "../../common/rng.js";
import { PROGRAM } from "../../jobs/processes/program.js";
import { benchFlags } from "../bench-flags.js";
import { isAlive, memoryMb } from "../server-process.js";
import { checkLog, type LogCheck } from "./check-log.js";
import { injectFaults, noFaults } from "./faults.js";
import { type Ground, openGround } from "./ground.js";
import { browser, collections, type LoadCounts, labels, noLoads, reader, tournaments, type Victim } from "./loads.js";
import type { Acknowledged, PlayerTold } from "./player.js";
import { printReport } from "./print-report.js";

const { values: flags } = benchFlags("soak", {
  minutes: { type: "string" },
  seed: { type: "string" },
  json: { type: "boolean", default: false },
});
const MINUTES = Number(flags.minutes ?? 60);
const SEED = BigInt(flags.seed ?? 1);
/** Processes of free players on each server, and their sessions. */
const PLAYERS = { processes: 2, sessions: 6 };
/** Runs that are shorter say what memory was, and are not judged by it. */
const JUDGED_MINUTES = 10;
const GROWTH = 0.1;
/** How often the garbage of the server that lives is collected, and its memory looked at, in milliseconds. */
const COLLECT_MS = 20_000;
/** A while of six such looks. */
const WHILE_MS = 120_000;
/** How long load goes on without faults at the end, so that what was cut can finish, in milliseconds. */
const CALM_MS = 5000;

const DATASET = {
  name: "soak",
  seed: 1,
  trials: 60,
  tasks: [{ id: "a", task: "bernoulli-bandit", options: { arms: 3, horizon: 20 } }],
  behaviours: [{ name: "u", agent: "uniform" }],
};

/** What one server's load has come to. */
interface Field {
  readonly ground: Ground;
  readonly counts: LoadCounts;
  readonly victims: readonly Victim[];
  readonly players: ChildProcess[];
  readonly acknowledged: Acknowledged[];
}

const played = { sessions: 0, steps: 0, ended: {} as Record<string, number> };
let players = 0;
const stop = new AbortController();
const calm = new AbortController();

function startPlayer({ ground, players: running, acknowledged }: Field): void {
  const name = `${ground.name}-${players++}`;
  const args = [ground.relay.address, name, String(PLAYERS.sessions), String(SEED)];
  const child = fork(fileURLToPath(new URL("player.js", import.meta.url)), args);
  running.push(child);
  child.on("message", (told: PlayerTold) => {
    acknowledged.push(...told.acknowledged);
    played.sessions += told.sessions;
    played.steps += told.steps;
    for (const [why, count] of Object.entries(told.ended)) played.ended[why] = (played.ended[why] ?? 0) + count;
  });
}

/** Starts everything that goes on on a server. */
function populate(ground: Ground, dir: string): { field: Field; loads: Promise<unknown> } {
  const counts = noLoads();
  const victims = [0, 1, 2].map((): Victim => ({ kill: undefined }));
  const field: Field = { ground, counts, victims, players: [], acknowledged: [] };
  for (let i = 0; i < PLAYERS.processes; i++) startPlayer(field);
  const { signal } = stop;
  const loads = Promise.all([
    tournaments(ground, join(dir, `${ground.name}-tournaments`), counts, victims[0], signal),
    collections(ground, counts, victims[1], signal),
    labels(ground, counts, victims[2], signal),
    reader(ground, counts, signal),
    browser(ground, counts, signal),
  ]);
  return { field, loads };
}

/** The median of some numbers; NaN of none. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function endPlayer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.send("stop");
  await Promise.race([gone, wait(5000)]);
  child.kill("SIGKILL");
}

const dir = mkdtempSync(join(tmpdir(), "icrl-soak-"));
writeFileSync(join(dir, "dataset.json"), JSON.stringify(DATASET));
for (const name of ["steady", "mortal"]) {
  const out = join(dir, `${name}-dataset`);
  const made = spawnSync(process.execPath, [PROGRAM, "dataset", "collect", join(dir, "dataset.json"), "--out", out]);
  if (made.status !== 0) throw new Error(`no dataset: ${made.stderr}`);
}
const heldFile = join(dir, "held");
writeFileSync(heldFile, "");
const own = process.env.NODE_OPTIONS;
process.env.ICRL_HELD_MEMORY = heldFile;
process.env.NODE_OPTIONS = `${own ?? ""} --import ${new URL("collect-on-signal.js", import.meta.url).href}`;
const steady = await openGround("steady", join(dir, "steady"), join(dir, "steady-dataset"));
if (own === undefined) delete process.env.NODE_OPTIONS;
else process.env.NODE_OPTIONS = own;
const mortal = await openGround("mortal", join(dir, "mortal"), join(dir, "mortal-dataset"));
const populated = [populate(steady, dir), populate(mortal, dir)];
const fields = populated.map(({ field }) => field);
const rng = rngFromSeed(SEED);
const faults = noFaults();
interface Sample {
  /** Of the run's time, 0 to 1. */
  readonly at: number;
  readonly mb: number;
}
/** Of the server that lives, as it is. */
const memory: Sample[] = [];
const begunAt = performance.now();
const lastMs = MINUTES * 60_000;
const sample = (): Sample => ({ at: (performance.now() - begunAt) / lastMs, mb: memoryMb(steady.server.pid) });
const sampling = setInterval(() => memory.push(sample()), 1000);
const collecting = setInterval(() => {
  if (isAlive(steady.server.pid)) process.kill(steady.server.pid, "SIGUSR2");
}, COLLECT_MS);
const said = setInterval(() => {
  const minutes = ((performance.now() - begunAt) / 60_000).toFixed(0);
  const holds = Number(readFileSync(heldFile, "utf8").trimEnd().split(" ").at(-1)).toFixed(0);
  console.error(
    `${minutes} minutes: ${played.sessions} sessions, ${memory.at(-1)?.mb.toFixed(0)} MB, of which it holds ${holds}, ${JSON.stringify(faults)}`,
  );
}, 60_000);
const hurt = {
  ...{ grounds: [steady, mortal], mortal },
  killPlayer() {
    const field = fields[rng.integer(fields.length)];
    field.players.splice(rng.integer(field.players.length), 1)[0]?.kill("SIGKILL");
    startPlayer(field);
  },
  killCommand() {
    const under = fields.flatMap(({ victims }) => victims).filter(({ kill }) => kill !== undefined);
    under[rng.integer(Math.max(1, under.length))]?.kill?.();
    return under.length > 0;
  },
};
const injecting = injectFaults(hurt, rng, faults, calm.signal);
await wait(Math.max(0, lastMs - CALM_MS));
calm.abort();
await injecting;
await wait(CALM_MS);
clearInterval(sampling);
clearInterval(collecting);
clearInterval(said);
const alive = isAlive(steady.server.pid);
for (const { players: running } of fields) await Promise.all(running.map(endPlayer));
stop.abort();
await Promise.all(populated.map(({ loads }) => loads));
for (const { ground } of fields) await ground.close();

const checks: LogCheck[] = [];
for (const { ground, acknowledged } of fields) checks.push(await checkLog(ground.dataDir, acknowledged));
/** By windows of a tenth of the time, when warm and the last one. */
const warmAndEnd = (samples: readonly Sample[], of: (window: readonly Sample[]) => number) => ({
  warm: of(samples.filter(({ at }) => at >= 0.2 && at < 0.3)),
  end: of(samples.filter(({ at }) => at >= 0.9)),
});
const medianMb = (window: readonly Sample[]): number => median(window.map(({ mb }) => mb));
/**
 * Of what is looked at in a while the least, and of these the median: what a read, a label, a tournament under way takes is not held.
 */
function leastMb(window: readonly Sample[]): number {
  const whiles = new Map<number, number>();
  for (const { at, mb } of window) {
    const n = Math.floor((at * lastMs) / WHILE_MS);
    whiles.set(n, Math.min(mb, whiles.get(n) ?? Number.POSITIVE_INFINITY));
  }
  return median([...whiles.values()]);
}
/** The same, its garbage collected. */
const held = readFileSync(heldFile, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line): Sample => {
    const [ms, mb] = line.split(" ").map(Number);
    return { at: (ms - performance.timeOrigin - begunAt) / lastMs, mb };
  });
const { warm, end } = warmAndEnd(held, leastMb);
const wrong = [
  ...(alive ? [] : ["the server that was to live has ended"]),
  ...fields.flatMap(({ counts, ground }) => counts.wrong.map((text) => `${ground.name}: ${text}`)),
  ...fields.flatMap(({ ground }) =>
    ground.said
      .filter((line) => line.includes('"level":50'))
      .map((line) => `${ground.name} said ${line.slice(0, 500)}`),
  ),
  ...checks.flatMap(({ problems }) => problems),
  ...checks.flatMap((check, i) =>
    [...fields[i].counts.tournamentTrials]
      .filter(([id, trials]) => (check.tournamentTrials.get(id) ?? 0) < trials)
      .map(
        ([id, trials]) =>
          `tournament ${id}: ${trials} trials were played, the log has ${check.tournamentTrials.get(id) ?? 0}`,
      ),
  ),
  ...(MINUTES >= JUDGED_MINUTES && end > warm * (1 + GROWTH)
    ? [`memory grew from ${warm.toFixed(0)} to ${end.toFixed(0)} MB`]
    : []),
];
const sum = (of: (counts: LoadCounts) => number) => fields.reduce((total, { counts }) => total + of(counts), 0);
const report = {
  minutes: MINUTES,
  seed: String(SEED),
  sessions: played.sessions,
  steps: played.steps,
  sessions_ended: played.ended,
  faults,
  acknowledged: checks.reduce((total, check) => total + check.acknowledged, 0),
  found: checks.reduce((total, check) => total + check.found, 0),
  episodes: checks.reduce((total, check) => total + check.episodes, 0),
  tournaments: sum((counts) => counts.tournaments),
  tournaments_resumed: sum((counts) => counts.tournamentsResumed),
  forfeits: sum((counts) => counts.forfeits),
  collections: sum((counts) => counts.collections),
  collections_begun_again: sum((counts) => counts.collectionsBegunAgain),
  labels: sum((counts) => counts.labels),
  labels_resumed: sum((counts) => counts.labelsResumed),
  reads: sum((counts) => counts.reads),
  reads_failed: sum((counts) => counts.readsFailed),
  read_errors: fields.map(({ counts }) => counts.readErrors),
  pages: sum((counts) => counts.pages),
  memory_mb: { warm, end, judged: MINUTES >= JUDGED_MINUTES, with_garbage: warmAndEnd(memory, medianMb) },
  wrong,
};
if (flags.json) console.log(JSON.stringify(report));
else printReport(report);
rmSync(dir, { recursive: true, force: true });
process.exit(wrong.length > 0 ? 1 : 0);
