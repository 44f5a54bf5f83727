/**
 * What sessions cost that have said hello and nothing else: `npm run bench:idle [-- --sessions N] [--connections N] [--json]`.
 *
 * A server process on loopback and N sessions (10,000) over 50 connections. Fails where the server's memory is above 300 MB, or where a
 * session is not welcome or does not stay.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPrivateServer } from "../jobs/processes/private-server.js";
import { channel, hello, play } from "./attacks/raw.js";
import { benchFlags } from "./bench-flags.js";
import { cpuOf, memoryMb, peakMb } from "./server-process.js";

const { values: flags } = benchFlags("bench:idle", {
  sessions: { type: "string" },
  connections: { type: "string" },
  json: { type: "boolean", default: false },
});
const SESSIONS = Number(flags.sessions ?? 10_000);
const CONNECTIONS = Number(flags.connections ?? 50);
const BOUND_MB = 300;
/** Hellos that are on their way at once: a crowd comes as fast as it is welcome. */
const AT_ONCE = 200;
/** How long it rests before it is looked at, in milliseconds. */
const REST_MS = 10_000;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const folder = mkdtempSync(join(tmpdir(), "icrl-idle-"));
const server = await startPrivateServer(folder, {
  flags: [
    ...["--max-sessions", String(SESSIONS + 10)],
    ...["--max-connections", String(CONNECTIONS + 10), "--max-connections-per-address", String(CONNECTIONS + 10)],
    ...["--max-streams-per-connection", String(Math.ceil(SESSIONS / CONNECTIONS) + 1)],
    ...["--idle-timeout-ms", "3600000", "--hello-timeout-ms", "60000"],
  ],
});
const before = memoryMb(server.pid);
const clients = Array.from({ length: CONNECTIONS }, () => channel(server.address));
let gone = 0;
let begun = 0;
const startedAt = performance.now();

/** Says hello, and stays. */
async function visit(index: number): Promise<void> {
  const stream = play(clients[index % CONNECTIONS]);
  stream.call.once("status", () => (gone += 1));
  stream.send(
    hello({ agent: "idle", agentVersion: "1.0.0", language: "typescript", tasks: ["linear-bandit", "river-swim"] }),
  );
  await stream.next();
}

await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (begun < SESSIONS) await visit(begun++);
  }),
);
const seconds = (performance.now() - startedAt) / 1000;
const full = memoryMb(server.pid);
const cpu = cpuOf(server.pid);
await wait(REST_MS);
const rested = memoryMb(server.pid);
const report = {
  sessions: SESSIONS,
  connections: CONNECTIONS,
  seconds,
  gone,
  memory_mb: { before, full, rested, peak: peakMb(server.pid) },
  bytes_a_session: ((rested - before) * 2 ** 20) / SESSIONS,
  cpu_seconds: { coming: cpu, resting: cpuOf(server.pid) - cpu },
};
if (flags.json) console.log(JSON.stringify(report));
else {
  console.log(`${SESSIONS} sessions over ${CONNECTIONS} connections in ${seconds.toFixed(1)} s, ${gone} of them gone`);
  console.log(
    `  server: ${before.toFixed(0)} MB before, ${full.toFixed(0)} with all, ${rested.toFixed(0)} after ${REST_MS / 1000} s, at most ${report.memory_mb.peak}; ${(report.bytes_a_session / 1024).toFixed(1)} KiB a session`,
  );
  console.log(
    `  CPU-seconds: ${cpu.toFixed(1)} until all were there, ${report.cpu_seconds.resting.toFixed(2)} while they rested`,
  );
}
process.exitCode = gone > 0 || rested > BOUND_MB ? 1 : 0;
for (const client of clients) client.close();
const closed = server.close();
await Promise.race([closed, wait(20_000).then(() => process.kill(server.pid, "SIGKILL"))]);
rmSync(folder, { recursive: true, force: true });
process.exit();
