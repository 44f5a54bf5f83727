import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../e2e/run-icrl.js";
import { tempDir } from "../support/temp-dir.js";

const folder = tempDir();
const path = (name: string) => join(folder.path, name);
const NOTE = path("dist/build.json");

/** What npm runs whenever it prepares a checkout; its exit status, and whether it built all. */
function prepare(): { status: number | null; built: boolean } {
  const before = statSync(NOTE).mtimeMs;
  const { status } = spawnSync(process.execPath, [path("scripts/build.mjs"), "--if-stale"]);
  const { inputs } = JSON.parse(readFileSync(NOTE, "utf8")) as { inputs: string | null };
  return { status, built: inputs !== null && statSync(NOTE).mtimeMs !== before };
}

const NOTHING_TO_DO = { status: 0, built: false };
const BUILT = { status: 0, built: true };

beforeAll(() => {
  const elsewhere = ["node_modules", "tests", "docs", ".venv", ".ci"];
  for (const name of readdirSync(ROOT)) {
    if (!elsewhere.includes(name)) cpSync(join(ROOT, name), path(name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), path("node_modules"));
});
afterAll(() => folder.remove());

test("a checkout that is built is not built again, whatever times its files have", () => {
  expect(prepare()).toEqual(NOTHING_TO_DO);
  utimesSync(path("common/version.ts"), new Date(), new Date());
  expect(prepare()).toEqual(NOTHING_TO_DO);
  mkdirSync(path("clients/typescript/dist"), { recursive: true });
  writeFileSync(path("clients/typescript/dist/index.js"), "what the SDK's package is made of");
  expect(prepare()).toEqual(NOTHING_TO_DO);
});

test("it is built again where an output is gone, though the compiler remembers that it wrote it", () => {
  rmSync(path("dist/common/version.js"));
  expect(prepare()).toEqual(BUILT);
  expect(existsSync(path("dist/common/version.js"))).toBe(true);
  expect(prepare()).toEqual(NOTHING_TO_DO);
});

test("a source that is changed is built, and a build that failed is not taken for one", () => {
  const source = path("common/version.ts");
  const before = readFileSync(source, "utf8");
  writeFileSync(source, `${before}export const WRONG: number = "a text";\n`);
  for (const _ of ["at first", "and again"]) {
    expect(prepare()).toEqual({ status: 2, built: false }); // tsc's own exit code; it has written its outputs
  }
  writeFileSync(source, before); // as a git checkout would
  expect(prepare()).toEqual(BUILT);
});

test("what no source makes any more is removed: tests would find it here, and nobody in a clone", () => {
  writeFileSync(path("common/short-lived.ts"), "export const SHORT = 1;\n");
  expect(prepare()).toEqual(BUILT);
  const outputs = ["js", "js.map", "d.ts", "d.ts.map"].map((end) => path(`dist/common/short-lived.${end}`));
  expect(outputs.map((file) => existsSync(file))).toEqual([true, true, true, true]);
  rmSync(path("common/short-lived.ts"));
  expect(prepare()).toEqual(BUILT);
  expect(outputs.map((file) => existsSync(file))).toEqual([false, false, false, false]);
  expect(existsSync(path("dist/statistics/kernels-bytes.js"))).toBe(true); // made by another step than the compiler
  expect(prepare()).toEqual(NOTHING_TO_DO);
});
