import { existsSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeFolders } from "#icrl/datasets/files/make-folders.js";
import { tempDir } from "../../support/temp-dir.js";

function folderForTest(): string {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  return dir.path;
}

test("folders are made with all above them, and those that are there stay", () => {
  const dir = folderForTest();
  const path = join(dir, "a", "b", "c");
  makeFolders(path);
  writeFileSync(join(path, "file"), "");
  makeFolders(path);
  expect(readdirSync(path)).toEqual(["file"]);
  symlinkSync(path, join(dir, "link"));
  makeFolders(join(dir, "link", "d"));
  expect(statSync(join(path, "d")).isDirectory()).toBe(true);
});

test("a file in the way is an error with its path", () => {
  const file = join(folderForTest(), "file");
  writeFileSync(file, "");
  expect(() => makeFolders(file)).toThrow(`EEXIST: file already exists, mkdir '${file}'`);
  expect(() => makeFolders(join(file, "a", "b"))).toThrow(`ENOTDIR: not a directory`);
});

test.skipIf(!existsSync("/proc"))("where the system has no folders of ours, that is an error and not a hang", () => {
  expect(() => makeFolders("/proc/icrl/data")).toThrow("ENOENT: no such file or directory, mkdir '/proc/icrl'");
});
