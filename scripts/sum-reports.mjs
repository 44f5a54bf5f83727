/**
 * Prints `N passed, N failed, N skipped`, summed over Vitest's JSON reports, and fails if anything failed.
 *
 *   node scripts/sum-reports.mjs BROKEN_STEPS [EXIT_STATUS REPORT]...
 *
 * A broken step counts as one failure; so does a test file that could not be loaded, and a run that failed without saying
 * why in its report.
 */
import { existsSync, readFileSync } from "node:fs";

const [brokenSteps = "0", ...runs] = process.argv.slice(2);
let passed = 0;
let failed = Number(brokenSteps);
let skipped = 0;
for (let i = 0; i < runs.length; i += 2) {
  const [status, file] = [Number(runs[i]), runs[i + 1]];
  let failures = existsSync(file) ? 0 : 1;
  if (existsSync(file)) {
    const { testResults } = JSON.parse(readFileSync(file, "utf8"));
    for (const { status: fileStatus, assertionResults } of testResults) {
      let failuresHere = 0;
      for (const { status: outcome } of assertionResults) {
        if (outcome === "passed") passed += 1;
        else if (outcome === "failed") failuresHere += 1;
        else skipped += 1;
      }
      failures += fileStatus === "failed" ? Math.max(1, failuresHere) : failuresHere;
    }
  }
  failed += status === 0 ? failures : Math.max(1, failures);
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;
