/** The SDK as its users have it: its package alone, packed, and installed where nothing of this repository is. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, startNode, startServe } from "../../e2e/run-icrl.js";
import { tempDir } from "../../support/temp-dir.js";

const SDK = join(ROOT, "clients/typescript");
const folder = tempDir();
const elsewhere = join(folder.path, "elsewhere");
const tarballs = join(folder.path, "tarballs");
let server: Awaited<ReturnType<typeof startServe>>;
let packed: { readonly filename: string; readonly files: readonly { readonly path: string }[] };

/** Runs to its end, which is well. */
function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

/** The folders of packages in this repository's node_modules, and of all that they depend on. */
function withDependencies(names: readonly string[], from: string, found = new Set<string>()): Set<string> {
  for (const name of names) {
    const places = createRequire(join(from, "package.json")).resolve.paths(name) as string[];
    const place = places.map((parent) => join(parent, name)).find(existsSync) as string;
    if (found.has(place)) continue;
    found.add(place);
    withDependencies(Object.keys(readJson(join(place, "package.json")).dependencies ?? {}), place, found);
  }
  return found;
}

beforeAll(async () => {
  mkdirSync(elsewhere);
  mkdirSync(tarballs);
  const pack = ["pack", "--json", "--pack-destination", tarballs];
  [packed] = JSON.parse(run(ROOT, "npm", ...pack, "--workspace", "icrl-sdk"));
  // What npm would fetch is packed from here, so that nothing is fetched.
  const dependencies = withDependencies(Object.keys(readJson(join(SDK, "package.json")).dependencies), SDK);
  run(ROOT, "npm", ...pack, "--ignore-scripts", ...dependencies);
  writeFileSync(join(elsewhere, "package.json"), JSON.stringify({ name: "elsewhere", private: true, type: "module" }));
  const offline = ["install", "--offline", "--cache", join(folder.path, "empty")];
  run(elsewhere, "npm", ...offline, ...readdirSync(tarballs).map((name) => join(tarballs, name)));
  server = await startServe(join(folder.path, "log"), "--http", "off");
});
afterAll(async () => {
  await server?.stop();
  folder.remove();
});

/** Writes a program there. */
function write(name: string, text: string): void {
  writeFileSync(join(elsewhere, name), text);
}

/** Runs one to its end, against the server. */
const play = (program: string, ...args: string[]) =>
  startNode([join(elsewhere, program), "--connect", server.address, ...args]).ended;

/** Examples and pages import the SDK from the package `icrl`, which exports the same. */
const fromSdk = (text: string) => text.replace('from "icrl"', 'from "icrl-sdk"');

test("the package is one module with its types, a licence and a page, and depends on two packages", () => {
  const { version, license, engines } = readJson(join(ROOT, "package.json"));
  const there = readJson(join(elsewhere, "node_modules/icrl-sdk/package.json"));
  expect(there).toMatchObject({ name: "icrl-sdk", version, license, engines });
  expect(Object.keys(there.dependencies)).toEqual(["@bufbuild/protobuf", "@grpc/grpc-js"]);
  const { dependencies } = readJson(join(ROOT, "package.json"));
  expect(dependencies).toMatchObject(there.dependencies); // the versions that all tests here run with
  const files = packed.files.map(({ path }) => path);
  expect(files.filter((path) => !path.startsWith("dist/types/")).sort()).toEqual([
    "LICENSE",
    "README.md",
    "dist/index.js",
    "dist/third-party-licences.txt",
    "package.json",
  ]);
  expect(files.filter((path) => path.startsWith("dist/types/") && !path.endsWith(".d.ts"))).toEqual([]);
  expect(readFileSync(join(SDK, "LICENSE"), "utf8")).toBe(readFileSync(join(ROOT, "LICENSE"), "utf8"));
  const notices = readFileSync(join(elsewhere, "node_modules/icrl-sdk/dist/third-party-licences.txt"), "utf8");
  expect(notices).toMatch(/^fastest-levenshtein 1\.\d+\.\d+\n\nMIT License\n/);
});

const AGENT = `
import { type Arms, defineAgent, integer, type Policy, runAgent } from "icrl-sdk";

const agent = defineAgent({
  name: "first-arms",
  version: "1",
  summary: "Plays the first arms in turn.",
  source: "a test",
  tasks: ["bandit"],
  options: { first: integer({ default: 2, min: 1, help: "how many of them" }) },
  create({ numActions, arms }, { first }): Policy {
    const seen: Arms | undefined = arms;
    // @ts-expect-error: an option is a number here
    const wrong: string = first;
    let step = 0;
    return { act: () => (seen === undefined && wrong !== undefined ? step++ % Math.min(first, numActions) : 0) };
  },
});

process.exitCode = await runAgent(agent, process.argv.slice(2));
`;

test("an agent in TypeScript is checked against the package's types, declarations and all, and plays", async () => {
  write("first-arms.ts", AGENT);
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const flags = [
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "--types",
    "node",
    "--skipLibCheck",
    "false",
  ];
  run(elsewhere, process.execPath, compiler, ...flags, "first-arms.ts");
  const args = ["--task", "bernoulli-bandit", "--set", "arms=4", "--set", "horizon=7", "--trials", "20", "--seed", "3"];
  const one = await play("first-arms.js", ...args, "--option", "first=1");
  expect(one.code, one.stderr).toBe(0);
  expect(one.stdout).toMatch(/^20 of 20 trials, 140 steps\nregret [\d.]+ ± [\d.]+, return [\d.]+ ± [\d.]+ \(/);
  expect((await play("first-arms.js", ...args)).stdout).not.toBe(one.stdout);
});

test("an agent and a loop in JavaScript, the examples of this repository, play there as they play here", async () => {
  const examples = ["softmax-agent.mjs", "gym-loop.mjs"].map((name) => join(ROOT, "examples", name));
  for (const example of examples) write(example.split("/").at(-1) as string, fromSdk(readFileSync(example, "utf8")));
  const args = ["--task", "linear-bandit", "--set", "dim=3", "--trials", "5", "--option", "temperature=0.1"];
  const there = await play("softmax-agent.mjs", ...args);
  expect(there.code, there.stderr).toBe(0);
  const here = await startNode([examples[0], "--connect", server.address, ...args]).ended;
  expect(there.stdout).toBe(here.stdout);
  const loop = await startNode([join(elsewhere, "gym-loop.mjs"), server.address]).ended;
  expect(loop.code, loop.stderr).toBe(0);
});

test("the agent of the package's page plays as the page says", async () => {
  const page = readFileSync(join(elsewhere, "node_modules/icrl-sdk/README.md"), "utf8");
  const [, text] = /```js\n(.*?)```/s.exec(page) as string[];
  const [, name, args] = /^node (\S+) --connect \S+ (.*)$/m.exec(page) as string[];
  write(name, text);
  const { code, stdout, stderr } = await play(name, ...args.split(" "));
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^200 of 200 trials/);
});
