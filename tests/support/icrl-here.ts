/**
 * The program `icrl` run within the test's process: for what does not depend on a process of its own, and would cost a second each
 * time. That main.js does the same, and everything about signals, pipes and processes, is tested with tests/e2e/run-icrl.ts.
 */
import { runProgram } from "#icrl/cli/program.js";
import type { Ended } from "../e2e/run-icrl.js";

let running = false;

/** Runs it to its end. One at a time: it has the process's streams. */
export async function icrlHere(...args: string[]): Promise<Ended> {
  if (running) throw new Error("one icrl at a time runs in a process: await the one before");
  running = true;
  const said = { stdout: "", stderr: "" };
  const restore = (["stdout", "stderr"] as const).map((name) => {
    const stream = process[name];
    const write = stream.write;
    stream.write = ((text: string | Uint8Array) => {
      said[name] += typeof text === "string" ? text : Buffer.from(text).toString("utf8");
      return true;
    }) as typeof stream.write;
    return () => {
      stream.write = write;
    };
  });
  const { exitCode } = process;
  process.exitCode = undefined;
  try {
    await runProgram(args);
    return { code: Number(process.exitCode ?? 0), ...said };
  } finally {
    process.exitCode = exitCode;
    for (const undo of restore) undo();
    running = false;
  }
}

/** Standard error's one line, where nothing was done and the exit code is 2. */
export async function refusalHere(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await icrlHere(...args);
  if (code !== 2 || stdout !== "" || !/^error: [^\n]+\n$/.test(stderr)) {
    throw new Error(`not refused in one line: ${JSON.stringify({ code, stdout, stderr })}`);
  }
  return stderr.slice("error: ".length, -1);
}
