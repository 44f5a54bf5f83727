import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, appendFileSync, constants, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { blocksOf } from "./blocks-of.js";
import { ROOT, temporaryFolder } from "./run-icrl.js";

/** The commands of a page, without its first blocks: they install the clone, and play the demo and the tests. */
const commandsOf = (page: string, first: number) =>
  blocksOf(page)
    .filter(({ language }) => language === "sh")
    .slice(first)
    .map(({ text }) => text);
const folder = temporaryFolder();
const clone = join(folder.path, "icrl");
afterAll(() => folder.remove());

/** Runs to its end, within so many minutes. */
function run(cwd: string, minutes: number, command: string, ...args: string[]): string {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: minutes * 60_000 });
  console.log(`${[command, ...args].join(" ")}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

test("a fresh clone, prepared as npm does it, plays the demo, which gives the README's leaderboard and picture", () => {
  run(folder.path, 1, "git", "clone", "--quiet", ROOT, clone);
  // That `npm ci` installs what is needed is seen where these tests were installed by it.
  symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"));
  appendFileSync(join(clone, ".git/info/exclude"), "node_modules\n"); // a link is no folder, as .gitignore has it
  run(clone, 8, "npm", "run", "prepare");
  accessSync(join(clone, "dist/cli/main.js"), constants.X_OK); // npm would not make it so where it linked the command before
  const stdout = run(clone, 8, "npm", "run", "demo");
  const leaderboard = blocksOf("README.md").find(({ language }) => language === "text");
  expect(stdout).toContain(leaderboard?.text);
  const picture = readFileSync(join(clone, "demo-output/regret.png"));
  expect(picture.equals(readFileSync(join(ROOT, "docs/images/demo.png")))).toBe(true);
  expect(run(clone, 1, "git", "status", "--porcelain")).toBe(""); // nothing that git would pick up
});

test("npx finds the clone built, and packing it takes what is built along", () => {
  const built = statSync(join(clone, "dist/build.json")).mtimeMs;
  expect(run(clone, 1, "npx", "icrl", "--help")).toMatch(/^Usage: icrl /);
  const [{ files }] = JSON.parse(run(clone, 2, "npm", "pack", "--dry-run", "--json")) as [
    { files: { path: string }[] },
  ];
  expect(files.map(({ path }) => path)).toContain("dist/cli/main.js");
  expect(statSync(join(clone, "dist/build.json")).mtimeMs).toBe(built);
});

/** Pastes blocks into one shell of the clone; gives what each of them printed. */
async function paste(blocks: readonly string[]): Promise<string[]> {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  await new Promise((resolve) => taken.close(resolve));
  const script = join(folder.path, "pasted.sh");
  const pasted = blocks.map((text, i) => `echo "== block ${i}"\n${text.replaceAll("50551", String(port))}`);
  writeFileSync(script, `set -em\n${pasted.join("\n")}`); // -m: jobs have numbers, as where people type
  const child = spawn("bash", [script], { cwd: clone, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [status] = (await once(child, "close")) as [number | null];
  console.log(stdout);
  expect(stderr).not.toMatch(/^error|^its server/im);
  expect(status, stderr).toBe(0);
  const said = stdout.split(/^== block \d+\n/m).slice(1);
  expect(said).toHaveLength(blocks.length);
  return said;
}

test("all other commands of the README run as they stand, pasted block after block into one shell", async () => {
  const blocks = commandsOf("README.md", 3);
  const said = await paste(blocks);
  for (const [i, text] of said.entries()) expect(text, blocks[i]).not.toBe("");
  // What is printed to be run next is run as it is printed.
  const next = /^report +(npx icrl tournament report .*)$/m.exec(said.join(""))?.[1] as string;
  expect(run(clone, 2, "bash", "-c", next)).toMatch(/report\.html/);
});

test("the commands of the tutorial run as they stand and print what it shows", async () => {
  const said = (await paste(commandsOf("docs/tutorial.md", 2))).join("");
  const [, ...shown] = blocksOf("docs/tutorial.md").filter(({ language }) => language === "text"); // the first is the demo's
  expect(shown).toHaveLength(5);
  for (const { text } of shown) {
    // Speeds are the machine's, times take more or less room in the log, and a processor of another kind may train another
    // transformer: its own line of a leaderboard may differ then, and with it the ranks of the others.
    const lines = text
      .split("\n")
      .filter((line) => !/tokens\/s|bytes a step|loss|regret on|transformer/.test(line))
      .map((line) => line.replace(/^ +\d+(?= {2}\w)/, ""));
    for (const line of lines) expect(said).toContain(line);
  }
});
