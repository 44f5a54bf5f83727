import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
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

/** What npm runs whenever it prepares a checkout; its exit status, and whether it built. */
function prepare(): { status: number | null; built: boolean } {
  const before = existsSync(NOTE) ? statSync(NOTE).mtimeMs : undefined;
  const { status } = spawnSync(process.execPath, [path("scripts/build.mjs"), "--if-stale"]);
  return { status, built: existsSync(NOTE) && statSync(NOTE).mtimeMs !== before };
}

const NOTHING_TO_DO = { status: 0, built: false };
const BUILT = { status: 0, built: true };

beforeAll(() => {
  const rooms = ["agents", "bench", "cli", "clients", "common", "datasets", "jobs", "server", "statistics"];
  for (const name of [...rooms, "proto", "scripts"]) {
    cpSync(join(ROOT, name), path(name), { recursive: true });
  }
  for (const name of ["package.json", "package-lock.json", "tsconfig.json"]) cpSync(join(ROOT, name), path(name));
  symlinkSync(join(ROOT, "node_modules"), path("node_modules"));
});
afterAll(() => folder.remove());

test("a checkout is built once, whatever times its files have", () => {
  expect(prepare()).toEqual(BUILT);
  expect(prepare()).toEqual(NOTHING_TO_DO);
  utimesSync(path("common/version.ts"), new Date(), new Date());
  expect(prepare()).toEqual(NOTHING_TO_DO);
  mkdirSync(path("clients/typescript/dist"), { recursive: true });
  writeFileSync(path("clients/typescript/dist/index.js"), "what the SDK's package is made of");
  expect(prepare()).toEqual(NOTHING_TO_DO);
});

test("it is built again where an output is gone", () => {
  rmSync(path("dist/common/version.js"));
  expect(prepare()).toEqual(BUILT);
  expect(existsSync(path("dist/common/version.js"))).toBe(true);
});

test("a source that is changed is built, and a build that failed is not taken for one", () => {
  const source = path("common/version.ts");
  const before = readFileSync(source, "utf8");
  writeFileSync(source, `${before}export const WRONG: number = "a text";\n`);
  expect(prepare()).toEqual({ status: 2, built: false }); // tsc's own exit code; it has written its outputs
  writeFileSync(source, before); // as a git checkout would
  expect(prepare()).toEqual(BUILT);
});
