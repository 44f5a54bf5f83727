import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const script = join(import.meta.dirname, "../../scripts/sum-reports.mjs");

/** A run's exit status, and its report: for each test file its own status and those of its tests. */
type Run = readonly [status: number, files?: readonly (readonly [status: string, tests: readonly string[]])[]];

/** What the script prints and its exit status. */
function sum(brokenSteps: number, runs: readonly Run[]): { line: string; status: number | null } {
  const folder = mkdtempSync(join(tmpdir(), "icrl-reports-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const args = runs.flatMap(([status, files], i) => {
    const report = join(folder, `${i}.json`);
    const testResults = files?.map(([file, tests]) => ({
      status: file,
      assertionResults: tests.map((outcome) => ({ status: outcome })),
    }));
    if (testResults !== undefined) writeFileSync(report, JSON.stringify({ testResults }));
    return [String(status), report];
  });
  const { stdout, status } = spawnSync(process.execPath, [script, String(brokenSteps), ...args], { encoding: "utf8" });
  return { line: stdout, status };
}

test("passed, failed and skipped tests are summed over the runs", () => {
  const runs: Run[] = [
    [0, [["passed", ["passed", "passed", "pending"]]]],
    [
      1,
      [
        ["failed", ["passed", "failed", "failed"]],
        ["passed", ["todo"]],
      ],
    ],
  ];
  expect(sum(0, runs)).toEqual({ line: "3 passed, 2 failed, 2 skipped\n", status: 1 });
});

test("all is well when nothing failed", () => {
  expect(sum(0, [[0, [["passed", ["passed"]]]]])).toEqual({ line: "1 passed, 0 failed, 0 skipped\n", status: 0 });
});

test("a broken step is a failure", () => {
  expect(sum(2, [[0, [["passed", ["passed"]]]]])).toEqual({ line: "1 passed, 2 failed, 0 skipped\n", status: 1 });
});

test("a test file that could not be loaded is a failure", () => {
  expect(sum(0, [[1, [["failed", []]]]])).toEqual({ line: "0 passed, 1 failed, 0 skipped\n", status: 1 });
});

test("a run that leaves no report, or fails without a failed test in it, is a failure", () => {
  expect(sum(0, [[1]])).toEqual({ line: "0 passed, 1 failed, 0 skipped\n", status: 1 });
  expect(sum(0, [[0]])).toEqual({ line: "0 passed, 1 failed, 0 skipped\n", status: 1 });
  expect(sum(0, [[1, [["passed", ["passed"]]]]])).toEqual({ line: "1 passed, 1 failed, 0 skipped\n", status: 1 });
});
