/** Trials that a log holds already, and trials that it holds twice. */
import { expect, onTestFinished, test } from "vitest";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import type { CountTrialsRequest } from "#icrl/proto/gen/icrl/v1/trajectory.js";
import { actions, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { serverForTest, type TestServer, verify } from "../../support/server.js";
import { randomAgent } from "../../support/tournament.js";

/** Four episodes a trial. */
const RIVER = { task: "river-swim", taskOptions: { states: 4, horizon: 3, episodes: 4 } };
const agent = randomAgent("random");

const play = ({ connection }: TestServer, members: object = {}) =>
  playAgent(connection, agent, { ...RIVER, trials: 10, numEnvs: 5, seed: 7n, ...members });

async function count({ connection }: TestServer, members: Partial<CountTrialsRequest> = {}): Promise<bigint> {
  const series = { ...RIVER, agent: "random", agentOptions: {}, purpose: "", seed: 7n, firstTrial: 0n, trials: 10n };
  return (await connection.countTrials({ ...series, ...members })).recorded;
}

test("trials of a series that has instances are told from those of one that has not", async () => {
  const server = await serverForTest();
  await play(server, { instances: 4 });
  // The first four are on instances of their own in either.
  expect(await count(server)).toBe(4n);
  expect(await count(server, { instances: 4 })).toBe(10n);
  expect(await count(server, { instances: 5 })).toBe(4n);
  await expect(count(server, { instances: 0 })).rejects.toMatchObject({ reason: "TRIALS_INVALID" });
  await server.close();
  expect((await verify(server.dataDir)).problems).toEqual([]);
});

test("a log knows how many trials of a series it holds: by task, agent, options, purpose, seed and index", async () => {
  const server = await serverForTest();
  expect(await count(server)).toBe(0n);
  await play(server);
  expect(await count(server)).toBe(10n);
  expect(await count(server, { firstTrial: 8n, trials: 100n })).toBe(2n);
  expect(await count(server, { firstTrial: 10n, trials: 2n ** 20n })).toBe(0n);
  for (const other of [
    { seed: 8n },
    { purpose: "collect" },
    { agent: "another" },
    { agentOptions: { greedy: true } },
    { taskOptions: { ...RIVER.taskOptions, horizon: 4 } },
    { task: "bernoulli-bandit", taskOptions: {} },
  ]) {
    expect(await count(server, other)).toBe(0n);
  }
  await play(server); // nothing keeps an agent from it
  expect(await count(server)).toBe(10n);
  for (const [bad, reason] of [
    [{ trials: 0n }, "TRIALS_INVALID"],
    [{ purpose: "tournament" }, "PURPOSE_INVALID"],
    [{ task: "chess" }, "TASK_UNKNOWN"],
    [{ taskOptions: { state: 4 } }, "OPTION_UNKNOWN"],
  ] as const) {
    await expect(count(server, bad)).rejects.toMatchObject({ reason });
  }
});

test("a trial that was cut short is not there yet, and stands once when it is played again", async () => {
  const server = await serverForTest();
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  const { task, taskOptions: options } = RIVER;
  await opened(stream, { task, options, trials: 1n, seed: 7n }, { agent: "random" });
  for (let step = 0; step < 3; step += 1) {
    stream.send(actions(step, [0]));
    await stream.expect("observations");
  }
  stream.send({ $case: "close", value: { reason: "" } });
  await stream.expect("closed"); // between two episodes
  expect(await count(server)).toBe(0n);
  await play(server);
  expect(await count(server)).toBe(10n);
  await server.close();
  expect(await verify(server.dataDir)).toMatchObject({ repeatedTrials: 0, repeatedEpisodes: 0, problems: [] });
});

test("verifying tells how many trials stand more than once, in one problem, those that are in no shard yet included", async () => {
  const server = await serverForTest();
  await play(server);
  await play(server, { trials: 4 });
  await server.connection.listTrajectories({ filter: undefined, pageSize: 1, pageToken: "" }); // in a shard
  await play(server, { trials: 3 });
  // by hand: trials 0 to 3 twice and 0 to 2 once more, of 4 episodes each: 4 * 4 + 3 * 4 = 28 of 17 * 4 = 68 episodes
  const report = await verify(server.dataDir);
  expect(report).toMatchObject({ segments: 1, episodes: 68, repeatedTrials: 4, repeatedEpisodes: 28 });
  expect(report.problems.map(({ problem }) => problem)).toEqual([
    expect.stringMatching(
      /^4 trials are there more than once \([0-9a-f]{32} 3 times\): 28 of 68 episodes repeat others, and whoever averages/,
    ),
  ]);
});
