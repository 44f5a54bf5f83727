import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BackendName } from "#icrl/agents/transformer/backends.js";

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
  return without(what);
}

/**
 * The agent in Go, built, or undefined, with a line that says why not: `test.skipIf(goAgent() === undefined)`. Where nothing may be skipped
 * it throws instead. The first build fetches Go modules, and takes a minute.
 */
export function goAgent(): string | undefined {
  const cwd = join(import.meta.dirname, "../examples/go");
  const env = { ...process.env, PATH: `${join(import.meta.dirname, "../node_modules/.bin")}:${process.env.PATH}` };
  for (const args of [["generate"], ["build", "-o", "epsilon-go", "."]]) {
    const { status, stderr, error } = spawnSync("go", args, { cwd, env, encoding: "utf8" });
    if (status === 0) continue;
    return without(
      `examples/go cannot be built (go ${args[0]}: ${error?.message ?? stderr.trim()}): install Go 1.19 or newer`,
    );
  }
  return join(cwd, "epsilon-go");
}

/**
 * Whether a back end can be used here, for `test.skipIf`, with a line that says so if not. Where nothing may be skipped it throws
 * instead. Tried in a process of its own: it may bring that down.
 */
export function canUseBackend(name: BackendName): boolean {
  const program = `
    const { loadBackend } = await import("#icrl/agents/transformer/backends.js");
    await loadBackend(${JSON.stringify(name)}).catch(({ message }) => console.log(message));
  `;
  const cwd = join(import.meta.dirname, "..");
  const args = ["--input-type=module", "--eval", program];
  const { stdout, status, signal } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
  if (status === 0 && stdout === "") return true;
  without(stdout.trim() || `back end ${name} ended the process with ${signal ?? status}`);
  return false;
}

/**
 * A Chromium or Chrome to look at pages with, or undefined, with a line that says so: `test.skipIf(chromium() === undefined)`. Where nothing
 * may be skipped it throws instead. CHROMIUM_PATH names one that is elsewhere.
 */
export function chromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  const places = named === undefined ? ["/usr/bin/chromium", "/usr/bin/google-chrome"] : [named];
  const found = places.find((place) => existsSync(place));
  return found ?? without(`no Chromium at ${places.join(" or ")}: install chromium, or name one in CHROMIUM_PATH`);
}

/**
 * Whether a process can be started in a PID namespace of its own, as a container's is, for `test.skipIf`, with a line that says so if not.
 * Where nothing may be skipped it throws instead.
 */
export function hasPidNamespaces(): boolean {
  const { status, stderr, error } = spawnSync("unshare", [...IN_PID_NAMESPACE, "true"], { encoding: "utf8" });
  if (status === 0) return true;
  without(`no PID namespace can be made (${error?.message ?? stderr.trim()}): run as root on Linux, with util-linux`);
  return false;
}

/** Whether a file system of a few megabytes can be mounted, for `test.skipIf`; else as above. */
export function canMountTmpfs(): boolean {
  const { status, stderr, error } = spawnSync(
    "unshare",
    ["--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt"],
    {
      encoding: "utf8",
    },
  );
  if (status === 0) return true;
  without(`no tmpfs can be mounted (${error?.message ?? stderr.trim()}): run as root on Linux`);
  return false;
}

/** What `unshare` is given before the command that it runs. */
export const IN_PID_NAMESPACE: readonly string[] = ["--pid", "--fork", "--kill-child", "--mount-proc"];

/** Whether there is a GPU for TensorFlow on CUDA: without one there is nothing to test of it. */
export function hasNvidiaGpu(): boolean {
  return existsSync("/proc/driver/nvidia");
}

/** Says what is missing, or throws it where nothing may be skipped (ICRL_REQUIRE_ALL=1, as in CI). */
function without(what: string): undefined {
  if (process.env.ICRL_REQUIRE_ALL === "1") throw new Error(what);
  console.warn(`skipped: ${what}`);
}
