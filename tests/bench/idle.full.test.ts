import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../dist/bench/idle.js", import.meta.url));

test("10,000 sessions that have said hello take less than 300 MB, and stay", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, "--json"]);
  const { gone, memory_mb } = JSON.parse(stdout) as { gone: number; memory_mb: { rested: number } };
  expect(gone).toBe(0);
  expect(memory_mb.rested).toBeLessThan(300);
});
