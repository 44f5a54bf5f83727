/**
 * Where commands may write, as a table: every command with --out or --data, given every kind of folder that there is. What is not its own
 * is refused with OUTPUT_EXISTS and exit code 2, and every file under it stays as it was. The commands run in this process.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodeOf } from "#icrl/cli/exit-code-of.js";
import { createProgram } from "#icrl/cli/program.js";
import { IcrlError } from "#icrl/common/errors.js";
import { tournamentFile } from "../support/tournament-file.js";
import { datasetFile, trainingFile } from "../support/training-file.js";
import { icrl, PROGRAM, startNode, startServe, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
const path = (name: string) => join(folder.path, name);
const BANDIT = ["--task", "bernoulli-bandit", "--set", "horizon=5"];
const FORMATS = ["minari", "dpt", "ad", "dpt-pickle", "ad-hdf5", "jsonl", "csv"] as const;

/** Files that the commands read. */
let specs: { tournament: string; dataset: string; training: string };

/** Command lines, each without its path, which is last; and the places where there is something of its own. */
const COMMANDS: Record<string, { readonly line: () => string[]; readonly own: readonly string[] }> = {
  play: { line: () => ["play", "uniform", ...BANDIT, "--data"], own: ["log"] },
  serve: { line: () => ["serve", "--data"], own: ["log", "tournament"] },
  "tournament run": { line: () => ["tournament", "run", specs.tournament, "--out"], own: ["tournament"] },
  "tournament report": {
    line: () => ["tournament", "report", path("tournament"), "--out"],
    own: ["report", "tournament"],
  },
  "dataset collect": { line: () => ["dataset", "collect", specs.dataset, "--out"], own: ["dataset", "begun"] },
  "dataset import": { line: () => ["dataset", "import", path("dpt-pickle"), "--format", "dpt", "--out"], own: [] },
  "dataset filter": { line: () => ["dataset", "filter", path("dataset"), "--where", "true", "--out"], own: [] },
  "dataset merge": { line: () => ["dataset", "merge", path("dataset"), path("dataset"), "--out"], own: [] },
  "dataset split": { line: () => ["dataset", "split", path("dataset"), "--parts", "a=.5,b=.5", "--out"], own: [] },
  ...Object.fromEntries(
    FORMATS.map((format) => [
      `dataset export ${format}`,
      { line: () => ["dataset", "export", path("dataset"), "--format", format, "--out"], own: [] },
    ]),
  ),
  train: { line: () => ["train", specs.training, "--out"], own: ["training"] },
  evaluate: { line: () => ["evaluate", path("training"), "--expert", "thompson", "--out"], own: ["evaluation"] },
};

/** With --overwrite; what a command replaces then. */
const OVERWRITING: Record<string, readonly string[]> = {
  "tournament run": ["tournament"],
  "dataset collect": ["dataset", "begun"],
  "dataset import": ["dataset"],
  "dataset filter": ["dataset"],
  "dataset merge": ["dataset"],
  "dataset split": ["split"],
  ...Object.fromEntries(
    FORMATS.map((format) => [`dataset export ${format}`, [format === "minari" ? "minari-v0" : format]]),
  ),
  train: ["training"],
};

/** Made by `icrl` itself. */
const OURS = [
  "log",
  "dataset",
  "begun",
  "split",
  "tournament",
  "report",
  "training",
  "evaluation",
  "minari-v0",
  "dpt",
  "ad",
];
const FILES = ["jsonl", "csv", "dpt-pickle", "ad-hdf5"];
/** Made by anybody. */
const STRANGERS = ["project", "project/README.md", "near", "link"];

const PLACES = [...OURS, ...FILES, ...STRANGERS];

beforeAll(async () => {
  specs = {
    tournament: tournamentFile(folder.path),
    dataset: datasetFile(folder.path),
    training: trainingFile(folder.path),
  };
  const make = async (...line: string[]) => {
    const { code, stderr } = await icrl(...line);
    if (code !== 0) throw new Error(`${line.join(" ")}: ${stderr}`);
  };
  const collected = (...line: string[]) => make("dataset", line[0], path("dataset"), ...line.slice(1));
  await make("play", "uniform", ...BANDIT, "--trials", "3", "--data", path("log"));
  await make("dataset", "collect", specs.dataset, "--out", path("dataset"));
  await collected("split", "--parts", "a=.5,b=.5", "--out", path("split"));
  for (const format of FORMATS) {
    await collected("export", "--format", format, "--out", path(format === "minari" ? "minari-v0" : format));
  }
  await make("tournament", "run", specs.tournament, "--out", path("tournament"));
  await make("tournament", "report", path("tournament"), "--out", path("report"));
  await make("train", specs.training, "--out", path("training"));
  await make("evaluate", path("training"), "--expert", "thompson", "--trials", "2", "--out", path("evaluation"));
  // As a collection leaves it that is killed: its log, and what it is for.
  mkdirSync(path("begun"));
  cpSync(path("log"), path("begun/collecting"), { recursive: true });
  const { spec } = JSON.parse(readFileSync(path("dataset/dataset.json"), "utf8"));
  writeFileSync(path("begun/collecting/spec.json"), JSON.stringify(spec));
  // Names that ours have, too.
  for (const [name, text] of Object.entries({
    "project/data/precious.csv": "1,2\n",
    "project/data/trajectories-000000000000.parquet": "mine",
    "project/agents/mine.mjs": "//",
    "project/log/server.log": "",
    "project/checkpoints/step-00000001/config.json": "{}",
    "project/labels/mine/label.json": "{}",
    "project/README.md": "# Mine",
    "near/spec.json": '{"name": "a web service"}',
    "near/tournament.json": '{"name": "chess"}',
    "near/dataset.json": '{"name": "iris"}',
    "near/statistics.json": "[]",
    "near/export.json": "not JSON",
  })) {
    mkdirSync(join(path(name), ".."), { recursive: true });
    writeFileSync(path(name), text);
  }
  symlinkSync(path("project"), path("link"));
});
afterAll(() => folder.remove());

/** Every file below a folder with its hash. */
function contents(dir: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    files[file] = entry.isFile() ? createHash("sha256").update(readFileSync(file)).digest("hex") : "";
  }
  return files;
}

/** Runs a command to its refusal. */
async function refusal(line: readonly string[]): Promise<{ reason: string; code: number; message: string }> {
  try {
    await createProgram().parseAsync(line, { from: "user" });
  } catch (error) {
    const { reason, message } = error as IcrlError;
    if (error instanceof IcrlError) return { reason, code: exitCodeOf(error), message };
    throw error;
  }
  throw new Error(`${line.join(" ")} was not refused`);
}

/** Every cell of the table in which there is nothing of the command's own. */
const cells = Object.entries(COMMANDS).flatMap(([name, { line, own }]) => [
  ...PLACES.filter((place) => !own.includes(place)).map((place) => ({ name, place, line })),
  ...(OVERWRITING[name] === undefined
    ? []
    : PLACES.filter((place) => !OVERWRITING[name].includes(place)).map((place) => ({
        name: `${name} --overwrite`,
        place,
        line: () => [...line().slice(0, -1), "--overwrite", ...line().slice(-1)],
      }))),
]);

describe(`${Object.keys(COMMANDS).length} commands, ${PLACES.length} places, ${cells.length} refusals`, () => {
  for (const place of PLACES) {
    test(`${place} stays as it is, whatever is told to write there that has nothing of its own in it`, async () => {
      const before = contents(folder.path);
      for (const { name, line } of cells.filter((cell) => cell.place === place)) {
        // Minari wants a version in its name, which is looked at first.
        const to = name.includes("minari") ? path("any-v0") : path(place);
        if (to !== path(place)) symlinkSync(path(place), to);
        const { reason, code, message } = await refusal([...line(), to]);
        expect([name, reason, code]).toEqual([name, "OUTPUT_EXISTS", 2]);
        expect(message).toMatch(/^\S+ (is|holds|has|would be) .*: (choose|call|move) /s);
        if (to !== path(place)) rmSync(to);
      }
      expect(contents(folder.path)).toEqual(before);
    });
  }

  test("the current folder is what is in it", async () => {
    const before = contents(folder.path);
    const home = process.cwd();
    process.chdir(path("project"));
    try {
      for (const { name, line } of cells.filter(({ place, name }) => place === "project" && !name.includes("minari"))) {
        const { reason, code } = await refusal([...line(), "."]);
        expect([name, reason, code]).toEqual([name, "OUTPUT_EXISTS", 2]);
      }
    } finally {
      process.chdir(home);
    }
    expect(contents(folder.path)).toEqual(before);
  });

  test("an empty path is no path", async () => {
    const before = contents(folder.path);
    for (const [name, { line }] of Object.entries(COMMANDS)) {
      if (name.includes("minari")) continue;
      const { reason, code } = await refusal([...line(), ""]);
      expect([name, reason, code]).toEqual([name, "OPTION_INVALID", 2]);
    }
    expect(contents(folder.path)).toEqual(before);
  });

  test("nothing is put into another output's own folders", async () => {
    const before = contents(folder.path);
    const inside = [
      "log/data/x",
      "dataset/labels/x",
      "dataset/data/new/x",
      "tournament/agents/x",
      "training/checkpoints/x",
    ];
    for (const place of inside) {
      for (const [name, { line }] of Object.entries(COMMANDS)) {
        if (name.includes("minari")) continue;
        const { reason, message } = await refusal([...line(), path(place)]);
        expect([name, reason]).toEqual([name, "OUTPUT_EXISTS"]);
        expect(message).toContain(`would be inside ${path(place.split("/")[0])}, which is a`);
      }
    }
    expect(contents(folder.path)).toEqual(before);
  });
});

test("what is replaced in place leaves what others put there", async () => {
  const notes = (name: string, ...files: string[]) => {
    for (const file of files) writeFileSync(path(`${name}/${file}`), "mine");
    return files;
  };
  const kept: Record<string, string[]> = {
    tournament: notes("tournament", "notes.txt", "data/precious.csv", "agents/mine.mjs"),
    dataset: notes("dataset", "notes.txt", "data/precious.csv"),
    training: notes("training", "notes.txt", "checkpoints/best.txt", "dataset/data/precious.csv"),
  };
  for (const [place, name] of [
    ["tournament", "tournament run"],
    ["dataset", "dataset collect"],
    ["training", "train"],
  ]) {
    const { code, stderr } = await icrl(...COMMANDS[name].line(), path(place), "--overwrite");
    expect([name, code, stderr.match(/error.*/)?.[0]]).toEqual([name, 0, undefined]);
    for (const file of kept[place]) expect(readFileSync(path(`${place}/${file}`), "utf8")).toBe("mine");
  }
  expect((await icrl("dataset", "verify", path("dataset"))).stdout).toContain("ok");
  expect((await icrl("log", "verify", "--data", path("tournament"))).stdout).toContain("ok");
});

test("what is replaced whole is not, while others have something in it", async () => {
  for (const [place, name] of [
    ["split", "dataset split"],
    ["dpt", "dataset export dpt"],
  ]) {
    writeFileSync(path(`${place}/notes.txt`), "mine");
    const before = contents(path(place));
    const { code, stderr } = await icrl(...COMMANDS[name].line(), path(place), "--overwrite");
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/OUTPUT_EXISTS: .* holds notes\.txt, which no run of ours made/),
    ]);
    expect(contents(path(place))).toEqual(before);
    rmSync(path(`${place}/notes.txt`));
    expect((await icrl(...COMMANDS[name].line(), path(place), "--overwrite")).code).toBe(0);
  }
});

test("a log that somebody writes to is not removed", async () => {
  const server = await startServe(path("tournament"));
  mkdirSync(path("live/collecting"), { recursive: true });
  cpSync(path("begun/collecting/spec.json"), path("live/collecting/spec.json"));
  // As `dataset collect` starts its own.
  const serve = ["serve", "--listen", "127.0.0.1:0", "--http", "off", "--data", path("live/collecting")];
  const collecting = spawn(process.execPath, [PROGRAM, ...serve, "--stop-with-input", "--json"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const collected = once(collecting, "exit");
  await once(collecting.stdout, "data");
  try {
    const before = contents(path("live"));
    const { code, stderr } = await icrl(...COMMANDS["dataset collect"].line(), path("live"), "--overwrite");
    expect([code, stderr]).toEqual([1, expect.stringContaining("LOG_LOCKED")]);
    expect(Object.keys(contents(path("live")))).toEqual(Object.keys(before));
    const running = startNode([PROGRAM, ...COMMANDS["tournament run"].line(), path("tournament"), "--overwrite"]);
    await running.said("another process still writes to");
    expect(existsSync(path("tournament/results.json"))).toBe(true);
    await server.stop();
    expect((await running.ended).code).toBe(0);
  } finally {
    collecting.stdin.end();
    await collected;
    await server.stop();
  }
});
