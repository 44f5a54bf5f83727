import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { runCommand } from "#icrl/jobs/processes/child-command.js";
import { temporaryFolder } from "../../e2e/run-icrl.js";

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

test("a command's document is given, and its progress told to whoever wants it", async () => {
  const heardHere = heard();
  const dir = folder();
  expect(await runCommand([...PLAY, "--data", join(dir, "a")])).toMatchObject({ agent: "uniform", trials: 2 });
  const said: string[] = [];
  await runCommand([...PLAY, "--data", join(dir, "b")], { say: (line) => said.push(line) });
  expect(said[0]).toBe("starting a server");
  expect(said.join()).toContain("2 of 2 trials");
  expect(heardHere()).toBe("");
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
  const stop = new AbortController();
  const why = new Error("enough");
  const said: string[] = [];
  const running = runCommand([...PLAY, "--trials", "100000000", "--data", folder()], {
    say: (line) => said.push(line),
    signal: stop.signal,
  });
  await vi.waitUntil(() => said.some((line) => line.includes("0 %")), { timeout: 60_000 });
  stop.abort(why);
  await expect(running).rejects.toBe(why);
  await expect(runCommand(["tasks"], { signal: stop.signal })).rejects.toBe(why); // it is not started at all
});

test("a command ends with the process that runs it, however that ends", async () => {
  const port = await freePort();
  // A server without visitors says nothing more once it listens: it does not end for want of somebody to say it to.
  const serve = ["serve", "--listen", `127.0.0.1:${port}`, "--data", join(folder(), "log"), "--log-level", "warn"];
  const source = `
    import { runCommand } from ${JSON.stringify(pathToFileURL(join(process.cwd(), "dist/jobs/processes/child-command.js")).href)};
    await runCommand(${JSON.stringify(serve)});
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", source], { stdio: "ignore" });
  await vi.waitUntil(() => listens(port), { timeout: 60_000 });
  parent.kill("SIGKILL");
  await once(parent, "exit");
  await vi.waitUntil(async () => !(await listens(port)), { timeout: 60_000 });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Whether somebody takes connections at a port. */
async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
