import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { cruiseRooms } from "../../scripts/cruise.mjs";
import { houseMap } from "../../scripts/map.mjs";
import { tempDir } from "../support/temp-dir.js";

/** The map of a tree of files, and what is wrong with it. */
async function mapOf(files: Record<string, string>) {
  const { path, remove } = tempDir();
  onTestFinished(remove);
  for (const [file, text] of Object.entries({ "package.json": "{}", ...files })) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return houseMap(path, await cruiseRooms(path));
}

/** A function of so many lines, from its head to its brace: blank lines and comments count. */
function functionOf(lines: number, head = "export function long() {") {
  return `/** Not counted. */\n${head}\n${"\n".repeat(lines - 4)}// said\n  return;\n}\n`;
}

const innocent = {
  "proto/gen/icrl/v1/task.ts": functionOf(500),
  "common/seeds.ts": `import "../proto/gen/icrl/v1/task.js";\n${functionOf(120)}`,
  "datasets/log/schema.ts": 'import "../../common/seeds.js";\n',
  "server/tasks/task.ts": 'import "../../datasets/log/schema.js";\n\nexport const draw = () => 1;\n',
  "server/app.ts": 'import "./tasks/task.js";\n',
  "clients/typescript/connect.ts": 'import "../../common/seeds.js";\n',
  "agents/transformer/engine/assembly/decoder.ts": functionOf(200),
  "agents/registry.ts": 'import "../clients/typescript/connect.js";\n',
  "jobs/train/run.ts": 'import "../../server/app.js"; import "../../agents/registry.js";\n',
  "cli/main.ts": 'import "../jobs/train/run.js";\n',
  "bench/main.ts": 'import "../cli/main.js";\n',
  "tests/a.test.ts": functionOf(300),
};

test("a tree with nothing wrong has a map and no breach", async () => {
  const { table, breaches } = await mapOf(innocent);
  expect(breaches).toEqual([]);
  // by hand: a function of n lines stands in a file of n + 1; the median of 121, 1, 3, 1, 1, 201, 1, 1, 1, 1, 301 is 1
  expect(table.split("\n")).toEqual([
    "room                files  median  longest  file                        longest  function",
    "proto                   1     501      501  gen/icrl/v1/task.ts",
    "common                  1     122      122  seeds.ts                        120  long (seeds.ts)",
    "datasets/log            1       1        1  schema.ts",
    "server                  1       1        1  app.ts",
    "server/tasks            1       3        3  task.ts                           1  draw (task.ts)",
    "clients/typescript      1       1        1  connect.ts",
    "agents                  1       1        1  registry.ts",
    "agents/transformer      1     201      201  engine/assembly/decoder.ts",
    "jobs/train              1       1        1  run.ts",
    "cli                     1       1        1  main.ts",
    "bench                   1       1        1  main.ts",
    "tests                   1     301      301  a.test.ts",
    "all of ours            11       1      301  tests/a.test.ts                 120  long (common/seeds.ts)",
    "cycles 0, upward arrows 0, functions above 120 lines 0",
  ]);
});

test("each breach is found, and named with its place", async () => {
  const { table, breaches } = await mapOf({
    ...innocent,
    "server/rpc/declared.ts": functionOf(121),
    "server/rpc/arrow.ts": functionOf(122, "export const held = () => {"),
    "server/rpc/method.ts": `export const service = {\n${functionOf(123, "play() {").trimEnd()},\n};\n`,
    "server/page/page.tsx": functionOf(124, "export function Page() {"),
    "scripts/tool.mjs": functionOf(125),
    "server/rpc/a.ts": 'import type { b } from "./b.js";\nexport type a = b;\n',
    "server/rpc/b.ts": 'import type { c } from "./c.js";\nexport type b = c;\n',
    "server/rpc/c.ts": 'import type { a } from "./a.js";\nexport type c = a;\n',
    "common/up.ts": 'import type { draw } from "../server/tasks/task.js";\nexport type d = typeof draw;\n',
    "server/beside.ts": 'import "../clients/typescript/connect.js";\n',
    "clients/typescript/beside.ts": 'import "../../server/app.js";\n',
    "jobs/up.ts": 'export const later = () => import("../cli/main.js");\n',
  });
  expect(breaches.sort()).toEqual([
    expect.stringMatching(
      /^cycle: server\/rpc\/(?<one>[abc])\.ts -> server\/rpc\/[abc]\.ts -> server\/rpc\/[abc]\.ts -> server\/rpc\/\k<one>\.ts$/,
    ),
    "long-function: scripts/tool.mjs:2 long has 125 lines, 120 are the most",
    "long-function: server/page/page.tsx:2 Page has 124 lines, 120 are the most",
    "long-function: server/rpc/arrow.ts:2 held has 122 lines, 120 are the most",
    "long-function: server/rpc/declared.ts:2 long has 121 lines, 120 are the most",
    "long-function: server/rpc/method.ts:3 play has 123 lines, 120 are the most",
    "upward-arrow: clients/typescript/beside.ts -> server/app.ts",
    "upward-arrow: common/up.ts -> server/tasks/task.ts",
    "upward-arrow: jobs/up.ts -> cli/main.ts",
    "upward-arrow: server/beside.ts -> clients/typescript/connect.ts",
  ]);
  expect(table).toContain("cycles 1, upward arrows 4, functions above 120 lines 5");
});
