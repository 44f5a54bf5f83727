import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { tempDir } from "../support/temp-dir.js";
import { tournamentFile } from "../support/tournament-file.js";
import { PROGRAM, type Running, startNode, startServe } from "./run-icrl.js";

const folder = tempDir();
afterAll(() => folder.remove());

function start(...args: string[]): Running {
  const running = startNode([PROGRAM, ...args]);
  onTestFinished(() => void running.child.kill("SIGKILL"));
  return running;
}

const warning = (address: string) =>
  `warning: whatever reaches ${address} is let in, and asked for no password: listen on 127.0.0.1 where you do not trust the network\n`;

/** Commands that wait for an agent of somebody's, and so say under which address. */
const waiting: [what: string, args: string[]][] = [
  [
    "tournament run",
    ["tournament", "run", tournamentFile(folder.path, { agents: [{ name: "far", agent: "uniform" }] })],
  ],
  ["dataset collect", ["dataset", "collect", join(folder.path, "dataset.json")]],
];
const behaviours = [{ name: "far", agent: "uniform" }];
const dataset = { name: "d", trials: 1, tasks: [{ task: "chain" }], behaviours };
writeFileSync(join(folder.path, "dataset.json"), JSON.stringify(dataset));

test.each(waiting)("%s --await listens on this machine alone, without a word", async (name, args) => {
  const run = start(...args, "--await", "far", "--out", join(folder.path, `${name} here`));
  await run.said("--entrant far");
  expect(run.stderr).toMatch(/--connect 127\.0\.0\.1:\d+ --entrant far/);
  expect(run.stderr).not.toContain("warning");
});

test.each(waiting)("%s --listen beyond this machine says that everybody is let in", async (name, args) => {
  const listen = ["--await", "far", "--listen", "0.0.0.0:0", "--insecure"];
  const run = start(...args, ...listen, "--out", join(folder.path, `${name} open`));
  await run.said("--entrant far");
  const port = /--connect \S+:(\d+) --entrant far/.exec(run.stderr)?.[1];
  expect(run.stderr).toContain(warning(`0.0.0.0:${port}`));
});

test("serve says it to people on standard output, and to programs in its log, a line of JSON as all others", async () => {
  // Of a server that listens on this machine alone json-documents.full.test.ts sees that it says nothing.
  const open = await startServe(
    join(folder.path, "open"),
    "--listen",
    "0.0.0.0:0",
    "--http",
    "0.0.0.0:0",
    "--insecure",
  );
  const { stderr } = await open.stop();
  expect(JSON.parse(stderr)).toMatchObject({ level: 40, event: "listening", open: [open.address, "0.0.0.0:0"] });

  const data = ["--data", join(folder.path, "people"), "--http", "off"];
  const serve = start("serve", "--listen", "0.0.0.0:0", "--insecure", ...data, "--log-level", "info");
  await new Promise<void>((resolve) => {
    let said = "";
    serve.child.stdout?.on("data", (text: string) => {
      said += text;
      if (said.includes("warning: ")) resolve();
    });
  });
  serve.child.kill("SIGTERM");
  const { stdout } = await serve.ended;
  expect(stdout.split("\n")[1]).toMatch(/^warning: whatever reaches 0\.0\.0\.0:\d+ is let in/);
});

test.each([
  ["serve", ["serve", "--data", join(folder.path, "refused")]],
  ...waiting.map(([what, args]): [string, string[]] => [
    what,
    [...args, "--await", "far", "--out", join(folder.path, "refused")],
  ]),
])("%s beyond this machine without TLS is refused before anything starts", async (_, args) => {
  const { stderr, code } = await start(...args, "--listen", "0.0.0.0:0").ended;
  expect(stderr).toContain("TLS_REQUIRED: --listen 0.0.0.0:0 is reached by others than this machine");
  expect(code).toBe(2);
  expect(existsSync(join(folder.path, "refused"))).toBe(false);
});
