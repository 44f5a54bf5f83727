import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readmeBlocks } from "./readme-blocks.js";
import { PROGRAM, ROOT, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
afterAll(() => folder.remove());

/** Runs to its end, within so many minutes. */
function run(cwd: string, minutes: number, command: string, ...args: string[]): string {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: minutes * 60_000 });
  console.log(`${[command, ...args].join(" ")}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

test("a fresh clone installs and plays the demo, which gives the README's leaderboard and picture", () => {
  const clone = join(folder.path, "icrl");
  run(folder.path, 1, "git", "clone", "--quiet", ROOT, clone);
  run(clone, 3, "npm", "ci");
  const stdout = run(clone, 3, "npm", "run", "demo");
  const leaderboard = readmeBlocks().find(({ language }) => language === "text");
  expect(stdout).toContain(leaderboard?.text);
  const picture = readFileSync(join(clone, "demo-output/regret.png"));
  expect(picture.equals(readFileSync(join(ROOT, "docs/images/demo.png")))).toBe(true);
  expect(run(clone, 1, "git", "status", "--porcelain")).toBe(""); // nothing that git would pick up
});

test("the README's transformer trains, plays and is evaluated", () => {
  const block = readmeBlocks().find(({ text }) => text.includes("icrl train"));
  symlinkSync(join(ROOT, "experiments"), join(folder.path, "experiments"));
  const npx = `npx() { shift; '${process.execPath}' '${PROGRAM}' "$@"; }`; // npx itself takes a second a time
  const stdout = run(folder.path, 5, "bash", "-c", `set -e\n${npx}\n${block?.text}`);
  expect(stdout).toContain("evaluation.json");
});
