import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ROOT } from "../e2e/run-icrl.js";
import { tempDir } from "../support/temp-dir.js";

/** What `npm run lock -- --check` says of a lock file. */
function check(change: (packages: Record<string, Record<string, unknown>>) => void) {
  const folder = tempDir();
  onTestFinished(() => folder.remove());
  mkdirSync(join(folder.path, "scripts"));
  copyFileSync(join(ROOT, "scripts/lock.mjs"), join(folder.path, "scripts/lock.mjs"));
  copyFileSync(join(ROOT, "package.json"), join(folder.path, "package.json"));
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  change(lock.packages);
  writeFileSync(join(folder.path, "package-lock.json"), JSON.stringify(lock));
  const { status, stderr } = spawnSync(process.execPath, [join(folder.path, "scripts/lock.mjs"), "--check"], {
    encoding: "utf8",
  });
  return { status, stderr };
}

const NATIVE = "node_modules/@duckdb/node-bindings-linux-arm64";

test("the lock file has every package with its integrity", () => {
  expect(check(() => {})).toEqual({ status: 0, stderr: "" });
});

test("an entry without its integrity, and a platform's package that is not there, are named", () => {
  expect(check((packages) => delete packages[NATIVE].integrity)).toEqual({
    status: 1,
    stderr: `package-lock.json has ${NATIVE} without its integrity: npm run lock\n`,
  });
  expect(check((packages) => delete packages[NATIVE])).toEqual({
    status: 1,
    stderr: `package-lock.json lacks ${NATIVE}: npm run lock\n`,
  });
});

test("an install script that nobody decided about is named", () => {
  const says = check((packages) => {
    packages["node_modules/yaml"].hasInstallScript = true;
  });
  expect(says).toEqual({
    status: 1,
    stderr: "package.json's allowScripts says nothing of yaml: npm install-scripts\n",
  });
});
