import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { startPrivateServer } from "#icrl/jobs/processes/private-server.js";
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { temporaryFolder } from "../../e2e/run-icrl.js";

function folder(): string {
  const temporary = temporaryFolder();
  onTestFinished(() => temporary.remove());
  return temporary.path;
}

test("a server that starts has an address; its warnings are told, and nothing is printed", async () => {
  const printed = vi.spyOn(process.stderr, "write");
  onTestFinished(() => printed.mockRestore());
  const said: string[] = [];
  const flags = ["--listen", "0.0.0.0:0", "--insecure"];
  const server = await startPrivateServer(folder(), { flags, say: (line) => said.push(line) });
  await server.close();
  expect(server.address).toMatch(/^0\.0\.0\.0:\d+$/);
  expect(said).toEqual([expect.stringMatching(/^warning: whatever reaches 0\.0\.0\.0:\d+ is let in/)]);
  expect(printed).not.toHaveBeenCalled();
});

test("one that cannot start is an error with the reason that its process gave", async () => {
  const dir = folder();
  const log = await openTrajectoryLog(dir);
  onTestFinished(() => log.close());
  await expect(startPrivateServer(dir)).rejects.toMatchObject({
    name: "IcrlError",
    reason: "LOG_LOCKED",
    message: expect.stringContaining(dir),
  });
});

test("aborting breaks its start off", async () => {
  const stop = new AbortController();
  const why = new Error("enough");
  const starting = startPrivateServer(folder(), { signal: stop.signal });
  stop.abort(why);
  await expect(starting).rejects.toBe(why);
  await expect(startPrivateServer(folder(), { signal: stop.signal })).rejects.toBe(why);
});

test("it ends with the process that started it, however that ends", async () => {
  const source = `
    const { startPrivateServer } = await import(${JSON.stringify(pathToFileURL(join(process.cwd(), "dist/jobs/processes/private-server.js")).href)});
    console.log((await startPrivateServer(${JSON.stringify(folder())})).pid);
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [text] = (await once(parent.stdout, "data")) as [Buffer];
  parent.kill("SIGKILL");
  await vi.waitUntil(() => !lives(Number(text)), { timeout: 60_000 });
});

/** Whether there is a process of that id. */
function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
