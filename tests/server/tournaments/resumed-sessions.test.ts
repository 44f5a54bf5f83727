/** Entrants whose connections break, and who go on where they were. */
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.js";
import { actions, rawClient } from "../../support/raw-stream.js";
import { playToTheEnd, type ResumingAgent, resumingAgent } from "../../support/resuming.js";
import { readLog, serverForTest, type TestServer } from "../../support/server.js";
import { BANDIT, create, finished, RIVER, spec } from "../../support/tournament.js";

function clientOf({ address }: TestServer) {
  const client = rawClient(address);
  onTestFinished(() => client.close());
  return client;
}

const cutEvery = (agent: ResumingAgent, every: number) => async (n: number) => {
  if (n % every !== 0) return;
  agent.cut();
  await agent.resume();
};

test("an entrant that loses its connection again and again has the results of one that never does, and forfeits nothing", async () => {
  const server = await serverForTest();
  const client = clientOf(server);
  const id = await create(server.connection, spec(["steady=x", "shaky=x"], { trials: 5, tasks: [BANDIT, RIVER] }));
  const enter = (entrant: string) => resumingAgent(client, { agent: "x", entrant, tournamentId: id, numEnvs: 2 });
  const [steady, shaky] = [await enter("steady"), await enter("shaky")];
  const plays = [playToTheEnd(steady, async () => {}), playToTheEnd(shaky, cutEvery(shaky, 3))];
  const [n, m] = await Promise.all(plays);
  expect(m).toBe(n); // not a message more
  expect(m).toBeGreaterThan(30);
  const { results } = await finished(server.connection, id);
  const of = (entrant: string) =>
    results.tasks.map(({ agents }) => ({ ...agents.find(({ name }) => name === entrant), name: "" }));
  expect(of("shaky").map(({ forfeits, forfeitReason }) => [forfeits, forfeitReason])).toEqual(
    new Array(2).fill([0, ""]),
  );
  expect(of("shaky")).toEqual(of("steady"));
  await server.close();
  const rows = await readLog(server.dataDir);
  const played = (sessionId: string) =>
    rows
      .filter((row) => row.session_id === sessionId)
      .map((row) => [row.task_id, row.trial_index, row.episode_index, [...row.actions], row.complete]);
  expect(played(shaky.welcome.sessionId)).toEqual(played(steady.welcome.sessionId));
});

test("an entrant that never comes back forfeits when its time is over, and not before", async () => {
  const server = await serverForTest({ resume_ms: 400 });
  const client = clientOf(server);
  const id = await create(server.connection, spec(["gone=x"], { trials: 2, tasks: [BANDIT] }));
  const agent = await resumingAgent(client, { agent: "x", entrant: "gone", tournamentId: id });
  const opened = await agent.next();
  await agent.next();
  agent.send(actions(0, new Array(opened.$case === "opened" ? opened.value.numEnvs : 0).fill(0)));
  await agent.next();
  agent.cut();
  await eventually(() => expect(server.said.some(({ event }) => event === "session_parked")).toBe(true));
  expect(server.said.some(({ event }) => event === "match_forfeited")).toBe(false);
  const { tournament } = await finished(server.connection, id);
  expect(tournament.matches.map((match) => match.forfeitReason)).toEqual(["CONNECTION_LOST"]);
});

test("an entrant that has answered nothing may never have heard of its match: it forfeits nothing, and another session plays it", async () => {
  const server = await serverForTest({ resume_ms: 50 });
  const client = clientOf(server);
  const id = await create(server.connection, spec(["late=x"], { trials: 2, tasks: [BANDIT] }));
  const enter = () => resumingAgent(client, { agent: "x", entrant: "late", tournamentId: id });
  const unheard = await enter();
  await unheard.next(); // its match is open
  unheard.cut();
  await expect.poll(() => server.said.some(({ event }) => event === "session_ended")).toBe(true);
  await playToTheEnd(await enter(), async () => {});
  const { tournament } = await finished(server.connection, id);
  expect(tournament.matches.map(({ forfeits, completeTrials }) => [forfeits, completeTrials])).toEqual([[0, 2]]);
  await server.close();
  expect((await readLog(server.dataDir)).map(({ complete }) => complete)).toEqual([true, true]);
});
