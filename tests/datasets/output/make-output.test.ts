import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ad as adFormat } from "#icrl/datasets/export/ad.js";
import { makeOutput } from "#icrl/datasets/output/make-output.js";
import { tempDir } from "../../support/temp-dir.js";

const ad = adFormat.output;

function scratch() {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  return { dir: dir.path, out: join(dir.path, "out"), room: join(dir.path, ".out.unfinished-killed") };
}

/** Makes what an export leaves, with a text in its only file. */
const write = (text: string) => async (path: string) => {
  mkdirSync(join(path, "data"));
  writeFileSync(join(path, "data/ad-000000000000.parquet"), text);
  writeFileSync(
    join(path, "export.json"),
    JSON.stringify({ format: "ad", files: [{ file: "data/ad-000000000000.parquet" }] }),
  );
};
const textOf = (out: string) => readFileSync(join(out, "data/ad-000000000000.parquet"), "utf8");

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

test("one that was moved away by a process that was killed comes back", async () => {
  const { out, room } = scratch();
  await makeOutput(out, ad, false, write("one"));
  // As it is on disk between the two renames.
  mkdirSync(join(room, "made"), { recursive: true });
  writeFileSync(join(room, "unfinished.json"), JSON.stringify({ unfinished: "an export (ad)" }));
  renameSync(out, join(room, "old"));
  await expect(makeOutput(out, ad, false, write("two"))).rejects.toMatchObject({ reason: "OUTPUT_EXISTS" });
  expect(textOf(out)).toBe("one");
});

test("two that make one output at a time do not meet: the later finds it taken", async () => {
  const { dir, out } = scratch();
  let finish: () => void = () => {};
  const slow = makeOutput(out, ad, false, async (path) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    await write("slow")(path);
  });
  await makeOutput(out, ad, false, write("fast"));
  finish();
  await expect(slow).rejects.toMatchObject({ reason: "OUTPUT_EXISTS" });
  expect([textOf(out), readdirSync(dir)]).toEqual(["fast", ["out"]]);
});

test("what somebody puts into an output while it is made anew stays, and so does the output", async () => {
  const { dir, out } = scratch();
  await makeOutput(out, ad, false, write("one"));
  const replacing = makeOutput(out, ad, true, async (path) => {
    await write("two")(path);
    writeFileSync(join(out, "thesis.tex"), "mine");
  });
  await expect(replacing).rejects.toThrow("holds thesis.tex, which no run of ours made");
  expect([textOf(out), readFileSync(join(out, "thesis.tex"), "utf8"), readdirSync(dir)]).toEqual([
    "one",
    "mine",
    ["out"],
  ]);
});

test("folders of such names that no run left are not touched, and neither is what a refusal finds", async () => {
  const { dir, out, room } = scratch();
  for (const name of [".out.unfinished", ".out.unfinished-mine"]) {
    mkdirSync(join(dir, name, "old"), { recursive: true });
    writeFileSync(join(dir, name, "old/thesis.tex"), "");
  }
  mkdirSync(out);
  writeFileSync(join(out, "mine"), "");
  mkdirSync(room);
  writeFileSync(join(room, "unfinished.json"), JSON.stringify({ unfinished: "an export (ad)" }));
  const before = readdirSync(dir, { recursive: true }).sort();
  await expect(makeOutput(out, ad, true, write("one"))).rejects.toMatchObject({ reason: "OUTPUT_EXISTS" });
  expect(readdirSync(dir, { recursive: true }).sort()).toEqual(before);
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
  await expect(makeOutput(out, ad, true, write("two"))).rejects.toThrow(
    "has a link at data, and what is written must be in it",
  );
  expect(textOf(out)).toBe("one");
});
