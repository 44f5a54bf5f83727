import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { float32Elements, int32Elements } from "#icrl/common/tensor.js";
import type { Attendance, Tournament, TournamentSpec } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { manualClock } from "../../support/manual-clock.js";
import { actions, hello, type RawStream, rawClient, rawStream } from "../../support/raw-stream.js";
import { readLog, serverAfter, serverForTest, type TestServer } from "../../support/server.js";
import { agentThat, BANDIT, finished, RIVER, spec } from "../../support/tournament.js";

const zeros = (name: string) => agentThat(name, () => ({ act: () => 0 }));

/** Creates it and resolves with its id. */
async function createWith(server: TestServer, of: TournamentSpec, attendance: Attendance[]): Promise<string> {
  const { tournament } = await server.connection.createTournament({ spec: of, attendance });
  return (tournament as Tournament).id;
}

const mayLeave = (name: string, processes = 1): Attendance => ({ name, processes, mayLeave: true });

/** A process of its own, as far as the server can see: a connection. */
function processOf(server: TestServer): Client {
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  return client;
}

/** Enters and resolves once welcome; matches may come later. */
async function enter(client: Client, id: string, numEnvs = 1): Promise<RawStream> {
  const stream = rawStream(client);
  stream.send(hello({ agent: "zero", entrant: "zero", tournamentId: id, numEnvs }));
  await stream.expect("welcome");
  return stream;
}

async function playSteps(stream: RawStream, from: number, steps: number): Promise<void> {
  for (let step = from; step < from + steps; step++) {
    stream.send(actions(step, [0]));
    await stream.expect("observations");
  }
}

/** The tournament once it looks like this. */
async function onceIt(server: TestServer, id: string, looks: (tournament: Tournament) => boolean): Promise<Tournament> {
  for await (const { tournament } of server.connection.watchTournament({ id })) {
    if (tournament !== undefined && looks(tournament)) return tournament;
  }
  throw new Error("it ended before it looked like that");
}

const ONE = spec(["zero"], { tasks: [BANDIT], trials: 4 });

test.each(["a lost connection", "a close without a reason", "the end of its stream"])(
  "an entrant that may leave comes back after %s: nothing is forfeited, its trial is played again",
  async (how) => {
    const server = await serverForTest();
    const id = await createWith(server, ONE, [mayLeave("zero")]);
    const stream = await enter(processOf(server), id);
    await stream.expect("opened");
    await stream.expect("observations");
    await playSteps(stream, 0, 9); // one trial of 6 steps, and half of the second
    if (how === "a lost connection") stream.call.cancel();
    else if (how === "the end of its stream") stream.call.end();
    else stream.send({ $case: "close", value: { reason: "" } });
    await stream.ended;
    await onceIt(server, id, ({ entrants }) => entrants[0].processes === 0);
    await serveMatches(server.connection, zeros("zero"), { entrant: "zero", tournamentId: id });
    const { results, tournament } = await finished(server.connection, id);
    expect(tournament.matches[0]).toMatchObject({ completeTrials: 4, forfeits: 0, forfeitReason: "" });
    expect(results.tasks[0].agents[0]).toMatchObject({ trials: 4, forfeits: 0 });
    await server.close();
    // The half trial is not in the log beside the whole one.
    expect((await readLog(server.dataDir)).map(({ trial_index, complete }) => [Number(trial_index), complete])).toEqual(
      expect.arrayContaining([0, 1, 2, 3].map((trial) => [trial, true])),
    );
    expect((await readLog(server.dataDir)).length).toBe(4);
  },
);

test.each([
  { task: BANDIT, kind: "one episode", steps: 6 },
  { task: RIVER, kind: "four episodes", steps: 12 },
])("who leaves a trial of $kind and comes back learns nothing by it: what was done is done again", async (of) => {
  const server = await serverForTest();
  const id = await createWith(server, spec(["zero"], { tasks: [of.task], trials: 1 }), [mayLeave("zero")]);
  /** Answers with an action until the session has played so many steps; gives rewards, and what was really done. */
  async function attempt(action: number, steps: number) {
    const stream = await enter(processOf(server), id);
    await stream.expect("opened");
    const seen: [number, number][] = [];
    for (let step = 0; step <= steps; step++) {
      const { reward, executedAction: executed } = await stream.expect("observations");
      const done = executed === undefined ? action : int32Elements(executed, "executed")[0];
      if (reward !== undefined) seen.push([done, float32Elements(reward, "reward")[0]]);
      if (step < steps) stream.send(actions(step, [action]));
    }
    return { stream, seen };
  }
  async function leave({ stream }: Awaited<ReturnType<typeof attempt>>) {
    stream.call.cancel();
    await stream.ended;
    await onceIt(server, id, ({ entrants }) => entrants[0].processes === 0);
  }
  const first = await attempt(1, 5);
  await leave(first);
  const shorter = await attempt(0, 2); // an attempt that ends sooner takes nothing back
  await leave(shorter);
  const last = await attempt(0, of.steps);
  await last.stream.expect("closed");
  expect(shorter.seen).toEqual(first.seen.slice(0, 2));
  expect(last.seen.slice(0, 5)).toEqual(first.seen);
  await finished(server.connection, id);
  await server.close();
  const rows = (await readLog(server.dataDir)).sort((a, b) => a.episode_index - b.episode_index);
  expect(rows.flatMap((row) => [...row.actions])).toEqual([...Array(5).fill(1), ...Array(of.steps - 5).fill(0)]);
});

/** Plays a trial of the tournament with one action, or its first steps; gives what was really done, and the stream. */
async function playWith(server: TestServer, id: string, action: number, steps = BANDIT.options.horizon) {
  const stream = await enter(processOf(server), id);
  await stream.expect("opened");
  await stream.expect("observations");
  const done: number[] = [];
  for (let step = 0; step < steps; step++) {
    stream.send(actions(step, [action]));
    const { executedAction: executed } = await stream.expect("observations");
    done.push(executed === undefined ? action : int32Elements(executed, "executed")[0]);
  }
  return { stream, done };
}

test("what was done in a trial that was left is done again on a server that was started again, however often", async () => {
  const first = await serverForTest();
  const id = await createWith(first, spec(["zero"], { tasks: [BANDIT], trials: 2 }), [mayLeave("zero")]);
  for (const steps of [5, 2]) {
    const { stream } = await playWith(first, id, 1, steps);
    stream.call.cancel();
    await stream.ended;
    await onceIt(first, id, ({ entrants }) => entrants[0].processes === 0);
  }
  await first.close();
  const second = await serverAfter(first);
  const under = await playWith(second, id, 2, 6); // the 5 stand, and the sixth is played: the trial is over
  expect(under.done).toEqual([1, 1, 1, 1, 1, 2]);
  under.stream.send(actions(6, [2]));
  await under.stream.expect("observations");
  await second.close(); // in the midst of the other trial, which nobody left
  const third = await serverAfter(first);
  expect((await playWith(third, id, 0)).done).toEqual([0, 0, 0, 0, 0, 0]);
  await finished(third.connection, id);
  await third.close();
  const rows = (await readLog(first.dataDir)).filter(({ complete }) => complete);
  expect(rows.map((row) => [...row.actions].join("")).sort()).toEqual(["000000", "111112"]);
});

test("what a journal says of trials that were left, and cannot be, is passed over", async () => {
  const first = await serverForTest();
  const id = await createWith(first, spec(["zero"], { tasks: [BANDIT], trials: 1 }), [mayLeave("zero")]);
  await first.close();
  const left = { event: "left", task: "bandit", entrant: "zero", trial: 0, taken: [1] };
  const lies = [
    { ...left, taken: [3] }, // of three actions
    { ...left, taken: new Array(6).fill(1) }, // a whole trial is not left
    { ...left, trial: 1 },
    { ...left, trial: 2 ** 53 - 1 },
    { ...left, task: "river" },
    { ...left, entrant: "nobody" },
  ];
  const journal = join(first.dataDir, "tournaments", `${id}.jsonl`);
  appendFileSync(journal, lies.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const second = await serverAfter(first);
  expect((await playWith(second, id, 2)).done).toEqual([2, 2, 2, 2, 2, 2]);
  await second.close();
  appendFileSync(journal, `${JSON.stringify({ ...left, taken: ["1"] })}\n`);
  await expect(serverAfter(first)).rejects.toMatchObject({ reason: "LOG_CORRUPT" });
});

test("an entrant that may leave and only falls silent, in all its sessions, has left: its trials are played again", async () => {
  const clock = manualClock();
  const server = await serverForTest({ act_timeout_ms: 1000, act_overtime_ms: 0 }, undefined, clock);
  const id = await createWith(server, { ...ONE, trials: 200 }, [mayLeave("zero")]);
  const client = processOf(server);
  // More sessions than an entrant may leave, one after the other, without a trial played in between.
  const streams: RawStream[] = [];
  for (let n = 0; n < 60; n++) {
    const stream = await enter(client, id);
    await stream.expect("opened");
    await stream.expect("observations");
    streams.push(stream);
  }
  await playSteps(streams[0], 0, 3);
  clock.pass(1000);
  for (const { ended } of streams) expect(await ended).toMatchObject({ reason: "ACT_TIMEOUT" });
  await serveMatches(server.connection, zeros("zero"), { entrant: "zero", tournamentId: id });
  const { tournament } = await finished(server.connection, id);
  expect(tournament.matches[0]).toMatchObject({ completeTrials: 200, forfeits: 0, forfeitReason: "" });
  await server.close();
  const rows = await readLog(server.dataDir);
  expect(new Set(rows.map(({ trial_index }) => trial_index)).size).toBe(200);
  expect(rows.every(({ complete }) => complete) && rows.length === 200).toBe(true);
});

test("one that comes back and falls silent again and again forfeits in the end; one that may not leave does at once", async () => {
  const clock = manualClock();
  const server = await serverForTest({ act_timeout_ms: 1000, act_overtime_ms: 0 }, undefined, clock);
  for (const { attendance, silences, text } of [
    { attendance: [mayLeave("zero")], silences: 5, text: /: 5 times without a trial played in between$/ },
    { attendance: [], silences: 1, text: /answer each observations in time$/ },
  ]) {
    const id = await createWith(server, { ...ONE, seed: BigInt(silences) }, attendance);
    const client = processOf(server);
    let times = 0;
    for (; times < 10; times++) {
      const stream = await enter(client, id);
      if ((await stream.next()).message.$case === "closed") break;
      clock.pass(1000);
      await stream.ended;
    }
    expect(times).toBe(silences);
    expect((await finished(server.connection, id)).tournament.matches[0]).toMatchObject({
      forfeits: 4,
      forfeitReason: "ACT_TIMEOUT",
      forfeitMessage: expect.stringMatching(text),
    });
  }
});

test("an entrant that may leave still forfeits what it breaks: a close with a reason, a bad action", async () => {
  const server = await serverForTest();
  const of = spec(["zero"], { trials: 2 });
  const id = await createWith(server, of, [mayLeave("zero")]);
  const client = processOf(server);
  const first = await enter(client, id);
  await first.expect("opened");
  await first.expect("observations");
  first.send({ $case: "close", value: { reason: "cannot allocate a brain" } });
  await first.ended;
  const second = await enter(client, id);
  expect((await second.expect("opened")).matchId).toBe("river/zero");
  await second.expect("observations");
  second.send(actions(0, [17]));
  await second.ended;
  const { results } = await finished(server.connection, id);
  expect(results.tasks.map(({ agents: [agent] }) => [agent.forfeitReason, agent.forfeitMessage])).toEqual([
    ["AGENT_FAILED", "cannot allocate a brain"],
    ["ACTION_OUT_OF_RANGE", expect.stringContaining("action 17 of env 0 is outside [0, 2)")],
  ]);
});

test("one that leaves again and again without playing a trial forfeits in the end", async () => {
  const server = await serverForTest();
  const id = await createWith(server, ONE, [mayLeave("zero")]);
  const client = processOf(server);
  let times = 0;
  for (; times < 60; times++) {
    const stream = await enter(client, id);
    const said = await stream.next();
    if (said.message.$case === "closed") break;
    stream.send({ $case: "close", value: { reason: "" } });
    await stream.ended;
  }
  expect(times).toBe(50);
  const { results } = await finished(server.connection, id);
  expect(results.tasks[0].agents[0]).toMatchObject({
    forfeits: 4,
    forfeitReason: "AGENT_CLOSED",
    forfeitMessage: expect.stringMatching(/: 50 times without a trial played in between$/),
  });
});

test("nothing is offered until as many processes have come as are awaited; they share the trials, and may leave then", async () => {
  const server = await serverForTest();
  const id = await createWith(server, ONE, [mayLeave("zero", 2)]);
  const [one, two] = [processOf(server), processOf(server)];
  const streams = [await enter(one, id), await enter(one, id)]; // two sessions, one process
  expect((await onceIt(server, id, () => true)).entrants).toEqual([{ name: "zero", processes: 1, awaited: 2 }]);
  const offered = Promise.race(streams.map((stream) => stream.next().then(() => "offered")));
  const last = await enter(two, id);
  const opened = await last.expect("opened");
  expect(opened.trials).toBeLessThanOrEqual(4n);
  expect(await offered).toBe("offered"); // only now: the order of the events above is the server's
  await onceIt(server, id, ({ entrants }) => entrants[0].processes === 2);
  for (const { call } of streams) call.cancel();
  await Promise.all(streams.map(({ ended }) => ended));
  await onceIt(server, id, ({ entrants }) => entrants[0].processes === 1);
  last.call.cancel();
  await serveMatches(server.connection, zeros("zero"), { entrant: "zero", tournamentId: id }); // one process is enough now
  expect((await finished(server.connection, id)).results.tasks[0].agents[0]).toMatchObject({ trials: 4, forfeits: 0 });
});

test("an entrant that is awaited before anything was offered plays nothing alone", async () => {
  const server = await serverForTest();
  const id = await createWith(server, ONE, [mayLeave("zero", 2)]);
  await enter(processOf(server), id);
  // The other tournament is played from its beginning to its end meanwhile.
  const other = await createWith(server, spec(["busy"], { tasks: [RIVER], trials: 50 }), []);
  await serveMatches(server.connection, zeros("busy"), { entrant: "busy", tournamentId: other });
  await finished(server.connection, other);
  expect((await server.connection.getTournament({ id })).tournament?.matches[0]).toMatchObject({ steps: 0n });
});

test("ForfeitMatches gives up what an entrant left or plays, with the caller's words, and leaves the rest to be played", async () => {
  const server = await serverForTest();
  const of = spec(["zero"], { trials: 3 });
  const id = await createWith(server, of, [mayLeave("zero")]);
  const stream = await enter(processOf(server), id);
  await stream.expect("opened");
  await stream.expect("observations");
  await playSteps(stream, 0, 7);
  const message = "its process ended with exit code 1: out of luck";
  const request = { id, entrant: "zero", message, all: false };
  expect(await server.connection.forfeitMatches(request)).toEqual({ matchIds: ["bandit/zero"] });
  expect(await server.connection.forfeitMatches(request)).toEqual({ matchIds: [] }); // it is given up already
  stream.call.cancel();
  await serveMatches(server.connection, zeros("zero"), { entrant: "zero", tournamentId: id });
  const { results } = await finished(server.connection, id);
  expect(
    results.tasks.map(({ agents: [agent] }) => [agent.forfeits, agent.forfeitReason, agent.forfeitMessage]),
  ).toEqual([
    [2, "AGENT_CRASHED", message],
    [0, "", ""],
  ]);
});

test("ForfeitMatches of all gives up matches that nobody has begun", async () => {
  const server = await serverForTest();
  const id = await createWith(server, spec(["zero"], { trials: 3 }), [mayLeave("zero")]);
  const { matchIds } = await server.connection.forfeitMatches({ id, entrant: "zero", message: "gone", all: true });
  expect(matchIds).toEqual(["bandit/zero", "river/zero"]);
  expect((await finished(server.connection, id)).results.tasks.map((task) => task.agents[0].forfeits)).toEqual([3, 3]);
});

test.each([
  { what: "a name that is no entrant", attendance: mayLeave("nobody"), text: /"nobody" is to be waited for/ },
  { what: "no process at all", attendance: mayLeave("zero", 0), text: /0 processes of "zero" are awaited: at least 1/ },
])("to wait for $what is refused", async ({ attendance, text }) => {
  const server = await serverForTest();
  await expect(createWith(server, ONE, [attendance])).rejects.toMatchObject({
    reason: "SPEC_INVALID",
    message: expect.stringMatching(text),
  });
  await expect(
    server.connection.forfeitMatches({ id: "none", entrant: "zero", message: "", all: true }),
  ).rejects.toMatchObject({ reason: "TOURNAMENT_UNKNOWN" });
});

test("a watch of changes tells the whole at first, then what changed, and adds up to the tournament", async () => {
  const server = await serverForTest();
  const of = spec(["zero", "other"], { trials: 200 });
  const id = await createWith(server, of, []);
  const matches = new Map<string, unknown>();
  const sizes: number[] = [];
  const watching = (async () => {
    for await (const { tournament, change } of server.connection.watchTournament({ id, changesOnly: true })) {
      expect(tournament?.spec === undefined).toBe(change);
      if (!change) matches.clear();
      sizes.push(tournament?.matches.length ?? 0);
      for (const match of tournament?.matches ?? []) matches.set(`${match.taskId}/${match.entrant}`, match);
    }
  })();
  // One plays after the other, and the second plays no rivers.
  await serveMatches(server.connection, zeros("zero"), { entrant: "zero", tournamentId: id });
  await serveMatches(
    server.connection,
    { ...zeros("other"), tasks: ["bandit"] },
    { entrant: "other", tournamentId: id },
  );
  await watching;
  const { tournament } = await server.connection.getTournament({ id });
  expect([...matches.values()]).toEqual(tournament?.matches);
  expect(sizes[0]).toBe(4);
  expect(Math.min(...sizes)).toBeLessThan(3);
});
