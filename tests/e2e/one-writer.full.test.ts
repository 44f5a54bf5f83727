/** Two containers of one machine, and one log between them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { hasPidNamespaces, IN_PID_NAMESPACE } from "../requirements.js";
import { icrl, PROGRAM, temporaryFolder } from "./run-icrl.js";

test.skipIf(!hasPidNamespaces())(
  "a command says whom it waits for, and leaves a log alone that a server in another container writes",
  async () => {
    const folder = temporaryFolder();
    onTestFinished(() => folder.remove());
    const serve = [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--http", "off", "--data", folder.path, "--json"];
    const server = spawn("unshare", [...IN_PID_NAMESPACE, process.execPath, ...serve, "--stop-with-input"]);
    const exited = once(server, "close");
    onTestFinished(async () => {
      server.stdin.end();
      await exited;
    });
    await once(createInterface({ input: server.stdout }), "line");
    const play = ["play", "uniform", "--task", "bernoulli-bandit", "--trials", "2", "--data", folder.path];
    const { code, stdout, stderr } = await icrl(...play);
    expect([code, stdout]).toEqual([1, ""]);
    const [, waiting, error] = stderr.split("\n"); // after "starting a server"
    expect(waiting).toMatch(/^waiting: process 1 on .+ was the last to write to .+: for up to 30 s, to see whether/);
    expect(error).toMatch(/^error: LOG_LOCKED: .+ is written by process 1 on .+: stop it, or give another folder$/);
  },
);
