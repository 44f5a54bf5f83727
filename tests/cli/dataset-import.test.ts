import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { icrlHere, refusalHere } from "../support/icrl-here.js";
import { tempDir } from "../support/temp-dir.js";

let temporary: ReturnType<typeof tempDir>;
let saved: string | undefined;
beforeEach(() => {
  temporary = tempDir();
  saved = process.env.ICRL_PYTHON;
  writeFileSync(path("data.pkl"), "anything");
});
afterEach(() => {
  if (saved === undefined) delete process.env.ICRL_PYTHON;
  else process.env.ICRL_PYTHON = saved;
  temporary.remove();
});

const path = (name: string) => join(temporary.path, name);

/** Puts a shell script in Python's place. */
function pythonDoes(script: string): void {
  writeFileSync(path("python"), `#!/bin/sh\n${script}\n`);
  chmodSync(path("python"), 0o755);
  process.env.ICRL_PYTHON = path("python");
}

const importing = (...flags: string[]) => ["dataset", "import", path("data.pkl"), "--format", "dpt", ...flags];
const into = () => ["--out", path("out")];

/** The last line on standard error, of a command that was refused; progress stands before it. */
async function refusal(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await icrlHere(...args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(readdirSync(temporary.path).filter((name) => name.includes("out"))).toEqual([]); // nothing, finished or not
  return stderr.trimEnd().split("\n").at(-1) as string;
}

describe("a command line that is wrong", () => {
  test.each([
    [["dataset", "import"], "missing required argument 'files'"],
    [["dataset", "import", "x.pkl", "--out", "y"], "required option '--format <name>' not specified"],
    [["dataset", "import", "x.pkl", "--format", "dpt"], "required option '--out <dir>' not specified"],
    [
      ["dataset", "import", "x.pkl", "--format", "ad"],
      "argument 'ad' is invalid. Allowed choices are dpt, ad-hdf5, minari.",
    ],
    [["dataset", "import", "x.pkl", "--format", "dpt", "--actions", "0"], "Give a whole number from 1 to 10000."],
    [["dataset", "import", "x.pkl", "--format", "dpt", "--states", "3,x"], "Give a whole number from 1 to 10000."],
    [["dataset", "import", "x.pkl", "--format", "dpt", "--label", "../x"], "argument '../x' is invalid"],
    [
      ["dataset", "import", "x.pkl", "--format", "dpt", "--out", "y", "--label", "optimal"],
      'OPTION_INVALID: label "optimal" is a column of the data: give the label another name',
    ],
    [
      ["dataset", "import", "x.pkl", "--format", "dpt", "--out", "y", "--states", "200,200"],
      "OPTION_INVALID: --states 200,200 are more than 10000 states",
    ],
  ])("%j is refused in one line", async (args, says) => {
    expect(await refusalHere(...args)).toContain(says);
  });
});

test("a file that is not there, or is something else, is named", async () => {
  expect(await refusal("dataset", "import", path("not"), "--format", "dpt", ...into())).toBe(
    `error: IMPORT_INVALID: ${path("not")} does not exist`,
  );
  expect(await refusal("dataset", "import", temporary.path, "--format", "ad-hdf5", ...into())).toBe(
    `error: IMPORT_INVALID: ${temporary.path} is a folder: give a file`,
  );
  expect(await refusal("dataset", "import", path("data.pkl"), "--format", "minari", ...into())).toBe(
    `error: IMPORT_INVALID: ${path("data.pkl")} is no folder: give that of a Minari dataset, in which data/ is`,
  );
});

test("a Python that is not there is named", async () => {
  process.env.ICRL_PYTHON = path("no-python");
  expect(await refusal(...importing(...into()))).toMatch(
    /^error: PYTHON_UNAVAILABLE: .*no-python cannot be started \(.*ENOENT\): install Python 3.10 or newer, or name one in ICRL_PYTHON$/,
  );
});

test("a Python without the package is told what to install", async () => {
  pythonDoes(`echo "ModuleNotFoundError: No module named 'icrl'" >&2; exit 1`);
  expect(await refusal(...importing(...into()))).toBe(
    `error: PYTHON_UNAVAILABLE: ${path("python")} has no module icrl: pip install "./clients/python[import]" in a checkout of icrl, or name in ICRL_PYTHON a Python that has it`,
  );
});

test("a Python that says something else, dies, or says nothing is no import", async () => {
  pythonDoes("echo hello");
  expect(await refusal(...importing(...into()))).toContain(
    "PYTHON_UNAVAILABLE: what Python says of the files is not understood",
  );
  pythonDoes("kill -SEGV $$");
  expect(await refusal(...importing(...into()))).toContain(
    `IMPORT_INVALID: ${path("data.pkl")}: ${path("python")} was ended by SIGSEGV while it read`,
  );
  pythonDoes("exit 0");
  expect(await refusal(...importing(...into()))).toContain("PYTHON_UNAVAILABLE");
  pythonDoes("echo 'some trouble' >&2; exit 3");
  expect(await refusal(...importing(...into()))).toContain("failed while it read (exit code 3): some trouble");
});

test("what stands at --out stays", async () => {
  writeFileSync(path("note"), "mine");
  const { code, stderr } = await icrlHere(...importing("--out", path("note")));
  expect([code, stderr]).toEqual([2, expect.stringContaining("OUTPUT_EXISTS")]);
});
