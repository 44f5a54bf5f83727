/** The corpus of tests/fixtures/hostile: each entry in a folder of its own, given to the commands that read it, in processes of bounded memory and time. */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { PROGRAM } from "./server.js";
import { tempDir } from "./temp-dir.js";

const FIXTURES = join(import.meta.dirname, "../fixtures/hostile");

type Kind = "dataset" | "log" | "tournament" | "training" | "spec";

/** One of the corpus. */
export interface HostileEntry {
  readonly kind: Kind;
  readonly name: string;
  /** What of the folder lies: commands that do not read it are not run. */
  readonly target: string;
  /** With one of these it is refused. */
  readonly reasons: readonly string[];
  /** Puts what cannot be committed into a good folder; absent: the files of the entry do. */
  readonly make?: (dir: string, victim: string) => void;
}

/** What is committed. */
export const COMMITTED: readonly HostileEntry[] = JSON.parse(readFileSync(join(FIXTURES, "corpus.json"), "utf8"));

const SHARD = "trajectories-000000000000.parquet";
const CHECKPOINT = "checkpoints/step-00000002";
const journal = `tournaments/${readdirSync(join(FIXTURES, "good/tournament/tournaments"))[0]}`;

/** Every file that is read of a stranger's folder: where it is, what lies then, and how that is refused. */
const FILES: readonly (readonly [kind: Kind, file: string, target: string, reasons: string])[] = [
  ["dataset", "dataset.json", "dataset.json", "DATASET_CORRUPT"],
  ["dataset", "labels/ucb/label.json", "label.json", "DATASET_CORRUPT"],
  ["dataset", `data/${SHARD}`, "file", "LOG_CORRUPT DATASET_CORRUPT"],
  ["dataset", `labels/ucb/${SHARD}`, "labels", "LOG_CORRUPT DATASET_CORRUPT"],
  ["log", "log/shards.jsonl", "shards.jsonl", "LOG_CORRUPT LOG_UNWRITABLE"], // a device is put there by a link
  ["log", `data/${SHARD}`, "shard", "LOG_CORRUPT"],
  ["log", "log/000000000006.segment", "segment", "LOG_CORRUPT"],
  ["log", journal, "journal", "LOG_CORRUPT"],
  ["log", "log/lock-7", "lock", "LOG_LOCKED"],
  ["log", "sessions.json", "sessions.json", "LOG_CORRUPT"],
  ["tournament", "results.json", "results.json", "RESULTS_CORRUPT"],
  ["tournament", "trials.parquet", "trials.parquet", "RESULTS_CORRUPT"],
  ["tournament", "tournament.json", "tournament.json", "OUTPUT_EXISTS"],
  ["training", `${CHECKPOINT}/config.json`, "config.json", "CHECKPOINT_CORRUPT"],
  ["training", `${CHECKPOINT}/model.safetensors`, "model.safetensors", "CHECKPOINT_CORRUPT"],
  ["training", `${CHECKPOINT}/optimizer.safetensors`, "train-state.json", "CHECKPOINT_CORRUPT"],
  ["training", `${CHECKPOINT}/train-state.json`, "train-state.json", "CHECKPOINT_CORRUPT"],
  ["training", "metrics.jsonl", "metrics.jsonl", "CHECKPOINT_CORRUPT"],
  ["training", "spec.json", "spec.json", "OUTPUT_EXISTS"],
  ["spec", "spec.yaml", "spec.yaml", "SPEC_INVALID"],
];

/** What can stand where a file should be, and cannot be committed. */
const STANDS_IN: readonly (readonly [name: string, make: (path: string) => void])[] = [
  ["fifo", (path) => void execFileSync("mkfifo", [path])],
  ["folder", (path) => void mkdirSync(path)],
  ["device", (path) => symlinkSync("/dev/zero", path)],
  [
    "terabyte",
    (path) => {
      writeFileSync(path, "");
      truncateSync(path, 2 ** 40); // takes no room: there is nothing in it
    },
  ],
];

/** Links to where they should not lead, from what is written, cut off or removed. */
const LINKS: readonly (readonly [kind: Kind, file: string, target: string, reasons: string])[] = [
  ["log", "log/shards.jsonl", "opened", "LOG_UNWRITABLE"],
  ["log", "data", "opened", "LOG_UNWRITABLE"],
  ["log", "log", "opened", "LOG_UNWRITABLE"],
  ["log", "sessions.json", "sessions.json", "LOG_CORRUPT"],
  ["training", "checkpoints", "spec.json", "OUTPUT_EXISTS"],
  ["training", "metrics.jsonl", "spec.json", "OUTPUT_EXISTS"],
];

/** So much of a document that as a value it would be far larger: as many bytes as are read of one. */
const LARGE_SESSIONS: readonly (readonly [name: string, repeated: string])[] = [
  ["lists in lists", "["],
  ["empty lists", "[],"],
  ["objects without members", "{},"],
];
const LARGE_BYTES = 64 << 20;

/** What the tests make themselves. */
export const MADE: readonly HostileEntry[] = [
  ...FILES.flatMap(([kind, file, target, reasons]) =>
    STANDS_IN.map(([name, make]): HostileEntry => {
      const place = (dir: string) => {
        rmSync(join(dir, file), { recursive: true, force: true });
        mkdirSync(dirname(join(dir, file)), { recursive: true });
        make(join(dir, file));
      };
      return { kind, name: `${name} as ${file}`, target, reasons: reasons.split(" "), make: place };
    }),
  ),
  ...LINKS.map(([kind, file, target, reasons]): HostileEntry => {
    const place = (dir: string, victim: string) => {
      const path = join(dir, file);
      const isFolder = lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
      rmSync(path, { recursive: true, force: true });
      symlinkSync(isFolder ? victim : join(victim, "precious.txt"), path);
    };
    return { kind, name: `link as ${file}`, target, reasons: reasons.split(" "), make: place };
  }),
  ...LARGE_SESSIONS.flatMap(([name, repeated]) =>
    [LARGE_BYTES, 6_000_000].map((bytes): HostileEntry => {
      const place = (dir: string) => {
        const begun = '{"version":1,"sessions":[';
        const times = Math.floor((bytes - begun.length - 100) / repeated.length);
        const ended = repeated.endsWith(",") ? `${repeated.slice(0, -1)}]}` : "";
        writeFileSync(join(dir, "sessions.json"), `${begun}${repeated.repeat(times)}${ended}`);
      };
      const of = { kind: "log", target: "sessions.json", reasons: ["LOG_CORRUPT"], make: place } as const;
      return { ...of, name: `${bytes} bytes of ${name} as sessions.json` };
    }),
  ),
];

/** Those that are passed over: a server that opens the folder says so, and starts. */
export const isPassedOver = ({ target }: HostileEntry): boolean => target === "sessions.json";

/** A command with the entry's folder, a good folder's and a new output's. */
type Command = (dir: string, out: string, good: string) => readonly string[];

const COMMANDS: Readonly<Record<Kind, Readonly<Record<string, Command>>>> = {
  dataset: {
    info: (dir) => ["dataset", "info", dir],
    head: (dir) => ["dataset", "head", dir],
    query: (dir) => ["dataset", "query", dir, 'SELECT sum("length") FROM trajectories'],
    "query labels": (dir) => ["dataset", "query", dir, "SELECT count(actions) FROM ucb"],
    filter: (dir, out) => ["dataset", "filter", dir, "--where", "true", "--out", out],
    split: (dir, out) => ["dataset", "split", dir, "--parts", "a=0.5,b=0.5", "--out", out],
    merge: (dir, out, good) => ["dataset", "merge", dir, join(good, "dataset"), "--out", out],
    jsonl: (dir, out) => ["dataset", "export", dir, "--format", "jsonl", "--labels", "ucb", "--out", out],
    csv: (dir, out) => ["dataset", "export", dir, "--format", "csv", "--labels", "ucb", "--out", out],
    dpt: (dir, out) => ["dataset", "export", dir, "--format", "dpt", "--labels", "ucb", "--out", out],
    ad: (dir, out) => ["dataset", "export", dir, "--format", "ad", "--labels", "ucb", "--out", out],
    minari: (dir, out) => ["dataset", "export", dir, "--format", "minari", "--out", `${out}-v0`],
    ratio: (dir) => ["dataset", "ratio", dir, "--expert", "uniform", "--particles", "10"],
    verify: (dir) => ["dataset", "verify", dir],
    train: (dir, out) => ["train", writtenTraining(dir), "--out", out],
    label: (dir) => ["dataset", "label", dir, "--expert", "ucb"],
    "label anew": (dir) => ["dataset", "label", dir, "--expert", "ucb", "--name", "anew"],
  },
  log: {
    list: (dir) => ["log", "list", "--data", dir],
    query: (dir) => ["log", "query", 'SELECT sum("length") FROM trajectories', "--data", dir],
    verify: (dir) => ["log", "verify", "--data", dir],
    play: (dir) => ["play", "uniform", "--task", "bernoulli-bandit", "--trials", "1", "--data", dir],
  },
  tournament: {
    report: (dir) => ["tournament", "report", dir],
    run: (dir, _, good) => ["tournament", "run", join(good, "tournament.yaml"), "--out", dir],
  },
  training: {
    evaluate: (dir, out) => ["evaluate", dir, "--expert", "ucb", "--trials", "2", "--out", out],
    play: (dir, out) => [
      "play",
      "transformer",
      "--option",
      `checkpoint=${dir}`,
      "--task",
      "bernoulli-bandit",
      "--set",
      "arms=3",
      "--set",
      "horizon=5",
      "--trials",
      "1",
      "--data",
      out,
    ],
    train: (dir, _, good) => ["train", join(good, "training.yaml"), "--out", dir],
  },
  spec: {
    run: (dir, out) => ["tournament", "run", join(dir, "spec.yaml"), "--out", out],
    collect: (dir, out) => ["dataset", "collect", join(dir, "spec.yaml"), "--out", out],
    train: (dir, out) => ["train", join(dir, "spec.yaml"), "--out", out],
  },
};

/** Which commands read what: all of the kind where nothing is said. */
const READERS: Readonly<Record<string, readonly string[]>> = {
  "label.json": ["label"],
  rows: ["head", "filter", "split", "jsonl", "csv", "dpt", "ad", "minari", "verify"],
  columns: ["head", "filter", "split", "jsonl", "csv", "dpt", "ad", "minari", "verify"],
  file: [
    "info",
    "head",
    "query",
    "filter",
    "split",
    "merge",
    "jsonl",
    "minari",
    "ratio",
    "verify",
    "train",
    "label anew",
  ],
  labels: ["head", "filter", "split", "jsonl", "csv", "dpt", "ad", "verify"],
  "shards.jsonl": ["verify", "play"],
  shard: ["list", "query", "verify"],
  segment: ["verify"],
  journal: ["play"],
  lock: ["play"],
  opened: ["play"],
  "results.json": ["report"],
  "trials.parquet": ["report"],
  "tournament.json": ["run"],
  "train-state.json": ["train"],
  "metrics.jsonl": ["train"],
  "spec.json": ["train"],
};

function writtenTraining(dir: string): string {
  const file = join(dirname(dir), "training-of-it.yaml");
  const model = { layers: 1, width: 4, heads: 1 };
  writeFileSync(
    file,
    JSON.stringify({
      name: "x",
      dataset: dir,
      objective: "dpt",
      model,
      training: { steps: 1, batch: 2, validation_share: 0 },
    }),
  );
  return file;
}

/** What came of one command. */
export interface Outcome {
  readonly command: string;
  readonly code: number;
  readonly text: string;
}

/** What came of an entry. */
export interface HostileOutcome {
  readonly outcomes: readonly Outcome[];
  /** Of the process, in MiB. */
  readonly rss: number;
  /** How the process ended, if not by itself. */
  readonly ended: string | undefined;
  /** What is not as it was, of all that is not the output. */
  readonly touched: readonly string[];
}

/** A process that hangs is ended; a busy machine takes long. */
const PATIENCE_MS = 240_000;

/** More than this the process must not have had: of 512 MiB for its objects, and what DuckDB, Arrow and the Parquet decoder have of their own. */
export const MOST_MIB = 1500;

/**
 * Gives entries to the commands that read them, one after the other in one process. Where that dies, hangs or grows, each has a process
 * of its own: it is known then whose fault it was.
 */
export async function giveHostile(entries: readonly HostileEntry[]): Promise<HostileOutcome[]> {
  const together = await giveTogether(entries);
  const harmless = together.every(({ ended, rss }) => ended === undefined && rss < MOST_MIB);
  if (harmless || entries.length === 1) return together;
  const apart: HostileOutcome[] = [];
  for (const entry of entries) apart.push(...(await giveTogether([entry])));
  return apart;
}

async function giveTogether(entries: readonly HostileEntry[]): Promise<HostileOutcome[]> {
  const temp = tempDir();
  try {
    const prepared = entries.map((entry, i) => prepare(entry, join(temp.path, String(i))));
    const { lines, ended } = await runCommands(prepared.map(({ commands, cwd }) => ({ commands, cwd })));
    const rss = lines.flatMap((line) => ("rss" in line ? [line.rss] : []))[0] ?? Number.NaN;
    const said = lines.flatMap((line) => ("code" in line ? [line] : []));
    return prepared.map(({ chosen, differences }) => {
      const outcomes = said.splice(0, chosen.length).map((line, i) => ({ command: chosen[i], ...line }));
      return { outcomes, rss, ended, touched: differences() };
    });
  } finally {
    temp.remove();
  }
}

/** A folder with an entry in it, the commands that are given it, and what of the folder they have changed. */
function prepare(entry: HostileEntry, folder: string) {
  const sandbox = join(folder, "sandbox");
  const good = join(sandbox, "good");
  const dir = join(sandbox, "in", entry.kind);
  const victim = join(sandbox, "victim");
  const cwd = join(sandbox, "cwd");
  cpSync(join(FIXTURES, "good"), good, { recursive: true });
  if (entry.kind === "spec") mkdirSync(dir, { recursive: true });
  else cpSync(join(good, entry.kind), dir, { recursive: true });
  mkdirSync(victim);
  writeFileSync(join(victim, "precious.txt"), "precious, without a newline at its end");
  mkdirSync(cwd);
  if (entry.make === undefined) cpSync(join(FIXTURES, entry.kind, entry.name), dir, { recursive: true });
  else entry.make(dir, victim);

  const chosen = READERS[entry.target] ?? Object.keys(COMMANDS[entry.kind]);
  const commands = chosen.map((name, i) => COMMANDS[entry.kind][name](dir, join(folder, `out-${i}`), good));
  const before = snapshot(sandbox, dir);
  return { dir, chosen, commands, cwd, differences: () => differences(before, snapshot(sandbox, dir)) };
}

/** What came of a server on an entry's folder. */
export interface ServedOutcome {
  /** Exit code, or the signal's name. */
  readonly ended: number | string | null;
  /** What it printed: where it listens. */
  readonly listening: string;
  /** Events of its own log that are warnings, or worse. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** What is at sessions.json afterwards: "nothing", "folder", "file". */
  readonly left: string;
  readonly touched: readonly string[];
  /** Of the process, in MiB. */
  readonly rss: number;
}

const TELL_RSS = 'process.once("exit", () => console.error("rss", process.resourceUsage().maxRSS))';

/** Starts a server on an entry's folder, in a process of bounded memory and time, and stops it as soon as it listens. */
export async function serveHostile(entry: HostileEntry): Promise<ServedOutcome> {
  const temp = tempDir();
  try {
    const { dir, cwd, differences } = prepare(entry, temp.path);
    const serve = ["serve", "--listen", "127.0.0.1:0", "--http", "off", "--data", dir, "--json", "--log-level", "warn"];
    const node = ["--max-old-space-size=512", "--import", `data:text/javascript,${encodeURIComponent(TELL_RSS)}`];
    const said = await endOf([...node, PROGRAM, ...serve, "--stop-with-input"], cwd);
    const lines = said.stderr.split("\n").filter(Boolean);
    const stat = lstatSync(join(dir, "sessions.json"), { throwIfNoEntry: false });
    return {
      ended: said.ended,
      listening: said.stdout,
      events: lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)),
      left: stat === undefined ? "nothing" : stat.isDirectory() ? "folder" : "file",
      touched: differences(),
      rss: Number(lines.find((line) => line.startsWith("rss "))?.slice(4)) / 1024,
    };
  } finally {
    temp.remove();
  }
}

type Line = { readonly code: number; readonly text: string } | { readonly rss: number };

interface Batch {
  readonly cwd: string;
  readonly commands: readonly (readonly string[])[];
}

async function runCommands(batches: readonly Batch[]) {
  const program = join(import.meta.dirname, "hostile-commands.mjs");
  const { stdout, stderr, ended } = await endOf(["--max-old-space-size=512", program, JSON.stringify(batches)]);
  const lines = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
  return { lines, ended: ended === 0 ? undefined : `${ended}: ${stderr.slice(-500)}` };
}

/** What a Node process without input said, and its exit code, or the signal's name. */
async function endOf(args: readonly string[], cwd?: string) {
  const child = spawn(process.execPath, args, {
    ...{ cwd, timeout: PATIENCE_MS, killSignal: "SIGKILL" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { stdout, stderr, ended: signal ?? code };
}

/** Every path of a folder with what is there: the entry's own folder may be written in, where commands are there to write. */
function snapshot(folder: string, own: string): Map<string, string> {
  const seen = new Map<string, string>();
  const look = (path: string) => {
    if (path === own || path === join(dirname(own), "training-of-it.yaml")) return;
    const stat = lstatSync(path);
    if (stat.isDirectory()) {
      seen.set(path, "folder");
      for (const name of readdirSync(path)) look(join(path, name));
    } else if (stat.isSymbolicLink()) seen.set(path, readlinkSync(path));
    else seen.set(path, createHash("sha256").update(readFileSync(path)).digest("hex"));
  };
  look(folder);
  return seen;
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));
}
