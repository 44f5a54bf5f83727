import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * A Python that has the modules, or undefined, with a line that says so: `test.skipIf(python === undefined)`. Where nothing
 * may be skipped (ICRL_REQUIRE_ALL=1, as in CI) it throws instead. tests/python/requirements.txt lists what CI installs.
 */
export function pythonWith(modules: readonly string[]): string | undefined {
  const installed = join(import.meta.dirname, "../.venv/bin/python");
  const python = existsSync(installed) ? installed : "python3";
  const { status, stderr, error } = spawnSync(python, ["-c", `import ${modules.join(", ")}`], { encoding: "utf8" });
  if (status === 0) return python;
  const why = error?.message ?? stderr.trim().split("\n").at(-1);
  const what = `${python} has not all of ${modules.join(", ")} (${why}): install tests/python/requirements.txt in .venv`;
  if (process.env.ICRL_REQUIRE_ALL === "1") throw new Error(what);
  console.warn(`skipped: ${what}`);
  return undefined;
}
