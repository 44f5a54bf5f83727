import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { type CommandPlace, type ProgramProcess, startCommand } from "#icrl/jobs/processes/program.js";
import { tempDir } from "../../support/temp-dir.js";

const dir = tempDir();
afterAll(() => dir.remove());

/** A shell's script as a command, and all that it says. */
function sh(script: string, place: Partial<CommandPlace> = {}) {
  const command = startCommand(["sh", "-c", script], { folder: dir.path, graceMs: 200, ...place });
  onTestFinished(async () => {
    command.kill();
    await command.ended;
  });
  let said = "";
  for (const words of [command.stdout, command.stderr]) words.on("data", (text) => (said += text));
  return { command, said: () => said };
}

/** The process ids in a file, once there are so many. */
async function idsIn(name: string, count: number): Promise<number[]> {
  const path = join(dir.path, name);
  const read = () => (existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").map(Number) : []);
  await vi.waitUntil(() => read().length >= count, { timeout: 60_000 });
  return read();
}

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const gone = (pids: readonly number[]) => vi.waitUntil(() => !pids.some(lives), { timeout: 60_000 });

test("a command has its folder, its environment without this process's keys, and tells how it ended", async () => {
  for (const name of ["ICRL_OPERATOR_KEY", "ICRL_TOKEN"]) vi.stubEnv(name, "a key of sixteen or more");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { command, said } = sh('echo "$PWD $KEY [$ICRL_OPERATOR_KEY$ICRL_TOKEN]"; echo wrong >&2; exit 7', {
    env: { KEY: "k" },
  });
  expect(await command.ended).toEqual({ by: 7, error: undefined });
  expect(said()).toContain(`${dir.path} k []\n`);
  expect(said()).toContain("wrong\n");
});

test("one that a signal ends says which; one that is not there is an error", async () => {
  expect((await sh("kill -SEGV $$").command.ended).by).toBe("SIGSEGV");
  const missing = startCommand(["./not-there"], { folder: dir.path });
  expect((await missing.ended).error?.message).toContain("it could not be started: spawn ./not-there ENOENT");
});

test.each<[what: string, end: (command: ProgramProcess) => void]>([
  ["it is killed", (command) => command.kill()],
  ["it is killed though it hangs", (command) => command.kill("SIGKILL")],
  ["the job that started it is gone", (command) => void command.stdin.end()],
])("all of its group ends when %s, what ignores SIGTERM too", async (what, end) => {
  const name = what.replaceAll(" ", "-");
  const { command } = sh(`trap '' TERM; sleep 1000 & echo $! > ${name}; echo $$ >> ${name}; while :; do wait; done`);
  const pids = await idsIn(name, 2);
  end(command);
  expect((await command.ended).by).toBe("SIGKILL");
  await gone(pids);
});

test("one that takes SIGTERM ends by it, and has time to say so", async () => {
  const { command, said } = sh(`trap 'echo saved; exit 0' TERM; echo $$ > polite; while :; do sleep 0.05; done`, {
    graceMs: 60_000,
  });
  await idsIn("polite", 1);
  command.kill();
  expect(await command.ended).toEqual({ by: 0, error: undefined });
  expect(said()).toContain("saved\n");
});

test("what a command leaves running ends with it, and what has left its group does not hold it up", async () => {
  const { command } = sh("sleep 1000 & echo $! > left; exit 3");
  expect((await command.ended).by).toBe(3);
  await gone(await idsIn("left", 1));
  const far = sh("setsid sh -c 'echo $$ > far; exec sleep 1000' & until [ -s far ]; do sleep 0.05; done; exit 4");
  expect((await far.command.ended).by).toBe(4);
  const [pid] = await idsIn("far", 1);
  process.kill(pid, "SIGKILL");
});

test("a command ends with the process that started it, even when that is killed", async () => {
  const program = pathToFileURL(join(process.cwd(), "dist/jobs/processes/program.js")).href;
  const source = `
    const { startCommand } = await import(${JSON.stringify(program)});
    startCommand(["sh", "-c", "trap '' TERM; echo $$ > orphan; while :; do sleep 0.05; done"], { folder: ${JSON.stringify(dir.path)}, graceMs: 100 });
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", source], { stdio: "ignore" });
  const pids = await idsIn("orphan", 1);
  parent.kill("SIGKILL");
  await gone(pids);
});
