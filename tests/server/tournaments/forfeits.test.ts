import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import type { AgentResult, TournamentResults, TournamentSpec } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { manualClock } from "../../support/manual-clock.js";
import { actions, hello, rawClient, rawStream } from "../../support/raw-stream.js";
import { serverForTest, startProcess, type TestServer } from "../../support/server.js";
import {
  agentThat,
  BANDIT,
  create,
  finished,
  NO_KEY,
  RIVER,
  randomAgent,
  spec,
  uniformRegrets,
} from "../../support/tournament.js";

const DYING_ENTRANT = fileURLToPath(new URL("./dying-entrant.mjs", import.meta.url));

const resultOf = (results: TournamentResults, taskId: string, entrant: string): AgentResult => {
  const found = results.tasks.find((task) => task.id === taskId)?.agents.find((agent) => agent.name === entrant);
  if (found === undefined) throw new Error(`${entrant} has no result on ${taskId}`);
  return found;
};

const alone = new Map<string, Promise<AgentResult[]>>();

/** What the tournament gives the entrant "good" when it plays alone: nothing that another does may change it. Each is played once. */
function aloneResults(of: TournamentSpec): Promise<AgentResult[]> {
  const key = inspect(of, { depth: null });
  const results = alone.get(key) ?? playAlone(of);
  alone.set(key, results);
  return results;
}

async function playAlone(of: TournamentSpec): Promise<AgentResult[]> {
  const server = await serverForTest();
  const id = await create(
    server.connection,
    { ...of, agents: of.agents.filter((agent) => agent.name === "good") },
    NO_KEY,
  );
  await serveMatches(server.connection, randomAgent("good"), { entrant: "good" });
  const { results } = await finished(server.connection, id);
  return of.tasks.map((task) => resultOf(results, task.id, "good"));
}

/** Plays a tournament of "good" and "bad"; `bad` says what the bad one does. Checks what is the same however it fails. */
async function tournamentWith(server: TestServer, of: TournamentSpec, bad: (id: string) => Promise<unknown>) {
  const id = await create(server.connection, of, NO_KEY);
  const [, result] = await Promise.all([
    serveMatches(server.connection, randomAgent("good"), { entrant: "good", tournamentId: id }),
    bad(id),
  ]);
  const over = await finished(server.connection, id);
  expect(of.tasks.map((task) => resultOf(over.results, task.id, "good"))).toEqual(await aloneResults(of));
  return { ...over, result, id };
}

/** A match of which every trial was forfeited counts as uniform play, exactly. */
function expectAllForfeited(results: TournamentResults, of: TournamentSpec, taskId: string, reason: string): void {
  const result = resultOf(results, taskId, "bad");
  const uniform = uniformRegrets(of, taskId);
  expect(result).toMatchObject({ trials: of.trials, forfeits: of.trials, forfeitReason: reason });
  expect(result.regret?.mean).toBeCloseTo(uniform.reduce((sum, regret) => sum + regret, 0) / uniform.length, 12);
  expect(result.curve?.mean.at(-1)).toBeCloseTo(result.regret?.mean as number, 12);
  expect(result.trialReturn?.mean).toBeNaN(); // nothing was played
}

const GOOD_AND_BAD = spec(["good", "bad"], { trials: 8 });

test("a policy that throws forfeits its match and plays the next one", async () => {
  const server = await serverForTest();
  const broken = agentThat("bad", ({ task, numActions }, rng) => ({
    act() {
      if (task === "bernoulli-bandit") throw new Error("division by cucumber");
      return rng.integer(numActions);
    },
  }));
  const failed: [string, string][] = [];
  const { results } = await tournamentWith(server, GOOD_AND_BAD, (id) =>
    serveMatches(server.connection, broken, {
      entrant: "bad",
      tournamentId: id,
      streams: 1,
      onMatchFailed: (match, error) => failed.push([match, error.message]),
    }),
  );
  expect(failed).toEqual([["bandit/bad", "division by cucumber"]]);
  expectAllForfeited(results, GOOD_AND_BAD, "bandit", "AGENT_FAILED");
  expect(resultOf(results, "bandit", "bad").forfeitMessage).toBe("division by cucumber");
  expect(resultOf(results, "river", "bad")).toMatchObject({ forfeits: 0, forfeitReason: "", forfeitMessage: "" });
});

test("an agent's words for its forfeit are kept on one line, with nothing hidden in them, and in part where they are many", async () => {
  const server = await serverForTest();
  const broken = agentThat("bad", ({ task }) => ({
    act() {
      throw new Error(task === "bernoulli-bandit" ? "\x1b[2Jone\n\u202etwo" : "x".repeat(5000));
    },
  }));
  const { results } = await tournamentWith(server, GOOD_AND_BAD, (id) =>
    serveMatches(server.connection, broken, { entrant: "bad", tournamentId: id, streams: 1 }),
  );
  expect(resultOf(results, "bandit", "bad").forfeitMessage).toBe("\\x1b[2Jone\\n\\u202etwo");
  expect(resultOf(results, "river", "bad").forfeitMessage).toBe("x".repeat(1000));
});

test("an agent whose last match the server ends is told that it is finished, though its tournament is over by then", async () => {
  const server = await serverForTest();
  const of = spec(["bad"], { tasks: [BANDIT], trials: 3 });
  const id = await create(server.connection, of, NO_KEY);
  const broken = agentThat("bad", () => ({ act: () => 0, propensity: 2 }));
  const failed: unknown[] = [];
  await serveMatches(server.connection, broken, {
    entrant: "bad",
    streams: 1,
    onMatchFailed: (_, error) => failed.push(error),
  });
  expect(failed).toMatchObject([{ reason: "PROPENSITY_INVALID" }]);
  const { results } = await finished(server.connection, id);
  expectAllForfeited(results, of, "bandit", "PROPENSITY_INVALID");
});

test("an entrant that sends an action out of range forfeits for that reason", async () => {
  const server = await serverForTest();
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const of = spec(["good", "bad"], { tasks: [BANDIT], trials: 5 });
  const { results, tournament } = await tournamentWith(server, of, async (id) => {
    const stream = rawStream(client);
    stream.send(hello({ agent: "bad", entrant: "bad", tournamentId: id, numEnvs: 2 }));
    await stream.expect("welcome");
    await stream.expect("opened");
    await stream.expect("observations");
    stream.send(actions(0, [0, 3]));
    expect(await stream.ended).toMatchObject({ reason: "ACTION_OUT_OF_RANGE" });
  });
  expectAllForfeited(results, of, "bandit", "ACTION_OUT_OF_RANGE");
  expect(tournament.matches.find((match) => match.entrant === "bad")).toMatchObject({
    completeTrials: 0,
    forfeits: 5,
    forfeitReason: "ACTION_OUT_OF_RANGE",
  });
});

test("an entrant that is killed forfeits what it has not played of its match, keeps what it has, and plays the next one", async () => {
  const server = await serverForTest({ resume_ms: 50 });
  const of = spec(["good", "bad"], { tasks: [BANDIT, RIVER], trials: 6 });
  const { results, id } = await tournamentWith(server, of, async (tournamentId) => {
    // It plays two of the six trials on the bandit and stops in the middle of the third.
    const entrant = startProcess([DYING_ENTRANT, server.address, tournamentId]);
    await entrant.line();
    entrant.child.kill("SIGKILL");
    await entrant.exited;
    for await (const { tournament } of server.connection.watchTournament({ id: tournamentId })) {
      if (tournament?.matches.some((match) => match.forfeits > 0)) break;
    }
    await serveMatches(server.connection, randomAgent("bad"), { entrant: "bad", tournamentId });
  });
  const bandit = resultOf(results, "bandit", "bad");
  expect(bandit).toMatchObject({ trials: 6, forfeits: 4, forfeitReason: "CONNECTION_LOST" });
  const { trajectories } = await server.connection.listTrajectories({
    filter: { tournamentId: id, entrant: "bad", task: "bernoulli-bandit" },
    pageSize: 0,
    pageToken: "",
  });
  const played = trajectories.filter((row) => row.complete).map((row) => row.regret as number);
  expect(played.length).toBe(2);
  expect(trajectories.filter((row) => !row.complete)).toMatchObject([
    { endReason: "CONNECTION_LOST", regret: undefined },
  ]);
  const counted = [...played, ...uniformRegrets(of, "bandit").slice(2)];
  expect(bandit.regret?.mean).toBeCloseTo(counted.reduce((sum, regret) => sum + regret, 0) / 6, 12);
  expect(resultOf(results, "river", "bad")).toMatchObject({ trials: 6, forfeits: 0 });
});

test("an entrant that never comes is absent, and the tournament ends without it", async () => {
  const server = await serverForTest({ entrant_timeout_ms: 100 });
  const { results } = await tournamentWith(server, GOOD_AND_BAD, async () => {});
  for (const task of [BANDIT, RIVER]) expectAllForfeited(results, GOOD_AND_BAD, task.id, "AGENT_ABSENT");
});

test("an entrant that hangs forfeits for ACT_TIMEOUT", async () => {
  const clock = manualClock();
  const server = await serverForTest({ act_timeout_ms: 500, act_overtime_ms: 0 }, undefined, clock);
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const of = spec(["good", "bad"], { tasks: [BANDIT], trials: 3 });
  const { results } = await tournamentWith(server, of, async (id) => {
    const stream = rawStream(client);
    stream.send(hello({ agent: "bad", entrant: "bad", tournamentId: id, numEnvs: 1 }));
    await stream.expect("welcome");
    await stream.expect("opened");
    await stream.expect("observations");
    // The good one has the same time for its actions: it passes when that one has played.
    for await (const { tournament } of server.connection.watchTournament({ id })) {
      if (tournament?.matches.some(({ entrant, completeTrials }) => entrant === "good" && completeTrials === 3)) break;
    }
    clock.pass(500);
    expect(await stream.ended).toMatchObject({ reason: "ACT_TIMEOUT" });
  });
  expectAllForfeited(results, of, "bandit", "ACT_TIMEOUT");
});

test.each(["close", "the end of its stream"])(
  "an entrant that leaves a match by %s forfeits it as AGENT_CLOSED",
  async (how) => {
    const server = await serverForTest();
    const client = rawClient(server.address);
    onTestFinished(() => client.close());
    const of = spec(["good", "bad"], { tasks: [BANDIT], trials: 3 });
    const { results } = await tournamentWith(server, of, async (id) => {
      const stream = rawStream(client);
      stream.send(hello({ agent: "bad", entrant: "bad", tournamentId: id, numEnvs: 1 }));
      await stream.expect("welcome");
      await stream.expect("opened");
      await stream.expect("observations");
      if (how === "close") stream.send({ $case: "close", value: { reason: "" } });
      else stream.call.end();
      expect((await stream.ended).code).toBe(0);
    });
    expectAllForfeited(results, of, "bandit", "AGENT_CLOSED");
  },
);

test("trials in flight in another session of a forfeiting entrant may still finish, and count as played", async () => {
  const server = await serverForTest();
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const of = spec(["good", "bad"], { tasks: [BANDIT], trials: 10 });
  const { results } = await tournamentWith(server, of, async (id) => {
    const streams = [rawStream(client), rawStream(client)];
    for (const stream of streams) {
      stream.send(hello({ agent: "bad", entrant: "bad", tournamentId: id, numEnvs: 2 }));
      await stream.expect("welcome");
      expect((await stream.expect("opened")).numEnvs).toBe(2);
      await stream.expect("observations");
    }
    streams[0].send(actions(0, [-1, 0]));
    expect(await streams[0].ended).toMatchObject({ reason: "ACTION_OUT_OF_RANGE" });
    for (let step = 0; step < 6; step += 1) {
      streams[1].send(actions(step, [0, 1]));
      const { trialStarts } = await streams[1].expect("observations");
      expect(trialStarts).toEqual([]); // nothing new is begun
    }
    expect(await streams[1].expect("closed")).toMatchObject({ completeTrials: 2n, finished: false });
    expect(await streams[1].expect("closed")).toMatchObject({ finished: true });
    streams[1].call.cancel();
  });
  expect(resultOf(results, "bandit", "bad")).toMatchObject({
    trials: 10,
    forfeits: 8,
    forfeitReason: "ACTION_OUT_OF_RANGE",
  });
});

test("while an entrant's many trials are forfeited the others play on", async () => {
  // Uniform play's regret of a trial with fresh arms takes about a millisecond: two thousand of them are seconds.
  const server = await serverForTest({ entrant_timeout_ms: 10 });
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const of = spec(["bad"], {
    tasks: [{ id: "fresh", task: "linear-bandit", options: { arm_set: "fresh" } }],
    trials: 1500,
  });
  const id = await create(server.connection, of, NO_KEY);
  const stream = rawStream(client);
  stream.send(hello());
  await stream.expect("welcome");
  let over = false;
  const results = finished(server.connection, id).then((ended) => {
    over = true;
    return ended.results;
  });
  let answered = 0;
  while (!over) {
    await server.connection.getServerInfo();
    answered += 1;
  }
  // Forfeited in one piece it would have answered once or twice; in slices of 10 ms it answers in between.
  expect(answered).toBeGreaterThan(10);
  stream.call.cancel();
  expect(resultOf(await results, "fresh", "bad")).toMatchObject({ forfeits: 1500, forfeitReason: "AGENT_ABSENT" });
});
