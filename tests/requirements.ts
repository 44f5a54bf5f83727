import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
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

/** An example in another language: what builds it, in its folder, and what then starts it, from there as well. */
interface CompiledExample {
  readonly build: readonly (readonly string[])[];
  readonly command: (folder: string) => string;
  /** What helps where it cannot be built. */
  readonly install: string;
}

const COMPILED = {
  go: {
    build: [["go", "generate"], "go build -o emp-go .".split(" ")],
    command: (folder) => join(folder, "emp-go"),
    install: "install Go 1.19 or newer",
  },
  rust: {
    build: ["cargo build --release --locked --quiet".split(" ")],
    command: (folder) => join(folder, "target/release/emp-rust"),
    install: "install Rust 1.85 or newer, with cargo and a C compiler",
  },
  java: {
    build: ["mvn --batch-mode --no-transfer-progress --quiet package".split(" ")],
    command: (folder) => `java -jar ${join(folder, "target/emp-java.jar")}`,
    install: "install a JDK of 17 or newer and Maven 3.8 or newer",
  },
} as const satisfies Record<string, CompiledExample>;

/** The languages of `compiledExample`. */
export type CompiledLanguage = keyof typeof COMPILED;

/**
 * The command of `examples/LANGUAGE`, built, or undefined, with a line that says why not. Where nothing may be skipped it throws instead. The
 * first build fetches packages, and takes minutes; one file alone builds a language, as two at once would be in each other's way.
 */
export async function compiledExample(language: CompiledLanguage): Promise<string | undefined> {
  const { build, command, install }: CompiledExample = COMPILED[language];
  const cwd = join(import.meta.dirname, "../examples", language);
  const PATH = `${join(import.meta.dirname, "../node_modules/.bin")}:${process.env.PATH}`;
  for (const [program, ...args] of build) {
    const failure = await failureOf(program, args, cwd, { PATH });
    if (failure !== undefined) return without(`examples/${language} cannot be built (${failure}): ${install}`);
  }
  return command(cwd);
}

/** The newest grpcurl that Go 1.19 builds. */
const GRPCURL = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.8.9";

/** The program grpcurl, that of the PATH or built here by Go, or undefined, with a line that says why not; else as above. */
export async function grpcurl(): Promise<string | undefined> {
  const folder = join(import.meta.dirname, "../.ci/tools");
  if ((await failureOf("grpcurl", ["-version"], ".", {})) === undefined) return "grpcurl";
  if (!existsSync(join(folder, "grpcurl"))) {
    mkdirSync(folder, { recursive: true });
    const failure = await failureOf("go", ["install", GRPCURL], folder, { GOBIN: folder });
    if (failure !== undefined)
      return without(`there is no grpcurl, and it cannot be built (${failure}): ${COMPILED.go.install}`);
  }
  return join(folder, "grpcurl");
}

/** What a command said that failed, its last lines; undefined where it did not. */
async function failureOf(program: string, args: readonly string[], cwd: string, more: Record<string, string>) {
  try {
    await promisify(execFile)(program, args, { cwd, env: { ...process.env, ...more } });
  } catch (error) {
    const { message, stdout = "", stderr = "" } = error as Error & { stdout?: string; stderr?: string };
    const said = `${stdout}${stderr}`.trim().split("\n").slice(-20).join("\n");
    return `${[program, ...args].join(" ")}: ${said || message}`;
  }
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
