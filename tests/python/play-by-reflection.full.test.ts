import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { startPrivateServer } from "#icrl/jobs/processes/private-server.js";
import { pythonWith } from "../requirements.js";

const root = join(import.meta.dirname, "../..");
const python = pythonWith(["google.rpc", "grpc", "grpc_reflection", "numpy"]);

test.skipIf(python === undefined)(
  "a Python agent plays with the server's reflection alone, and reads errors",
  async () => {
    const data = mkdtempSync(join(tmpdir(), "icrl-python-"));
    onTestFinished(() => rmSync(data, { recursive: true }));
    const server = await startPrivateServer(data);
    onTestFinished(() => server.close());
    const script = join(root, "tests/python/play_by_reflection.py");
    const page = join(root, "docs/protocol.md");
    const { stdout } = await promisify(execFile)(python as string, [script, server.address, page]);
    const { played, refused } = JSON.parse(stdout);
    // by hand: 10 trials of 2 episodes of 5 steps
    expect(played).toMatchObject({ trials: 10, episodes: 20, steps: 100, durable: 10, finals: 20 });
    expect(played.rewards).toBeCloseTo(played.returns, 6);
    expect(refused).toEqual({ code: "NOT_FOUND", reason: "TASK_UNKNOWN" });
  },
);
