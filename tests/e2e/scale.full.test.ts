import { expect, onTestFinished, test } from "vitest";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { boolElements } from "#icrl/common/tensor.js";
import { actions, opened, rawClient, rawStream } from "../support/raw-stream.js";
import { readLog, serverForTest, verify } from "../support/server.js";
import { randomAgent } from "../support/tournament.js";

test("2,048 envs play side by side in one session", async () => {
  const server = await serverForTest();
  const trials = 5000;
  let largest = 0;
  const closed = await playAgent(server.connection, randomAgent("wide"), {
    task: "linear-bandit",
    taskOptions: { dim: 2, actions: 4, horizon: 20 },
    numEnvs: 2048,
    trials,
    onOpened: (answer) => {
      largest = answer.numEnvs;
    },
  });
  expect(largest).toBe(2048);
  expect(closed).toMatchObject({
    completeTrials: BigInt(trials),
    incompleteTrials: 0n,
    steps: BigInt(trials * 20),
    durableTrials: BigInt(trials),
  });
  await server.close();
  const rows = await readLog(server.dataDir);
  expect(new Set(rows.map((row) => row.trial_index)).size).toBe(trials);
  expect(Math.max(...rows.map((row) => row.env_index))).toBe(2047);
  expect((await verify(server.dataDir)).problems).toEqual([]);
});

test.each([4])("1,000 sessions at once each play a trial, over %i connections", async (connections) => {
  const server = await serverForTest();
  const sessions = 1000;
  const clients = Array.from({ length: connections }, () => rawClient(server.address));
  onTestFinished(() => {
    for (const client of clients) client.close();
  });
  const streams = Array.from({ length: sessions }, (_, i) => rawStream(clients[i % connections]));
  const ids = new Set<string>();
  // All are open before the first one steps.
  const starts = await Promise.all(
    streams.map((stream, i) => opened(stream, { options: { arms: 2, horizon: 5 }, firstTrial: BigInt(i), numEnvs: 1 })),
  );
  for (const { welcome } of starts) ids.add(welcome.sessionId);
  expect(ids.size).toBe(sessions);
  expect((await server.connection.getServerInfo()).openSessions).toBe(sessions);
  // Client and server share this process: what a session costs is at most this.
  const perSession = process.memoryUsage().rss / sessions;
  expect(perSession).toBeLessThan(1 << 20);
  await Promise.all(
    streams.map(async (stream, i) => {
      for (let step = 0; step < 5; step += 1) {
        stream.send(actions(step, [(step + i) % 2]));
        const { active } = await stream.expect("observations");
        if (step === 4) expect([...boolElements(active as never, "active")]).toEqual([0]);
      }
      expect(await stream.expect("closed")).toMatchObject({ completeTrials: 1n, durableTrials: 1n });
      stream.call.end();
      expect((await stream.ended).code).toBe(0);
    }),
  );
  const info = await server.connection.getServerInfo();
  expect(info.openSessions).toBe(0);
  expect(info.steps).toBe(5000n);
  await server.close();
  const rows = await readLog(server.dataDir);
  expect(rows.map((row) => Number(row.trial_index)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: sessions }, (_, i) => i),
  );
  for (const row of rows) {
    const i = Number(row.trial_index);
    expect([...row.actions]).toEqual([0, 1, 2, 3, 4].map((step) => (step + i) % 2));
  }
  expect((await verify(server.dataDir)).problems).toEqual([]);
});
