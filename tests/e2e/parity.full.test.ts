import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { tempDir } from "../support/temp-dir.js";

const ROOT = join(import.meta.dirname, "../..");

it("every figure of docs/parity.md holds, with a tenth of the trials", () => {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  const args = ["scripts/parity.mjs", "--share", "0.1", "--no-page", "--out", dir.path];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  expect(stdout + stderr).not.toMatch(/ NO$/m);
  expect(status, stdout + stderr).toBe(0);
});
