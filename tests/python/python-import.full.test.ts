/** The Python package's reading of others' files: its own tests, by Python's unittest, and none of them skipped. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { pythonWith } from "../requirements.js";

const python = pythonWith(["grpc", "gymnasium", "h5py", "minari", "numpy", "PIL", "pyarrow"]);
const root = join(import.meta.dirname, "../..");
const FILE = "clients/python/tests/test_data_import.py";

test.skipIf(python === undefined)(`${FILE} passes, and runs every test in it`, async () => {
  const env = { ...process.env, PYTHONPATH: join(root, "clients/python/src"), PYTHONDONTWRITEBYTECODE: "1" };
  const args = ["-W", "error::ResourceWarning", "-m", "unittest", FILE];
  const { stderr } = await promisify(execFile)(python as string, args, { cwd: root, env });
  const written = readFileSync(join(root, FILE), "utf8").match(/^ +def test_/gm)?.length;
  const [, ran, outcome] = /^Ran (\d+) tests? in .*\n\n(.*)$/m.exec(stderr) ?? [];
  expect({ ran: Number(ran), outcome }, stderr).toEqual({ ran: written, outcome: "OK" });
});
