import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readmeBlocks } from "./readme-blocks.js";
import { PROGRAM, ROOT, temporaryFolder } from "./run-icrl.js";

const [, , ...commands] = readmeBlocks()
  .filter(({ language }) => language === "sh")
  .map(({ text }) => text);
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
  run(clone, 8, "npm", "ci");
  const stdout = run(clone, 8, "npm", "run", "demo");
  const leaderboard = readmeBlocks().find(({ language }) => language === "text");
  expect(stdout).toContain(leaderboard?.text);
  const picture = readFileSync(join(clone, "demo-output/regret.png"));
  expect(picture.equals(readFileSync(join(ROOT, "docs/images/demo.png")))).toBe(true);
  expect(run(clone, 1, "git", "status", "--porcelain")).toBe(""); // nothing that git would pick up
});

describe("the README's commands run, in order, in one folder", () => {
  let port: number;
  beforeAll(async () => {
    for (const name of ["examples", "experiments"]) symlinkSync(join(ROOT, name), join(folder.path, name));
    const socket = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => socket.once("listening", resolve));
    port = (socket.address() as { port: number }).port;
    await new Promise((resolve) => socket.close(resolve));
  });

  test.each(commands)("%s", (text) => {
    const npx = `npx() { shift; '${process.execPath}' '${PROGRAM}' "$@"; }`; // npx itself takes a second a time
    const script = `set -em\n${npx}\n${text.replaceAll("50551", String(port))}`;
    const { status, stdout, stderr } = spawnSync("bash", ["-c", script], {
      cwd: folder.path,
      encoding: "utf8",
      timeout: 595_000,
    });
    expect(stderr).not.toMatch(/error/i);
    expect(status).toBe(0);
    expect(stdout).not.toBe("");
  });
});
