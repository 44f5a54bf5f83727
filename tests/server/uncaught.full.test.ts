import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { actions, opened, rawClient, rawStream } from "../support/raw-stream.js";
import { PROGRAM, serverAfter, startProcess, verify } from "../support/server.js";
import { tempDir } from "../support/temp-dir.js";

/** Has a server's process fail where nobody catches it, when it is told to by SIGUSR2. */
const bug = (how: string) => `data:text/javascript,process.on("SIGUSR2", () => { ${how} })`;

test.each([
  ["uncaughtException", 'throw new Error("a bug")'],
  ["unhandledRejection", 'Promise.reject(new Error("a bug"))'],
])(
  "an %s is logged with where it was, and ends the process with 1; what was acknowledged is in the log",
  async (where, how) => {
    const dir = tempDir();
    onTestFinished(() => dir.remove());
    const serve = [
      "serve",
      "--listen",
      "127.0.0.1:0",
      "--http",
      "off",
      "--data",
      dir.path,
      "--json",
      "--log-level",
      "warn",
    ];
    const server = startProcess(["--import", bug(how), PROGRAM, ...serve]);
    const { address } = JSON.parse(await server.line()) as { address: string };
    const client = rawClient(address);
    onTestFinished(() => client.close());
    const stream = rawStream(client);
    await opened(stream, { trials: 2n });
    for (let step = 0; step < 8; step++) {
      stream.send(actions(step, [0]));
      await stream.expect("observations");
    }
    expect(await stream.expect("closed")).toMatchObject({ durableTrials: 2n });
    const said = once(server.child.stderr as NodeJS.ReadableStream, "close");
    server.child.kill("SIGUSR2");
    expect(await server.exited).toBe(1);
    await said;
    const lines = server.stderr.trim().split("\n");
    const told = JSON.parse(lines.at(-1) as string) as Record<string, unknown>;
    expect(lines.length).toBe(1); // JSON alone, as a program that reads it expects
    expect(told).toMatchObject({ event: "internal_error", where, level: 50, err: { message: "a bug" } });
    expect((told.err as { stack: string }).stack).toContain("data:text/javascript");
    // The next one on the folder has it all.
    const next = await serverAfter({ dataDir: dir.path });
    const connection = await connect(next.address);
    expect((await connection.getServerInfo()).logEpisodes).toBe(2n);
    connection.close();
    await next.close();
    expect(await verify(dir.path)).toMatchObject({ episodes: 2 });
  },
);
