/**
 * Collecting offline data, beside what people use today, in one run: `npm run bench:datasets [-- --json] [-- --quick] [-- --trials N]`.
 *
 * Uniform play on Bernoulli bandits of 5 arms and 200 steps: `icrl dataset collect`, from the start of the program to its end, server
 * and agent processes included; and, where .venv has bench/python/requirements.txt, the same play on an environment of a few lines of
 * Python, recorded by Minari's DataCollector and by h5py, and not recorded at all. Python's times leave out starting and importing.
 * Rounds alternate and the fastest of each counts. CPU-seconds are those of all processes: neighbours on the machine change them less.
 *
 * What is kept differs: Minari and h5py keep observations, actions, rewards and ends; icrl keeps actions, rewards, propensities, regrets,
 * the best actions and all seeds, fsynced.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { benchFlags } from "./bench-flags.js";

const { values: flags } = benchFlags("bench:datasets", {
  json: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
  trials: { type: "string" },
});
const ROUNDS = flags.quick ? 1 : 3;
const HORIZON = 200;
const OUR_TRIALS = Number(flags.trials ?? (flags.quick ? 2_000 : 20_000));
/** Fewer where a step takes a hundred times as long: their times grow in proportion, ours has the start of three processes in it. */
const THEIR_TRIALS = flags.quick ? 50 : 200;

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "dist/cli/main.js");
const script = join(root, "bench/python/collect.py");

interface Collected {
  readonly seconds: number;
  readonly cpu_seconds: number;
  readonly bytes: number;
}

const SPEC = (trials: number): string =>
  JSON.stringify({
    name: "bench",
    seed: 1,
    trials,
    tasks: [{ id: "bernoulli", task: "bernoulli-bandit", options: { arms: 5, horizon: HORIZON } }],
    behaviours: [{ name: "uniform", agent: "uniform" }],
  });

function ours(trials: number, folder: string): Collected {
  const spec = join(folder, "spec.json");
  const out = join(folder, "set");
  writeFileSync(spec, SPEC(trials));
  const command = [process.execPath, program, "dataset", "collect", spec, "--out", out];
  const started = performance.now();
  // The shell's clock counts the program and the processes it has waited for: the server and the agent.
  const { stderr } = checked("bash", ["-c", "TIMEFORMAT='cpu %U %S'; time \"$@\"", "bash", ...command]);
  const seconds = (performance.now() - started) / 1000;
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  return { seconds, cpu_seconds: Number(user) + Number(system), bytes: parquetBytes(out) };
}

function parquetBytes(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.name.endsWith(".parquet"))
    .reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}

function theirs(python: string, way: string, trials: number, folder: string): Collected {
  return JSON.parse(checked(python, [script, way, String(trials), folder]).stdout) as Collected;
}

function checked(command: string, args: readonly string[]): { stdout: string; stderr: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return { stdout, stderr };
}

/** A Python that has the modules, or undefined. */
function pythonWith(modules: string): string | undefined {
  const installed = join(root, ".venv/bin/python");
  const python = existsSync(installed) ? installed : "python3";
  return spawnSync(python, ["-c", `import ${modules}`]).status === 0 ? python : undefined;
}

interface Way {
  readonly name: string;
  readonly trials: number;
  collect(folder: string): Collected;
}

const pythonWay = (name: string, modules: string): Way[] => {
  const python = pythonWith(modules);
  if (python === undefined) process.stderr.write(`left out: ${name} (no Python with ${modules})\n`);
  if (python === undefined) return [];
  return [{ name, trials: THEIR_TRIALS, collect: (folder) => theirs(python, name, THEIR_TRIALS, folder) }];
};

const ways: readonly Way[] = [
  { name: "icrl", trials: OUR_TRIALS, collect: (folder) => ours(OUR_TRIALS, folder) },
  ...pythonWay("env", "gymnasium"),
  ...pythonWay("h5py", "gymnasium, h5py"),
  ...pythonWay("minari-hdf5", "minari, h5py, jax, PIL"),
  ...pythonWay("minari-arrow", "minari, pyarrow, jax, PIL"),
];

const best = new Map<string, Collected>();
for (let round = 0; round < ROUNDS; round += 1) {
  for (const { name, collect } of ways) {
    const folder = mkdtempSync(join(tmpdir(), "icrl-bench-datasets-"));
    try {
      const collected = collect(folder);
      const before = best.get(name);
      if (before === undefined || collected.seconds < before.seconds) best.set(name, collected);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

const results = ways.map(({ name, trials }) => {
  const { seconds, cpu_seconds, bytes } = best.get(name) as Collected;
  return {
    way: name,
    trajectories: trials,
    seconds,
    trajectories_per_second: trials / seconds,
    cpu_microseconds_per_step: (1e6 * cpu_seconds) / (trials * HORIZON),
    bytes_per_step: name === "env" ? null : bytes / (trials * HORIZON),
  };
});
if (flags.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
else {
  process.stdout.write(
    `uniform play on Bernoulli bandits of ${HORIZON} steps; the fastest of ${ROUNDS} alternating rounds\n`,
  );
  process.stdout.write("  way           trajectories   seconds   trajectories/s   CPU us/step   bytes/step\n");
  for (const row of results) {
    process.stdout.write(
      `  ${row.way.padEnd(13)} ${String(row.trajectories).padStart(12)} ${row.seconds.toFixed(2).padStart(9)} ${row.trajectories_per_second.toFixed(0).padStart(16)} ${row.cpu_microseconds_per_step.toFixed(2).padStart(13)} ${(row.bytes_per_step?.toFixed(2) ?? "-").padStart(12)}\n`,
    );
  }
}
