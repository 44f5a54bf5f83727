import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOMS } from "../../scripts/cruise.mjs";
import { icrlHere } from "../support/icrl-here.js";
import { blocksOf } from "./blocks-of.js";
import { ROOT } from "./run-icrl.js";

const shell = (page: string) =>
  blocksOf(page)
    .filter(({ language }) => language === "sh")
    .map(({ text }) => text);

test("the README begins with a clone and the two commands of a fresh machine", () => {
  expect(shell("README.md").slice(0, 3)).toEqual([
    "git clone REPOSITORY icrl && cd icrl\n",
    "npm ci && npm run demo\n",
    "npm ci && npm test\n",
  ]);
});

test("the tutorial begins with the commands that the README's clone has run", () => {
  expect(shell("docs/tutorial.md").slice(0, 2)).toEqual(["npm ci\n", "npm run demo\n"]);
});

test.each([
  ["README.md", "js", 0, "examples/softmax-agent.mjs"],
  ["README.md", "js", 1, "examples/gym-loop.mjs"],
  ["README.md", "yaml", 0, "examples/tournament.yaml"],
  ["README.md", "yaml", 1, "examples/languages.yaml"],
  ["docs/tutorial.md", "js", 0, "examples/tutorial/explore-then-commit.mjs"],
  ["docs/tutorial.md", "yaml", 0, "examples/tutorial/train.yaml"],
  ["docs/tutorial.md", "yaml", 1, "examples/tutorial/tournament.yaml"],
])("%s: %s block %d is %s", (page, language, index, file) => {
  const shown = blocksOf(page).filter((block) => block.language === language)[index];
  expect(shown.text).toBe(readFileSync(join(ROOT, file), "utf8"));
});

test("every link in the README and the docs leads somewhere", () => {
  const broken = pages().flatMap((page) => {
    const text = readFileSync(join(ROOT, page), "utf8").replaceAll(/^```.*?^```$/gms, "");
    return [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([link, target, anchor]) => {
      const file = target === "" ? join(ROOT, page) : join(ROOT, dirname(page), target);
      const found = existsSync(file) && (anchor === undefined || headings(file).includes(anchor));
      return found ? [] : [`${page}: ${link}`];
    });
  });
  expect(broken).toEqual([]);
});

test("every file and folder that the docs name is there", () => {
  const around = ["docs", "examples", "experiments", "proto", "scripts", "tests"];
  const rooms = [...ROOMS, ...around]; // not what commands make, as demo-output/
  const missing = pages().flatMap((page) =>
    [...readFileSync(join(ROOT, page), "utf8").matchAll(/`(\w+)\/([\w./-]*)`/g)]
      .filter(([, room, rest]) => rooms.includes(room) && !/[A-Z]{2}/.test(rest)) // NAME stands for anything
      .filter(([, room, rest]) => !existsSync(join(ROOT, room, rest)))
      .map(([path]) => `${page}: ${path}`),
  );
  expect(missing).toEqual([]);
});

/** The README and all pages of the docs. */
function pages(): string[] {
  const docs = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" });
  return ["README.md", ...docs.filter((name) => name.endsWith(".md")).map((name) => join("docs", name))];
}

/** A page's headings, as GitHub makes anchors of them. */
function headings(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** docs/cli.md by command. */
const cliPage = Object.fromEntries(
  readFileSync(join(ROOT, "docs/cli.md"), "utf8")
    .split(/^## icrl /m)
    .slice(1)
    .map((section) => [/^((?:[a-z]+ ?)+[a-z])/.exec(section)?.[1], section]),
);

test.each(Object.keys(cliPage))("docs/cli.md has exactly the flags of `icrl %s`", async (command) => {
  const { code, stdout } = await icrlHere(...command.split(" "), "--help");
  expect(code).toBe(0);
  const flags = (text: string) => new Set(text.match(/(?<![\w-])--[a-z][a-z-]*/g));
  const help = flags(stdout.slice(stdout.indexOf("\nOptions:")));
  help.delete("--help");
  const page = flags(cliPage[command]);
  page.delete("--help");
  expect([...help].filter((flag) => !page.has(flag))).toEqual([]);
  const elsewhere = ["--server", "--entrant-timeout-ms", "--dataset"]; // a section may name another command's
  expect([...page].filter((flag) => !help.has(flag) && !elsewhere.includes(flag))).toEqual([]);
});

test("docs/cli.md has every command", async () => {
  const verbs = [
    "tasks",
    "agents",
    "play",
    "tournament run",
    "tournament list",
    "tournament cancel",
    "tournament delete",
    "tournament report",
    "agent",
    "serve",
    "token create",
    "token list",
    "token revoke",
    "dataset collect",
    "dataset label",
    "train",
    "study run",
    "evaluate",
    "log list",
    "log query",
    "log verify",
    "conformance",
  ];
  expect(Object.keys(cliPage)).toEqual(verbs);
  const { stdout } = await icrlHere("--help");
  const listed = [...stdout.slice(stdout.indexOf("Commands:")).matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
  expect([...new Set(verbs.map((verb) => verb.split(" ")[0])), "help"].sort()).toEqual(listed.sort());
});
