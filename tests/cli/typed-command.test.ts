import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { programWords, withoutToken } from "#icrl/cli/typed-command.js";
import { quoted } from "#icrl/jobs/quoted.js";
import { PROGRAM, ROOT } from "../e2e/run-icrl.js";
import { tempDir } from "../support/temp-dir.js";

const folder = tempDir();
const link = join(folder.path, "bin/icrl");
beforeAll(() => {
  mkdirSync(join(folder.path, "bin"));
  symlinkSync(PROGRAM, link);
});
afterAll(() => folder.remove());

const view = { script: PROGRAM, execPath: "/opt/node/bin/node", cwd: ROOT, env: { PATH: "/bin:/opt/node/bin" } };
const linked = (env: Record<string, string>, cwd = ROOT) => ({ ...view, script: link, cwd, env });

test.each<[called: string, view: () => Parameters<typeof programWords>[0], words: string[]]>([
  ["by npx", () => linked({ npm_command: "exec", PATH: "/bin" }), ["npx", "icrl"]],
  ["by its name", () => linked({ PATH: `/bin:${folder.path}/bin` }), ["icrl"]],
  ["by a link's path", () => linked({ PATH: "/bin" }), [`${folder.path}/bin/icrl`]],
  ["by a link's path from near it", () => linked({}, folder.path), ["bin/icrl"]],
  ["by a link in the folder itself", () => linked({}, join(folder.path, "bin")), ["./icrl"]],
  ["as a file of Node's", () => view, ["node", "dist/cli/main.js"]],
  ["as a file of Node's from elsewhere", () => ({ ...view, cwd: folder.path }), ["node", PROGRAM]],
  ["by a Node that is not in PATH", () => ({ ...view, env: {} }), ["/opt/node/bin/node", "dist/cli/main.js"]],
  [
    "by npm's own script",
    () => ({ ...view, env: { ...view.env, npm_command: "run-script" } }),
    ["node", "dist/cli/main.js"],
  ],
  ["in another program", () => ({ ...view, script: join(ROOT, "vitest.config.ts") }), ["icrl"]],
  ["from no file", () => ({ ...view, script: undefined }), ["icrl"]],
])("called %s, a command is printed as it was typed", (_, seen, words) => {
  expect(programWords(seen())).toEqual(words);
});

test("a command line that is kept has no token, however that was given", () => {
  const run = ["tournament", "run", "f", "--server", "a:1"];
  for (const token of [["--token", "icrl_secret"], ["--token=icrl_secret"], []]) {
    expect(withoutToken([...run, ...token, "--out", "o"])).toEqual([...run, "--out", "o"]);
  }
  expect(withoutToken(["--tokens", "x"])).toEqual(["--tokens", "x"]);
});

test("a shell reads back every word as it was", () => {
  const words = ["a", "", "two words", "it's", "a\nb", "\x1b[2J'\\", "$HOME", "*", "~", "100 %", "-n", "ä"];
  const { stdout } = spawnSync("bash", ["-c", `printf '%s\\0' ${words.map(quoted).join(" ")}`], { encoding: "utf8" });
  expect(stdout.split("\0").slice(0, -1)).toEqual(words);
  expect(words.map(quoted).join("")).not.toMatch(/\p{Cc}/u);
});

test("a mistyped command's hint, and what an error says to run, can be pasted", () => {
  const run = (...args: string[]) => {
    const env = { ...process.env, PATH: `${process.env.PATH}:${folder.path}/bin`, npm_command: "" };
    return spawnSync(process.execPath, [link, ...args], { cwd: folder.path, env, encoding: "utf8" }).stderr;
  };
  expect(run("ply")).toContain("(icrl --help shows what there is)");
  mkdirSync(join(folder.path, "unfinished/collecting"), { recursive: true });
  expect(run("dataset", "verify", "unfinished")).toContain("`icrl dataset collect SPEC --out unfinished`");
  const byPath = spawnSync(process.execPath, [PROGRAM, "dataset", "verify", "unfinished"], {
    cwd: folder.path,
    encoding: "utf8",
  });
  expect(byPath.stderr).toMatch(/`\S*node \S+main\.js dataset collect SPEC --out unfinished`/);
});
