/**
 * `npm run docs`: writes the pages that come from code (docs/errors.md, docs/tasks.md, docs/agents.md, docs/agents/*.md, the tables of
 * docs/training.md, the formats of docs/export.md) from
 * what is built in dist/. With --check nothing is written: pages that are not current are named, and the exit status is 1.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { agentPages } from "./docs/agents.mjs";
import { errorsPage } from "./docs/errors.mjs";
import { exportPage } from "./docs/export.mjs";
import { tasksPage } from "./docs/tasks.mjs";
import { trainingPage } from "./docs/training.mjs";

process.chdir(join(import.meta.dirname, ".."));

/** @type {Record<string, string>} */
const pages = {
  "docs/errors.md": errorsPage(),
  "docs/export.md": exportPage(),
  "docs/tasks.md": tasksPage(),
  "docs/training.md": trainingPage(),
  ...agentPages(),
};
const written = existsSync("docs/agents") ? readdirSync("docs/agents").map((name) => `docs/agents/${name}`) : [];
const superfluous = written.filter((file) => !Object.hasOwn(pages, file));
const stale = Object.entries(pages).filter(([file, text]) => !existsSync(file) || readFileSync(file, "utf8") !== text);

if (process.argv.includes("--check")) {
  for (const file of [...stale.map(([name]) => name), ...superfluous])
    console.error(`${file} is not current: npm run docs`);
  if (stale.length + superfluous.length > 0) process.exitCode = 1;
} else {
  for (const file of superfluous) rmSync(file);
  for (const [file, text] of stale) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${file}`);
  }
}
