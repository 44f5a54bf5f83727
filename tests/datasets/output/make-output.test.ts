import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeOutput } from "#icrl/datasets/output/make-output.js";
import { EXPORTS } from "#icrl/datasets/output/output-kinds.js";
import { tempDir } from "../../support/temp-dir.js";

const { ad } = EXPORTS;

function scratch() {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  return { dir: dir.path, out: join(dir.path, "out"), room: join(dir.path, ".out.unfinished") };
}

/** Makes what an export leaves, with a text in its only file. */
const write = (text: string) => async (path: string) => {
  mkdirSync(join(path, "data"));
  writeFileSync(join(path, "data/a.parquet"), text);
  writeFileSync(join(path, "export.json"), JSON.stringify({ format: "ad", files: [{ file: "data/a.parquet" }] }));
};
const textOf = (out: string) => readFileSync(join(out, "data/a.parquet"), "utf8");

test("it is there when it is whole, in a folder that was there empty, too, and nothing is left beside it", async () => {
  const { dir, out } = scratch();
  await makeOutput(out, ad, false, write("one"));
  mkdirSync(join(dir, "empty/data/deep"), { recursive: true });
  await makeOutput(join(dir, "empty"), ad, false, write("two"));
  expect([textOf(out), textOf(join(dir, "empty"))]).toEqual(["one", "two"]);
  expect(readdirSync(dir).sort()).toEqual(["empty", "out"]);
});

test("what fails leaves the old one, and nothing beside it", async () => {
  const { dir, out } = scratch();
  await makeOutput(out, ad, false, write("one"));
  const failing = makeOutput(out, ad, true, async (path) => {
    await write("two")(path);
    throw new Error("the disk is full");
  });
  await expect(failing).rejects.toThrow("the disk is full");
  expect([textOf(out), readdirSync(dir)]).toEqual(["one", ["out"]]);
});

test("one that was moved away by a process that was killed comes back, and what that had made goes", async () => {
  const { dir, out, room } = scratch();
  await makeOutput(out, ad, false, write("one"));
  // As it is on disk between the two renames.
  mkdirSync(join(room, "made"), { recursive: true });
  writeFileSync(join(room, "unfinished.json"), JSON.stringify({ unfinished: "an export (ad)" }));
  renameSync(out, join(room, "old"));
  await expect(makeOutput(out, ad, false, write("two"))).rejects.toMatchObject({ reason: "OUTPUT_EXISTS" });
  expect([textOf(out), readdirSync(dir)]).toEqual(["one", ["out"]]);
});

test("a folder of that name that no run left is not touched", async () => {
  const { out, room } = scratch();
  mkdirSync(room);
  writeFileSync(join(room, "thesis.tex"), "");
  await expect(makeOutput(out, ad, false, write("one"))).rejects.toMatchObject({ reason: "OUTPUT_EXISTS" });
  expect([existsSync(out), readdirSync(room)]).toEqual([false, ["thesis.tex"]]);
});

test("a folder in which others have something, or a link, is not replaced", async () => {
  const { dir, out } = scratch();
  await makeOutput(out, ad, false, write("one"));
  writeFileSync(join(out, "data/notes.txt"), "");
  await expect(makeOutput(out, ad, true, write("two"))).rejects.toThrow(
    "holds data/notes.txt, which no run of ours made",
  );
  expect(textOf(out)).toBe("one");
  renameSync(join(out, "data"), join(dir, "big-disk"));
  symlinkSync(join(dir, "big-disk"), join(out, "data"));
  await expect(makeOutput(out, ad, true, write("two"))).rejects.toThrow("holds data, which no run of ours made");
  expect(textOf(out)).toBe("one");
});
