/**
 * The hot path: `npm run bench [-- --json] [-- --quick] [-- --steps N]`.
 *
 * First lock-steps per second for several batch sizes, beside a bare grpc-js echo of the same message sizes, in alternating
 * rounds of one run, each round's ratio to its own echo, the median of them reported: neighbours on the machine slow both alike.
 * `bare` sends fixed actions, `lin-ucb` lets LinUCB choose; the server is a process of its own, the agent is this one.
 * Then many recorded LinUCB steps on E1: wall time, CPU-seconds of both processes, memory, bytes on disk, and DuckDB's count.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findAgent } from "../agents/registry.js";
import { type Connection, connect } from "../clients/typescript/connect.js";
import { playAgent } from "../clients/typescript/play-agent.js";
import { createPolicies } from "../clients/typescript/policies.js";
import { introduce, open } from "../clients/typescript/session.js";
import { resolveOptions } from "../common/options.js";
import { int32Tensor } from "../common/tensor.js";
import { queryLog } from "../datasets/log/query-log.js";
import { startPrivateServer } from "../jobs/processes/private-server.js";
import { type Actions, PlayRequest, PlayResponse } from "../proto/gen/icrl/v1/environment.js";
import { benchFlags } from "./bench-flags.js";
import { startEcho } from "./echo.js";

const { values: flags } = benchFlags("bench", {
  json: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
  steps: { type: "string" },
});
const ROUND_MS = flags.quick ? 150 : 700;
const ROUNDS = flags.quick ? 2 : 7;
const BATCHES = [1, 256, 1024, 2048];
const HORIZON = 200;
const trials = Math.ceil(Number(flags.steps ?? (flags.quick ? 400_000 : 20_070_400)) / HORIZON);
const linUcb = findAgent("lin-ucb");
const linUcbOptions = resolveOptions(linUcb.options, {}, "lin-ucb");

/** Lock-steps per second, and the sizes of a typical exchange. */
interface Rate {
  readonly perSecond: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

async function lockSteps(connection: Connection, numEnvs: number, record: boolean, chooses: boolean): Promise<Rate> {
  const stream = connection.play();
  await introduce(stream, { agent: chooses ? "lin-ucb" : "bare" });
  const opened = await open(stream, { task: "linear-bandit", numEnvs, trials: 1e9, seed: 1, record });
  const policies = createPolicies(
    linUcb,
    linUcbOptions,
    opened.task as NonNullable<typeof opened.task>,
    numEnvs,
    false,
  );
  const fixed = int32Tensor(new Int32Array(numEnvs).fill(3), [numEnvs]);
  let startedAt = 0;
  let count = 0;
  let requestBytes = 0;
  let responseBytes = 0;
  for (;;) {
    const message = await stream.next();
    if (message.$case !== "observations") throw new Error(message.$case);
    const now = performance.now();
    const observations = message.value;
    const actions: Actions = chooses
      ? (policies.respond(observations) as Actions)
      : { stepIndex: observations.stepIndex, actions: fixed, propensities: undefined, probabilities: undefined };
    if (observations.stepIndex === 5n) {
      responseBytes = PlayResponse.encode({ message }).finish().length;
      requestBytes = PlayRequest.encode({ message: { $case: "actions", value: actions } }).finish().length;
    }
    if (observations.stepIndex === BigInt(HORIZON))
      startedAt = now; // a whole trial to warm up
    else if (startedAt > 0) count += 1;
    // Whole trials only: their ends and beginnings cost more than the steps between.
    if (startedAt > 0 && now - startedAt >= ROUND_MS && count % HORIZON === 0) {
      stream.cancel();
      return { perSecond: (count / (now - startedAt)) * 1000, requestBytes, responseBytes };
    }
    stream.send({ $case: "actions", value: actions });
  }
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[values.length >> 1];
}

const say = (text: string) => flags.json || process.stdout.write(`${text}\n`);

async function benchLockSteps(connection: Connection) {
  const echo = await startEcho();
  const results = [];
  say("lock-steps per second beside a bare echo of the same sizes; ratios are medians of rounds");
  say("  envs   echo/s   bare  lin-ucb  lin-ucb recorded   recorded/unrecorded   lin-ucb recorded, steps/s");
  for (const numEnvs of BATCHES) {
    const echoes: number[] = [];
    const bares: number[] = [];
    const chosen: number[] = [];
    const recordeds: number[] = [];
    const costs: number[] = [];
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const bare = await lockSteps(connection, numEnvs, false, false);
      const limitBefore = await echo.roundTripsPerSecond(bare.requestBytes, bare.responseBytes, ROUND_MS);
      const unrecorded = await lockSteps(connection, numEnvs, false, true);
      const recorded = await lockSteps(connection, numEnvs, true, true);
      const limit = await echo.roundTripsPerSecond(recorded.requestBytes, recorded.responseBytes, ROUND_MS);
      echoes.push(limit);
      bares.push(bare.perSecond / limitBefore);
      chosen.push(unrecorded.perSecond / limit);
      recordeds.push(recorded.perSecond / limit);
      costs.push(recorded.perSecond / unrecorded.perSecond);
      rates.push(recorded.perSecond * numEnvs);
    }
    const row = {
      envs: numEnvs,
      echo_per_second: median(echoes),
      bare_ratio: median(bares),
      lin_ucb_ratio: median(chosen),
      lin_ucb_recorded_ratio: median(recordeds),
      recorded_to_unrecorded: median(costs),
      lin_ucb_recorded_steps_per_second: median(rates),
    };
    results.push(row);
    say(
      `${String(numEnvs).padStart(6)} ${row.echo_per_second.toFixed(0).padStart(8)} ${row.bare_ratio.toFixed(2).padStart(6)} ${row.lin_ucb_ratio.toFixed(2).padStart(8)} ${row.lin_ucb_recorded_ratio.toFixed(2).padStart(17)} ${row.recorded_to_unrecorded.toFixed(2).padStart(21)} ${row.lin_ucb_recorded_steps_per_second.toFixed(0).padStart(27)}`,
    );
  }
  echo.close();
  return results;
}

/** CPU-seconds and peak memory of a process; undefined where the system has no /proc. */
function processUse(pid: number): { cpuSeconds: number; rssMb: number; peakRssMb: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, rssMb: kb("VmRSS"), peakRssMb: kb("VmHWM") };
  } catch {
    return undefined;
  }
}

async function benchCollect() {
  const dir = mkdtempSync(join(tmpdir(), "icrl-bench-"));
  const server = await startPrivateServer(dir);
  const connection = await connect(server.address);
  const agentBefore = process.cpuUsage();
  const serverBefore = processUse(server.pid)?.cpuSeconds ?? 0;
  const startedAt = performance.now();
  const rss: number[] = [];
  let done = 0;
  const closed = await playAgent(connection, linUcb, {
    task: "linear-bandit",
    numEnvs: 2048,
    streams: 2,
    trials,
    seed: 1,
    onTrialEnd: () => {
      done += 1;
      if (done % Math.ceil(trials / 4) === 0) rss.push(Math.round(processUse(server.pid)?.rssMb ?? 0));
    },
  });
  const durableSeconds = (performance.now() - startedAt) / 1000;
  // Shards are rolled behind the play: sealing waits for the last of them.
  await connection.listTrajectories({ filter: undefined, pageSize: 1, pageToken: "" });
  const sealedSeconds = (performance.now() - startedAt) / 1000;
  const agent = process.cpuUsage(agentBefore);
  const agentCpu = (agent.user + agent.system) / 1e6;
  const use = processUse(server.pid);
  const serverCpu = use === undefined ? undefined : use.cpuSeconds - serverBefore;
  connection.close();
  await server.close();
  const data = join(dir, "data");
  const bytes = readdirSync(data).reduce((sum, name) => sum + statSync(join(data, name)).size, 0);
  const [[rows]] = (await queryLog(dir, "select count(*)::int from trajectories")).rows;
  rmSync(dir, { recursive: true });
  const steps = Number(closed.steps);
  const result = {
    steps,
    trajectories: rows,
    seconds_until_durable: durableSeconds,
    seconds_until_shards: sealedSeconds,
    cpu_seconds: serverCpu === undefined ? null : serverCpu + agentCpu,
    server_cpu_seconds: serverCpu ?? null,
    agent_cpu_seconds: agentCpu,
    server_rss_mb_by_quarter: rss,
    server_peak_rss_mb: use?.peakRssMb ?? null,
    bytes_per_step: bytes / steps,
    steps_per_second: steps / sealedSeconds,
  };
  say(
    [
      "",
      `${steps} recorded LinUCB steps on E1 (2,048 envs, 2 streams), ${rows} trajectories readable by DuckDB`,
      `  ${durableSeconds.toFixed(1)} s until all was durable, ${sealedSeconds.toFixed(1)} s until all was in Parquet shards (${(steps / sealedSeconds / 1e6).toFixed(2)} M steps/s)`,
      `  CPU-seconds: server ${serverCpu?.toFixed(1) ?? "?"}, agent ${agentCpu.toFixed(1)}, together ${(agentCpu + (serverCpu ?? 0)).toFixed(1)}`,
      `  server memory by quarter ${rss.join(", ")} MB, peak ${use?.peakRssMb.toFixed(0) ?? "?"} MB; ${(bytes / steps).toFixed(2)} bytes a step on disk`,
    ].join("\n"),
  );
  return result;
}

const dir = mkdtempSync(join(tmpdir(), "icrl-bench-"));
const server = await startPrivateServer(dir);
const connection = await connect(server.address);
const lockStepResults = await benchLockSteps(connection);
connection.close();
await server.close();
rmSync(dir, { recursive: true });
const collect = await benchCollect();
if (flags.json) process.stdout.write(`${JSON.stringify({ lock_steps: lockStepResults, collect }, null, 2)}\n`);
