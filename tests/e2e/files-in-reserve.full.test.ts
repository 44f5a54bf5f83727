/** A server that may open few files, and sockets that would take them all. */
import { connect as dial, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { startServerProcess, verify } from "../support/server.js";
import { tempDir } from "../support/temp-dir.js";
import { randomAgent } from "../support/tournament.js";

test("a thousand silent sockets take no file from the log, and let others in", async () => {
  const folder = tempDir();
  onTestFinished(() => folder.remove());
  const flags = ["--max-connections", "100000", "--max-connections-per-address", "100000"];
  const server = await startServerProcess(folder.path, flags, "ulimit -n 700");
  const at = server.address.lastIndexOf(":");
  const crowd: Socket[] = [];
  onTestFinished(() => {
    for (const socket of crowd) socket.destroy();
  });
  for (let i = 0; i < 1000; i += 1) {
    const socket = dial(Number(server.address.slice(at + 1)), server.address.slice(0, at));
    socket.on("error", () => {});
    crowd.push(socket);
    await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
  }
  const connection = await connect(server.address);
  onTestFinished(() => connection.close());
  expect((await connection.getServerInfo()).limits?.maxConnections).toBe(300);
  const agent = randomAgent("random");
  const totals = await playAgent(connection, agent, { task: "bernoulli-bandit", trials: 2000, numEnvs: 20 });
  expect(totals.completeTrials).toBe(2000n);
  expect((await connection.listTrajectories({ pageSize: 1, pageToken: "" } as never)).trajectories.length).toBe(1);
  expect((await connection.getServerInfo()).logWritable).toBe(true);
  server.child.kill("SIGTERM");
  expect(await server.exited).toBe(0);
  expect(server.stderr).toContain("connections_lowered");
  expect(server.stderr).not.toContain("unwritable");
  expect((await verify(folder.path)).problems).toEqual([]);
});
