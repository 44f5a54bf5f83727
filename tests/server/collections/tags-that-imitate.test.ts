import { expect, test } from "vitest";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { serverForTest } from "../../support/server.js";
import { BANDIT, create, randomAgent, spec } from "../../support/tournament.js";
import { collected, specOf } from "./collected.js";

const byAgents = { behaviours: [{ name: "random", agent: "uniform", options: {}, weight: 1 }] };

test("free play whose tags, agent and seeds say that it is a collection's or a tournament's counts as neither's", async () => {
  const server = await serverForTest();
  const { connection } = server;
  const collection = collected(byAgents).id;
  const of = spec(["uniform"], { tasks: [BANDIT], trials: 4 });
  const tournament = await create(connection, of);
  const { tasks } = specOf(byAgents);
  for (const { id, task, options } of [...tasks, BANDIT]) {
    const tags = {
      ...{
        task: id,
        task_id: id,
        entrant: "random",
        behaviour: "random",
        part: `${id}/random`,
        match: `${id}/uniform`,
      },
      ...{ collection, collection_id: collection, tournament, tournament_id: tournament },
    };
    await playAgent(connection, randomAgent("uniform"), { task, taskOptions: options, trials: 6, seed: 7n, tags });
  }
  const created = await connection.createCollection({ spec: specOf(byAgents) });
  expect(created.collection?.id).toBe(collection);
  expect(created.collection?.parts.map(({ completeTrials }) => completeTrials)).toEqual([0, 0]);
  expect((await connection.getTournament({ id: tournament })).tournament?.matches).toMatchObject([
    { completeTrials: 0 },
  ]);
  const filter = { tournamentId: tournament };
  expect((await connection.listTrajectories({ filter, pageSize: 0, pageToken: "" })).trajectories).toEqual([]);
  const rows = await connection.listTrajectories({ filter: {}, pageSize: 0, pageToken: "" });
  expect(rows.trajectories.length).toBe(6 * 3 + 6 + 6); // three episodes a trial of the river
});
