import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { csv } from "#icrl/datasets/export/csv.js";
import { jsonl } from "#icrl/datasets/export/jsonl.js";
import { claimOutput } from "#icrl/datasets/output/claim-output.js";
import { DATASET, LOG, REPORT, TOURNAMENT, TRAINING } from "#icrl/datasets/output/output-kinds.js";
import { tempDir } from "../../support/temp-dir.js";

/** A folder with files in it. */
function folderWith(files: Record<string, string> = {}): string {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(dir.path, file, ".."), { recursive: true });
    writeFileSync(join(dir.path, file), text);
  }
  return dir.path;
}

const refused = (what: RegExp) =>
  expect.objectContaining({ reason: "OUTPUT_EXISTS", message: expect.stringMatching(what) });

const TOURNAMENT_JSON = JSON.stringify({ name: "t", seed: "7", trials: 1, tasks: [], agents: [] });
const SPEC_JSON = JSON.stringify({ model: {}, training: {}, objective: "ad" });

test("what is absent, or has folders and no files, is nobody's", () => {
  const dir = folderWith();
  mkdirSync(join(dir, "a/b/c"), { recursive: true });
  for (const path of [dir, join(dir, "a"), join(dir, "new/er")]) expect(claimOutput(path, { own: [LOG] })).toBe(false);
});

test("one's own is known by its marker, together with what may be beside it, and not with anything else", () => {
  const files = { "tournament.json": TOURNAMENT_JSON, "log/shards.jsonl": "" };
  const claim = { own: [TOURNAMENT], beside: [LOG, REPORT] };
  expect(claimOutput(folderWith(files), claim)).toBe(true);
  expect(() => claimOutput(folderWith(files), { own: [TOURNAMENT] })).toThrow(refused(/is a log: choose another/));
  expect(() => claimOutput(folderWith({ "log/shards.jsonl": "" }), claim)).toThrow(refused(/is a log/));
  expect(() => claimOutput(folderWith({ ...files, "spec.json": SPEC_JSON }), claim)).toThrow(refused(/is a training/));
});

test("a marker that is a link, no JSON, of another shape or of another kind is none", () => {
  const dir = folderWith({ "elsewhere.json": SPEC_JSON });
  symlinkSync(join(dir, "elsewhere.json"), join(dir, "spec.json"));
  const others = [
    "",
    "[]",
    "null",
    "7",
    '{"model": 1, "training": {}, "objective": "ad"}',
    '{"__proto__": {"model": {}}}',
  ];
  for (const other of [dir, ...others.map((text) => folderWith({ "spec.json": text }))]) {
    expect(() => claimOutput(other, { own: [TRAINING] })).toThrow(refused(/holds something else \(/));
  }
});

test("folders that others call log, data or agents, too, are no log of ours", () => {
  for (const file of [
    "log/server.log",
    "log/lock.txt",
    "log/probe",
    "data/trajectories-000000000000.parquet",
    "tournaments/chess.jsonl",
  ]) {
    expect(() => claimOutput(folderWith({ [file]: "" }), { own: [LOG] })).toThrow(refused(/holds something else/));
  }
});

test("into a tournament's folder a report goes, unless a file of a report's name is there that no report left", () => {
  const claim = { own: [REPORT], into: [TOURNAMENT] };
  expect(claimOutput(folderWith({ "tournament.json": TOURNAMENT_JSON }), claim)).toBe(false);
  const mine = folderWith({ "tournament.json": TOURNAMENT_JSON, "report.md": "mine" });
  expect(() => claimOutput(mine, claim)).toThrow(refused(/has a report\.md that no report of ours left/));
});

test("a file is replaced where it begins as an export of that format does", () => {
  const header =
    "episode_id,task,behaviour,trial_index,episode,step,observation,action,reward,propensity,regret,optimal_action";
  const dir = folderWith({
    "ours.csv": `${header}\n`,
    "mine.csv": "episode_id,task\n",
    "new.csv": "",
    "log/shards.jsonl": "",
  });
  expect(claimOutput(join(dir, "ours.csv"), { own: [csv.output] })).toBe(true);
  expect(claimOutput(join(dir, "new.csv"), { own: [csv.output] })).toBe(false); // of mktemp, say
  expect(() => claimOutput(join(dir, "mine.csv"), { own: [csv.output] })).toThrow(
    refused(/is a file, and not an export/),
  );
  expect(() => claimOutput(join(dir, "ours.csv"), { own: [jsonl.output] })).toThrow(refused(/is a file, and not/));
  expect(() => claimOutput(dir, { own: [csv.output] })).toThrow(refused(/is a folder/));
  expect(() => claimOutput(join(dir, "ours.csv"), { own: [DATASET] })).toThrow(refused(/is a file: /));
  expect(() => claimOutput(join(dir, "ours.csv/x"), { own: [DATASET] })).toThrow(refused(/would be below .*ours\.csv/));
});

test("what leads into another output's own folders is refused, through a link, too", () => {
  const dir = folderWith({ "log/log/shards.jsonl": "" });
  symlinkSync(join(dir, "log"), join(dir, "link"));
  symlinkSync(join(dir, "nowhere"), join(dir, "broken"));
  mkdirSync(join(dir, "log/data/sub"), { recursive: true });
  symlinkSync(join(dir, "log/data/sub"), join(dir, "into"));
  for (const path of ["log/data", "log/log/new/x", "link/data/x", "into"]) {
    expect(() => claimOutput(join(dir, path), { own: [DATASET] })).toThrow(
      refused(/would be inside .*\/log, which is a log/),
    );
  }
  expect(claimOutput(join(dir, "log/notes"), { own: [DATASET] })).toBe(false);
  expect(() => claimOutput(join(dir, "broken"), { own: [DATASET] })).toThrow(refused(/is a link to nothing/));
});

test("what is written in one's own is in it: a link among its files, or in its folders, is refused", () => {
  const files = { "tournament.json": TOURNAMENT_JSON, "agents/a.log": "", "log/shards.jsonl": "", "notes/x": "" };
  const claim = { own: [TOURNAMENT], beside: [LOG] };
  for (const link of [
    "results.json",
    "regret.svg",
    "agents/b.log",
    "data",
    "tournaments",
    "log/000000000000.1.segment",
  ]) {
    const dir = folderWith(files);
    symlinkSync(join(dir, "notes"), join(dir, link));
    expect(() => claimOutput(dir, claim)).toThrow(refused(/has a link at .*, and what is written must be in it/));
  }
  const dir = folderWith(files);
  symlinkSync(join(dir, "notes"), join(dir, "my-link")); // nobody writes there
  expect(claimOutput(dir, claim)).toBe(true);
});

test("where a training has a dataset, a dataset goes beside what others left there, and nothing else does", () => {
  const dir = folderWith({ "spec.json": SPEC_JSON, "dataset/data/precious.csv": "" });
  expect(claimOutput(join(dir, "dataset"), { own: [DATASET] })).toBe(false);
  expect(() => claimOutput(join(dir, "dataset"), { own: [LOG] })).toThrow(refused(/holds something else/));
});

test("files where folders of ours would be make no log, and no error of another kind", () => {
  for (const file of ["log", "data", "tournaments", "checkpoints", "collecting"]) {
    expect(() => claimOutput(folderWith({ [file]: "mine" }), { own: [LOG] })).toThrow(refused(/holds something else/));
  }
});

test("an empty path is no path", () => {
  for (const path of ["", " "]) {
    expect(() => claimOutput(path, { own: [LOG] })).toThrow(expect.objectContaining({ reason: "OPTION_INVALID" }));
  }
});
