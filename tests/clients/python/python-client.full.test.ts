/** The tests of the Python package, file by file: each runs by Python's own unittest, on the compiled program. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { icrl, PROGRAM, ROOT } from "../../e2e/run-icrl.js";
import { pythonWith } from "../../requirements.js";

const python = pythonWith(["grpc", "grpc_tools", "gymnasium", "numpy"]);
const folder = join(ROOT, "clients/python/tests");
/** Those of data and of PyTorch are given folders to read: by tests/python/python-data and python-torch. */
const files = readdirSync(folder).filter((file) => /^test_(?!data|torch).*\.py$/.test(file));
const env = {
  ...process.env,
  ICRL_COMMAND: `'${process.execPath}' '${PROGRAM}'`,
  PYTHONPATH: join(ROOT, "clients/python/src"),
  PYTHONDONTWRITEBYTECODE: "1",
};

test.skipIf(python === undefined).each(files)(
  "clients/python/tests/%s passes, and runs every test in it",
  async (file) => {
    const args = ["-W", "error::ResourceWarning", "-m", "unittest", file.replace(/\.py$/, "")];
    const { stderr } = await promisify(execFile)(python as string, args, { cwd: folder, env, timeout: 500_000 });
    const written = readFileSync(join(folder, file), "utf8").match(/^ +(async )?def test_/gm)?.length;
    const [, ran, outcome] = /^Ran (\d+) tests? in .*\n\n(.*)$/m.exec(stderr) ?? [];
    expect({ ran: Number(ran), outcome }, stderr).toEqual({ ran: written, outcome: "OK" }); // none is skipped
  },
);

const typed = pythonWith(["grpc", "gymnasium", "mypy", "numpy", "torch"]);

test.skipIf(typed === undefined)("its types hold, strictly", async () => {
  const cwd = join(ROOT, "clients/python");
  const cache = mkdtempSync(join(tmpdir(), "icrl-mypy-"));
  const checked = promisify(execFile)(typed as string, ["-m", "mypy", "--cache-dir", cache], { cwd, timeout: 500_000 });
  const { stdout } = await checked.catch((failure: { stdout: string }) => failure);
  rmSync(cache, { recursive: true });
  expect(stdout).toMatch(/^Success: no issues found in \d+ source files$/m);
});

test.skipIf(python === undefined).each(["softmax", "lin_ucb", "thompson"])(
  "%s, written with the Python package, conforms, as an expert too, in every scenario",
  async (name) => {
    const saved = process.env.PYTHONPATH;
    process.env.PYTHONPATH = env.PYTHONPATH;
    try {
      const command = `${python} ${join(ROOT, `examples/python/${name}_agent.py`)}`;
      const { code, stdout } = await icrl("conformance", "--label", "--command", command);
      expect(stdout).toMatch(/^conforms: 13 hold, 0 fail, 0 skipped$/m);
      expect(code).toBe(0);
    } finally {
      if (saved === undefined) delete process.env.PYTHONPATH;
      else process.env.PYTHONPATH = saved;
    }
  },
);
