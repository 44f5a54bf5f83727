import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { requireUnchanged, sourceFiles } from "#icrl/jobs/import/source-files.js";
import { tempDir } from "../../support/temp-dir.js";

const signal = new AbortController().signal;

function folder(files: Readonly<Record<string, string>>): string {
  const temporary = tempDir();
  onTestFinished(() => temporary.remove());
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(temporary.path, name, ".."), { recursive: true });
    writeFileSync(join(temporary.path, name), text);
  }
  return temporary.path;
}

test("a file has its hash, a folder that of its files' names and hashes", async () => {
  const dir = folder({ "a.pkl": "abc", "set/data/metadata.json": "{}", "set/data/main_data.hdf5": "x" });
  // SHA-256 of "abc": FIPS 180-2, appendix B.1
  const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(await sourceFiles([join(dir, "a.pkl")], false, signal)).toMatchObject([{ name: "a.pkl", bytes: 3, sha256 }]);
  const [first] = await sourceFiles([join(dir, "set")], true, signal);
  expect(first).toMatchObject({ name: "set", bytes: 3 });
  writeFileSync(join(dir, "set/data/main_data.hdf5"), "y");
  const [second] = await sourceFiles([join(dir, "set")], true, signal);
  expect(second.sha256).not.toBe(first.sha256);
});

test("what changes while it is read is no import", async () => {
  const dir = folder({ "a.pkl": "abc", "b.pkl": "def" });
  const files = await sourceFiles([join(dir, "a.pkl"), join(dir, "b.pkl")], false, signal);
  expect(() => requireUnchanged(files, false)).not.toThrow();
  utimesSync(join(dir, "b.pkl"), 1, 1);
  expect(() => requireUnchanged(files, false)).toThrow(
    expect.objectContaining({ reason: "IMPORT_INVALID", message: expect.stringMatching(/b\.pkl has changed/) }),
  );
});

test("the same content twice is refused: its trials would stand twice", async () => {
  const dir = folder({ "a.pkl": "abc", "b.pkl": "abc" });
  await expect(sourceFiles([join(dir, "a.pkl"), join(dir, "b.pkl")], false, signal)).rejects.toMatchObject({
    reason: "IMPORT_INVALID",
    message: `${join(dir, "b.pkl")} has the same content as ${join(dir, "a.pkl")}: give each once`,
  });
});
