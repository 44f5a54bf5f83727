import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { removeFiles } from "#icrl/datasets/output/remove-files.js";
import { tempDir } from "../../support/temp-dir.js";

function folder() {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  const write = (...files: string[]) => {
    for (const file of files) {
      mkdirSync(join(dir.path, file, ".."), { recursive: true });
      writeFileSync(join(dir.path, file), "");
    }
  };
  const left = () => readdirSync(dir.path, { recursive: true }).map(String).sort();
  return { path: dir.path, write, left };
}

test("what is listed goes, with folders that are empty then; everything else stays", () => {
  const { path, write, left } = folder();
  write("data/a", "data/precious.csv", "log/b", "deep/er/c", "notes.txt");
  mkdirSync(join(path, "empty"));
  removeFiles(path, ["data/a", "log/b", "deep/er/c", "not/there", "data", "empty"]);
  expect(left()).toEqual(["data", "data/precious.csv", "notes.txt"]);
});

test("a list that leads out of the folder is not followed", () => {
  const { path, write, left } = folder();
  write("precious", "out/a", "elsewhere/b");
  symlinkSync(join(path, "elsewhere"), join(path, "out/link"));
  const before = left();
  removeFiles(join(path, "out"), [
    "../precious",
    "link/b",
    "x/../../precious",
    join(path, "precious"),
    "..\\precious",
    "",
    ".",
    "..",
  ]);
  expect(left()).toEqual(before);
  removeFiles(join(path, "out"), ["link"]); // the link itself, and not what it leads to
  expect(left()).toEqual(["elsewhere", "elsewhere/b", "out", "out/a", "precious"]);
});
