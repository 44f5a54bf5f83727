import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { runCommand } from "#icrl/clients/cli/child-command.js";
import { startServe, temporaryFolder } from "../../e2e/run-icrl.js";

/** What appears on this process's standard error meanwhile. */
function heard(): () => string {
  let text = "";
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  onTestFinished(() => spy.mockRestore());
  return () => text;
}

function folder(): string {
  const temporary = temporaryFolder();
  onTestFinished(() => temporary.remove());
  return temporary.path;
}

const PLAY = ["play", "uniform", "--task", "bernoulli-bandit", "--trials", "2", "--no-record"];

test("a command's document is given, and its progress shown unless it is to be quiet", async () => {
  const said = heard();
  const dir = folder();
  expect(await runCommand([...PLAY, "--data", join(dir, "a")], { quiet: true })).toMatchObject({
    agent: "uniform",
    trials: 2,
  });
  expect(said()).toBe("");
  await runCommand([...PLAY, "--data", join(dir, "b")]);
  expect(said()).toContain("2 of 2 trials");
});

test("a command's error is thrown with its reason and text, and not said", async () => {
  const said = heard();
  await expect(runCommand(["play", "nobody", "--task", "river-swim"])).rejects.toMatchObject({
    name: "IcrlError",
    reason: "AGENT_UNKNOWN",
    message: expect.stringMatching(/^there is no agent "nobody"/),
  });
  await expect(runCommand(["play", "uniform"])).rejects.toThrow(/^required option '--task <task>' not specified/);
  expect(said()).toBe("");
});

test("an exit code that is accepted is no error", async () => {
  await expect(runCommand(["tasks", "nothing"], { accept: [2] })).rejects.toThrow(SyntaxError); // it printed no document
});

test("aborting ends the command, and what is thrown is why", async () => {
  const said = heard();
  const stop = new AbortController();
  const why = new Error("enough");
  const running = runCommand([...PLAY, "--trials", "100000000", "--data", folder()], { signal: stop.signal });
  await vi.waitUntil(() => said().includes("0 %"), { timeout: 20_000 });
  stop.abort(why);
  await expect(running).rejects.toBe(why);
  await expect(runCommand(["tasks"], { signal: stop.signal })).rejects.toBe(why); // it is not started at all
});

test("a command ends with the process that runs it, however that ends", async () => {
  const serving = await startServe(join(folder(), "log"));
  const source = `
    import { runCommand } from ${JSON.stringify(pathToFileURL(join(process.cwd(), "dist/clients/cli/child-command.js")).href)};
    await runCommand(${JSON.stringify([...PLAY, "--trials", "100000000", "--server", serving.address])});
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let pid = "";
  await vi.waitUntil(
    async () => {
      pid = await childOf(parent.pid as number);
      return pid !== "";
    },
    { timeout: 20_000 },
  );
  parent.kill("SIGKILL");
  await once(parent, "exit");
  await vi.waitUntil(() => !isAlive(Number(pid)), { timeout: 20_000 });
  await serving.stop();
});

/** Id of a process's child; empty while it has none. */
async function childOf(parent: number): Promise<string> {
  const ps = spawn("ps", ["-o", "pid=", "--ppid", String(parent)], { stdio: ["ignore", "pipe", "ignore"] });
  let listed = "";
  ps.stdout.on("data", (text: Buffer) => {
    listed += text;
  });
  await once(ps, "close");
  return listed.trim();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
