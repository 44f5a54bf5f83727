/** Writers in PID namespaces of their own, as in two containers of one machine: neither sees the other in its process table. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { kill } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { verifyLog } from "#icrl/server/trajectories/verify.js";
import { descendants } from "../../e2e/run-icrl.js";
import { hasPidNamespaces, IN_PID_NAMESPACE } from "../../requirements.js";
import { readLog } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";

const WRITER = fileURLToPath(new URL("./writer-process.mjs", import.meta.url));

function folder(): string {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  return dir.path;
}

/** A writer in a container, so to speak; `lines` are what it printed. */
function containedWriter(dir: string, first: number, lock: object) {
  const command = [process.execPath, WRITER, dir, "forever", String(first), JSON.stringify(lock)];
  const child = spawn("unshare", [...IN_PID_NAMESPACE, ...command]);
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += String(text);
  });
  const lines: { durable: number }[] = [];
  const output = createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line)));
  const exited = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return {
    lines,
    get stderr() {
      return stderr;
    },
    exited,
    /** Resolves when it has printed so many lines; rejects when it ends before. */
    async printed(count: number): Promise<void> {
      while (lines.length < count) {
        await Promise.race([
          once(output, "line"),
          exited.then(() => Promise.reject(new Error(`it ended after ${lines.length} lines: ${stderr}`))),
        ]);
      }
    },
    /** Signals the writer itself. */
    signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
      for (const { pid, runs } of descendants(child.pid as number)) if (runs.includes(WRITER)) kill(pid, name);
    },
  };
}

test.skipIf(!hasPidNamespaces())("a live writer in another PID namespace is not replaced", async () => {
  const dir = folder();
  const one = containedWriter(dir, 0, {});
  await one.printed(2);
  const two = containedWriter(dir, 1_000_000, {});
  await two.exited;
  expect(two.lines).toEqual([]);
  expect(two.stderr).toMatch(/is written by process \d+ on .+ in another container, or before a restart/);
  await one.printed(one.lines.length + 1);
  one.signal("SIGKILL");
  await one.exited;
});

test.skipIf(!hasPidNamespaces())(
  "a writer that sleeps, is replaced and wakes up acknowledges nothing that is not found, wherever it slept",
  async () => {
    const dir = folder();
    const acknowledged: [first: number, count: number][] = [];
    const note = (writer: ReturnType<typeof containedWriter>, first: number) =>
      acknowledged.push([first, (writer.lines.at(-1)?.durable ?? first) - first]);
    let sleeper = containedWriter(dir, 0, { beatMs: 20, watchMs: 400 });
    await sleeper.printed(2);
    for (let round = 1; round <= 5; round += 1) {
      // The moment is as random as the machine; lines that are waited for spread it over commits and rolls.
      await sleeper.printed(2 + 3 * round);
      sleeper.signal("SIGSTOP");
      const next = containedWriter(dir, round * 1_000_000, { beatMs: 20, watchMs: 400 });
      await next.printed(2);
      sleeper.signal("SIGCONT");
      await sleeper.exited;
      expect(sleeper.stderr).toMatch(/another process has taken .* over/);
      note(sleeper, (round - 1) * 1_000_000);
      sleeper = next;
    }
    sleeper.signal("SIGKILL");
    await sleeper.exited;
    note(sleeper, 5_000_000);
    expect((await verifyLog(dir, () => undefined)).problems).toEqual([]);
    await (await openTrajectoryLog(dir, { lock: { watchMs: 400 } })).close();
    expect((await verifyLog(dir, () => undefined)).problems).toEqual([]);
    const numbers = new Set((await readLog(dir)).map((row) => Number(row.trial_index)));
    for (const [first, count] of acknowledged) {
      expect(count).toBeGreaterThan(0);
      const missing = Array.from({ length: count }, (_, i) => first + i).filter((number) => !numbers.has(number));
      expect([first, missing]).toEqual([first, []]);
    }
    expect(readdirSync(join(dir, "log"))).toEqual(["shards.jsonl"]);
  },
);
