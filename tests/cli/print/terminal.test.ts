import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { errorLine } from "#icrl/cli/error-line.js";
import { paintFor } from "#icrl/cli/print/paint.js";
import { createProgress } from "#icrl/cli/print/progress.js";
import { textTable } from "#icrl/cli/print/table.js";
import { printText } from "#icrl/cli/print/terminal.js";
import { IcrlError } from "#icrl/common/errors.js";
import { jsonText } from "#icrl/common/json-text.js";
import { ROOT } from "../../e2e/run-icrl.js";
import { icrlHere } from "../../support/icrl-here.js";
import { tempDir } from "../../support/temp-dir.js";

const folder = tempDir();
afterAll(() => folder.remove());

/** Clears the screen, sets its title, writes right to left, ends the line. */
const HOSTILE = "a\x1b[2J\x1b]0;owned\x07\u202eb\x9b31m\r\nc\u200bd";
const ACTS = /[^\n -~±×…█░]/; // beyond what the program itself writes here

/** What a stream got. */
function stream(isTTY: boolean) {
  const parts: string[] = [];
  return { isTTY, columns: 200, write: (part: string) => void parts.push(part), text: () => parts.join("") };
}

test.each([true, false])(
  "text that is printed acts on nothing; emphasis is kept where it is a terminal (%s)",
  (isTTY) => {
    const out = stream(isTTY);
    const paint = paintFor(out, {});
    printText(out, `${paint.bold("bold")} ${HOSTILE}\n`);
    const bold = isTTY ? "\x1b[1mbold\x1b[22m" : "bold";
    expect(out.text()).toBe(`${bold} a\\x1b[2J\\x1b]0;owned\\x07\\u202eb\\x9b31m\\r\nc\\u200bd\n`);
  },
);

test("a cell of a table stays on its line, and in its column", () => {
  expect(textTable([{ title: "a\nb" }, { title: "c" }], [[HOSTILE, "x"]]).split("\n")).toEqual([
    expect.stringMatching(/^a\\nb +c$/),
    "a\\x1b[2J\\x1b]0;owned\\x07\\u202eb\\x9b31m\\r\\nc\\u200bd  x",
    "",
  ]);
});

test.each([true, false])("names, notes and lines of a progress act on nothing (terminal: %s)", (isTTY) => {
  const out = stream(isTTY);
  const progress = createProgress({ stream: out, nowMs: () => 0 });
  progress.update([{ name: HOSTILE, done: 1, total: 2, note: HOSTILE }]);
  progress.say(HOSTILE);
  progress.finish();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: its own, to draw its block again
  const drawn = out.text().replaceAll(/\x1b\[\d[AJ]/g, "");
  expect(drawn).toContain("\\x1b[2J");
  expect(drawn).not.toMatch(ACTS);
});

test("an error line has what an agent said in a line that acts on nothing, and JSON has the words themselves", async () => {
  const out = stream(true);
  printText(out, errorLine(new IcrlError("AGENT_FAILED", HOSTILE), {}));
  expect(out.text()).toBe("error: AGENT_FAILED: a\\x1b[2J\\x1b]0;owned\\x07\\u202eb\\x9b31m | c\\u200bd\n");
  expect(jsonText({ a: HOSTILE })).not.toMatch(ACTS);
  expect(JSON.parse(jsonText({ a: HOSTILE }))).toEqual({ a: HOSTILE });
});

test("arguments, files and their content come back in no message that acts", async () => {
  const file = join(folder.path, "\x1b[31mfile.yaml");
  writeFileSync(file, `{name: "\\e]0;x\\a", trials: 1, tasks: [{task: chain, "\\u202e": 1}], agents: [{agent: emp}]}`);
  for (const args of [
    ["ply\x1b[2J"],
    ["play", "emp", "--task", "a\x1b[2J\x07"],
    ["play", "emp", "--task", "chain", "--set", "\x9b=1"],
    ["tournament", "run", file, "--out", join(folder.path, "out")],
    ["dataset", "info", file],
    ["agents", "x\u202e"],
  ]) {
    const { code, stdout, stderr } = await icrlHere(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error: [^\n]*\\(x|u)[0-9a-f]+[^\n]*\n$/);
    expect(stderr).not.toMatch(ACTS);
  }
});

test("nothing of the command line writes to a standard stream but through these", () => {
  const files = readdirSync(join(ROOT, "cli"), { recursive: true, encoding: "utf8" });
  const writing = files.filter(
    (name) =>
      name.endsWith(".ts") && /std(out|err)\.write|console\./.test(readFileSync(join(ROOT, "cli", name), "utf8")),
  );
  expect(writing.filter((name) => name !== "print/json.ts")).toEqual([]);
});
