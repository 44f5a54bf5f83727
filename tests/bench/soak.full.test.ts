import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../dist/bench/soak/main.js", import.meta.url));

test("a minute of load with faults injected: all that was acknowledged is found", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, "--minutes", "1", "--seed", "2", "--json"]);
  const report = JSON.parse(stdout) as {
    readonly acknowledged: number;
    readonly found: number;
    readonly faults: Readonly<Record<string, number>>;
    readonly wrong: readonly string[];
  };
  expect(report.wrong).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(0);
  expect(report.found).toBe(report.acknowledged);
  expect(Object.values(report.faults).some((count) => count > 0)).toBe(true);
});
