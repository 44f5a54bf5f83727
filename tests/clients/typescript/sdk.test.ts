import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Connection, connect } from "#icrl/clients/typescript/connect.js";
import { defineAgent } from "#icrl/clients/typescript/define-agent.js";
import { ConnectionError } from "#icrl/clients/typescript/errors.js";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { makeEnv } from "#icrl/clients/typescript/vector-env.js";
import { meanAndStandardError, meanAndStandardErrorOfTrials } from "#icrl/common/mean-and-standard-error.js";
import { integer } from "#icrl/common/options.js";
import { startServe } from "../../e2e/run-icrl.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";
import { agentThat, BANDIT, create, LINEAR, RIVER, randomAgent, spec } from "../../support/tournament.js";

let server: TestServer;
let connection: Connection;
beforeAll(async () => {
  server = await startTestServer();
  connection = server.connection;
});
afterAll(() => server.dispose());

test("the gym-like loop plays all trials of a task: reset, step until done, close", async () => {
  const env = await makeEnv(connection, {
    task: RIVER.task,
    taskOptions: RIVER.options,
    numEnvs: 2,
    trials: 3,
    seed: 4,
  });
  expect(env.task).toMatchObject({ name: "river-swim", numActions: 2, horizon: 3, episodes: 4 });
  expect(env.numEnvs).toBe(2);
  let step = await env.reset();
  expect([...(step.observation as Int32Array)]).toEqual([0, 0]);
  expect([...step.reward]).toEqual([0, 0]);
  let steps = 0;
  let ended = 0;
  let started = step.trialStarts.length;
  let finals = 0;
  let reward = 0;
  let returned = 0;
  for (let index = 0; !step.done; index += 1) {
    steps += step.active.reduce((sum, flag) => sum + flag, 0);
    step = await env.step([index % 2, 1]);
    ended += step.terminated.reduce((sum, flag) => sum + flag, 0);
    started += step.trialStarts.length;
    finals += step.finalObservation?.length ?? 0;
    reward += step.reward.reduce((sum, value) => sum + value, 0);
    returned += step.trialEnds.reduce((sum, end) => sum + end.trialReturn, 0);
    expect([...step.truncated]).toEqual([0, 0]);
  }
  // by hand: three trials of four episodes of three steps
  expect([steps, ended, started, finals]).toEqual([36, 12, 3, 12]);
  expect(reward).toBeCloseTo(returned, 6);
  expect(() => env.step([0, 0])).toThrow("all trials are played: close the env");
  const totals = await env.close();
  expect(totals).toMatchObject({ completeTrials: 3n, steps: 36n, durableTrials: 3n });
  expect(totals.trialReturn.mean).toBeCloseTo(returned / 3, 6);
  expect(totals.regret).toEqual({ mean: expect.any(Number), se: expect.any(Number) });
});

test("the gym-like loop shows bandits as they are: nothing but rewards, fixed arms at the trial's start, fresh ones each step", async () => {
  const fixed = await makeEnv(connection, { task: LINEAR.task, taskOptions: LINEAR.options, trials: 1, record: false });
  const first = await fixed.reset();
  expect(first.observation).toBeUndefined();
  expect(first.trialStarts[0].trialFeatures?.shape).toEqual([3, 2]);
  await fixed.close();
  const taskOptions = { ...LINEAR.options, arm_set: "fresh" };
  const fresh = await makeEnv(connection, { task: LINEAR.task, taskOptions, numEnvs: 2, trials: 2, record: false });
  let step = await fresh.reset();
  expect(step.trialStarts[0].trialFeatures).toBeUndefined();
  const seen = new Set<string>();
  while (!step.done) {
    expect(step.observation).toBeInstanceOf(Float32Array);
    expect(step.observation?.length).toBe(2 * 3 * 2);
    seen.add(String(step.observation));
    step = await fresh.step([0, 1], [1, 0.5]);
  }
  expect(seen.size).toBe(5);
  await fresh.close();
});

test("the gym-like loop says what was done in the wrong order, or refused", async () => {
  const env = await makeEnv(connection, { task: BANDIT.task, taskOptions: BANDIT.options, record: false });
  expect(() => env.step([0])).toThrow("step came before reset");
  expect(() => env.reset({})).toThrow("a reset with options came before reset");
  await env.reset();
  await expect(env.step([3])).rejects.toMatchObject({ name: "IcrlError", reason: "ACTION_OUT_OF_RANGE" });
  await expect(env.step([0])).rejects.toMatchObject({ reason: "ACTION_OUT_OF_RANGE" }); // the session is over
  await expect(env.close()).rejects.toMatchObject({ reason: "ACTION_OUT_OF_RANGE" });
  await expect(makeEnv(connection, { task: "bernouli-bandit" })).rejects.toMatchObject({
    reason: "TASK_UNKNOWN",
    message: expect.stringContaining("bernoulli-bandit"),
  });
  const early = await makeEnv(connection, { task: BANDIT.task, taskOptions: BANDIT.options, trials: 4, numEnvs: 2 });
  await early.reset();
  await early.step([0, 0]);
  const none = { mean: null, se: null };
  const totals = { completeTrials: 0n, incompleteTrials: 2n, steps: 2n, regret: none, trialReturn: none };
  expect(await early.close()).toMatchObject(totals);
});

test("the gym-like loop ends episodes early and holds envs, in those that a mask names", async () => {
  const play = {
    task: RIVER.task,
    taskOptions: RIVER.options,
    numEnvs: 3,
    trials: 9,
    envSeeds: [1, 2n, 3],
    record: false,
  };
  const env = await makeEnv(connection, { ...play, actTimeoutMs: 60_000 });
  let step = await env.reset();
  expect(step.trialStarts.map(({ trialIndex }) => trialIndex)).toEqual([0n, 0n, 0n]);
  const before = await env.step([1, 1, 1], undefined, [false, true, false]);
  step = await env.reset({ mask: [0, 1, 1] });
  expect([...step.truncated]).toEqual([0, 0, 1]); // env 1 has yet to begin
  expect([...(step.finalObservation ?? [])]).toEqual([before.observation?.[2]]);
  expect([step.trialStarts, step.trialEnds]).toEqual([[], []]);
  step = await env.reset({ mask: [true, false, false], next: "trial" });
  expect(step.trialEnds).toMatchObject([{ env: 0, complete: false, regret: undefined }]);
  expect(step.trialStarts).toMatchObject([{ env: 0, trialIndex: 1n }]);
  const seeds = { taskSeed: 4n, noiseSeed: 5n, agentSeed: 6n };
  step = await env.reset({ mask: [0, 0, 1], seeds: [undefined, undefined, seeds] });
  expect(step.trialStarts).toMatchObject([{ env: 2, trialIndex: 1n, ...seeds }]);
  step = await env.reset(); // all of them, and none has begun
  expect([...step.truncated, ...step.reward]).toEqual([0, 0, 0, 0, 0, 0]);
  expect(await env.close()).toMatchObject({ completeTrials: 0n, incompleteTrials: 5n, episodes: 2n, steps: 2n });
});

test("errors are over instances where trials share them, in both ways to play", async () => {
  const play = { task: BANDIT.task, taskOptions: BANDIT.options, trials: 12, seed: 3, record: false, instances: 3 };
  const regrets: number[] = [];
  const totals = await playAgent(connection, randomAgent("shared"), {
    ...{ ...play, numEnvs: 4, streams: 2 },
    onTrialEnd: ({ trialIndex, regret }) => {
      regrets[Number(trialIndex)] = regret as number;
    },
  });
  expect(totals.regret).toEqual(meanAndStandardErrorOfTrials(regrets, (trial) => trial % 3));
  expect(totals.regret.se).not.toBeCloseTo(meanAndStandardError(regrets).se as number, 9);
  const env = await makeEnv(connection, { ...play, trials: 4, instances: 1 });
  let step = await env.reset();
  const [first] = step.trialStarts;
  while (!step.done) {
    step = await env.step([0]);
    for (const start of step.trialStarts) expect(start.taskSeed).toBe(first.taskSeed);
  }
  expect((await env.close()).regret.se).toBeNull(); // one instance tells of no other
});

test("the same is played whoever steps: the gym-like loop and an agent see the same rewards", async () => {
  const play = { task: RIVER.task, taskOptions: RIVER.options, trials: 2, seed: 12, record: false };
  const env = await makeEnv(connection, play);
  const byHand: number[] = [];
  let step = await env.reset();
  while (!step.done) {
    step = await env.step([1]);
    byHand.push(step.reward[0]);
  }
  await env.close();
  const byAgent: number[] = [];
  const right = agentThat("right", () => ({ act: () => 1, observe: ({ reward }) => void byAgent.push(reward) }));
  await playAgent(connection, right, play);
  expect(byAgent).toEqual(byHand);
  expect(byAgent.length).toBe(24);
});

test("an agent learns from each action what came of it, in its own trial and in order", async () => {
  const taskOptions = RIVER.options;
  const seen: string[][] = [];
  const watched = agentThat("watched", (trial, rng) => {
    expect(trial).toMatchObject({
      task: "river-swim",
      numActions: 2,
      numStates: 4,
      horizon: 3,
      episodes: 4,
      dim: 0,
      arms: undefined,
    });
    expect(trial.reward).toMatchObject({ kind: "deterministic", min: 0, max: 1 });
    const own: string[] = [];
    seen.push(own);
    return {
      act({ episode, step, state }) {
        own.push(`act ${episode} ${step} ${state}`);
        return rng.integer(2);
      },
      observe({ episode, step, state, nextState, terminated, truncated }) {
        expect(truncated).toBe(false);
        expect(terminated).toBe(step === 2);
        own.push(`saw ${episode} ${step} ${state} ${nextState}`);
      },
    };
  });
  const progress: number[] = [];
  const closed = await playAgent(connection, watched, {
    task: RIVER.task,
    taskOptions,
    trials: 5,
    numEnvs: 2,
    onProgress: ({ trials }) => progress.push(trials),
  });
  expect(closed.completeTrials).toBe(5n);
  expect(progress.at(-1)).toBe(5);
  expect(seen.length).toBe(5);
  for (const own of seen) {
    expect(own.length).toBe(2 * 12);
    for (let i = 0; i < own.length; i += 2) {
      const [, episode, step, state] = own[i].split(" ");
      expect([episode, step]).toEqual([String(Math.floor(i / 6)), String((i / 2) % 3)]);
      const [, , , from, to] = own[i + 1].split(" ");
      expect(from).toBe(state);
      if (step === "2") expect(own[i + 2]?.split(" ")[3] ?? "0").toBe("0");
      else expect(own[i + 2].split(" ")[3]).toBe(to);
    }
  }
});

test.each([
  ["an action above the range", 3],
  ["a negative action", -1],
  ["a fraction", 0.5],
  ["NaN", Number.NaN],
  ["nothing", undefined as unknown as number],
])("an agent that chooses %s is told so here, by name, before anything is sent", async (_, choice) => {
  const wrong = agentThat("wrong", () => ({ act: () => choice }));
  await expect(
    playAgent(connection, wrong, { task: BANDIT.task, taskOptions: BANDIT.options, record: false }),
  ).rejects.toMatchObject({
    name: "IcrlError",
    reason: "ACTION_OUT_OF_RANGE",
    message: `agent "wrong" chose ${choice}: an action is an integer in [0, 3)`,
  });
});

test("an agent's own error comes out as it is, from play and from learning", async () => {
  for (const policy of [
    { act: () => expect.unreachable("in act") },
    { act: () => 0, observe: () => expect.unreachable("in observe") },
  ]) {
    const throwing = agentThat("throwing", () => policy as never);
    await expect(playAgent(connection, throwing, { task: BANDIT.task })).rejects.toThrow(/in act|in observe/);
  }
  await expect.poll(async () => (await connection.getServerInfo()).openSessions).toBe(0);
});

test("an agent's options are resolved and checked before it plays", async () => {
  const given: unknown[] = [];
  const agent = defineAgent({
    name: "optional",
    version: "1",
    summary: "",
    source: "",
    tasks: ["bandit"],
    options: { patience: integer({ default: 3, min: 1, max: 9, help: "" }) },
    create(_, options) {
      given.push(options);
      return { act: () => 0 };
    },
  });
  const play = { task: BANDIT.task, taskOptions: BANDIT.options, record: false };
  await playAgent(connection, agent, play);
  await playAgent(connection, agent, { ...play, agentOptions: { patience: 5 } });
  expect(given).toEqual([{ patience: 3 }, { patience: 5 }]);
  await expect(playAgent(connection, agent, { ...play, agentOptions: { patience: 10 } })).rejects.toMatchObject({
    reason: "OPTION_INVALID",
  });
  await expect(playAgent(connection, agent, { ...play, agentOptions: { patiense: 1 } })).rejects.toMatchObject({
    reason: "OPTION_UNKNOWN",
    message: expect.stringContaining('did you mean "patience"'),
  });
  await expect(playAgent(connection, agent, { task: RIVER.task })).rejects.toMatchObject({
    reason: "TASK_UNSUPPORTED",
  });
});

test("an agent whose options the tournament does not give right forfeits that match and says why", async () => {
  const id = await create(connection, {
    ...spec([], { name: "wrong options", tasks: [BANDIT], trials: 2 }),
    agents: [{ name: "picky", agent: "picky", options: { depth: 3 }, tasks: [] }],
  });
  const failed: unknown[] = [];
  await serveMatches(connection, randomAgent("picky"), {
    entrant: "picky",
    tournamentId: id,
    streams: 1,
    onMatchFailed: (match, error) => failed.push([match, error]),
  });
  expect(failed).toMatchObject([["bandit/picky", { reason: "OPTION_UNKNOWN" }]]);
});

test("several streams share out the trials: each once, with as many envs as asked for in all", async () => {
  const trials: bigint[] = [];
  const closed = await playAgent(connection, randomAgent("streams"), {
    task: BANDIT.task,
    taskOptions: BANDIT.options,
    trials: 23,
    numEnvs: 7,
    streams: 3,
    firstTrial: 100,
    onTrialEnd: (end) => trials.push(end.trialIndex),
  });
  expect(closed).toMatchObject({ completeTrials: 23n, durableTrials: 23n, steps: BigInt(23 * 6) });
  expect(trials.sort((a, b) => Number(a - b))).toEqual(Array.from({ length: 23 }, (_, i) => BigInt(100 + i)));
});

test("when one of several streams fails, the others stop, and the first error is the one that is told", async () => {
  let policies = 0;
  const agent = agentThat("third-fails", () => {
    policies += 1;
    const broken = policies === 3;
    return { act: () => (broken ? 99 : 0) };
  });
  const play = {
    task: BANDIT.task,
    taskOptions: { horizon: 100_000 },
    numEnvs: 4,
    streams: 4,
    trials: 4,
    record: false,
  };
  await expect(playAgent(connection, agent, play)).rejects.toMatchObject({ reason: "ACTION_OUT_OF_RANGE" });
  await expect.poll(async () => (await connection.getServerInfo()).openSessions).toBe(0);
});

test("closing a connection ends the calls that are under way", async () => {
  const own = await connect(server.address);
  const env = await makeEnv(own, { task: BANDIT.task });
  await env.reset();
  const id = await create(connection, spec(["never-comes"], { name: "watched from afar", tasks: [BANDIT] }));
  const watch = own.watchTournament({ id })[Symbol.asyncIterator]();
  await watch.next();
  const next = watch.next();
  own.close();
  await expect(env.step([0])).rejects.toBeInstanceOf(ConnectionError);
  await expect(next).rejects.toBeInstanceOf(ConnectionError);
  await expect.poll(async () => (await connection.getServerInfo()).openSessions).toBe(0);
});

test("where no server is, connect says so", async () => {
  const nobody = createServer();
  nobody.listen(0, "127.0.0.1");
  await once(nobody, "listening");
  const { port } = nobody.address() as { port: number };
  await new Promise((resolve) => nobody.close(resolve));
  const error = await connect(`127.0.0.1:${port}`, 200).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ConnectionError);
  expect((error as Error).message).toContain(
    `no icrl server answers at 127.0.0.1:${port}: start one with "npx icrl serve"`,
  );
});

test("a server that is being started is waited for, and whoever asked is told so", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  await new Promise((resolve) => taken.close(resolve));
  let tell: (line: string) => void = () => {};
  const told = new Promise<string>((resolve) => (tell = resolve));
  const connecting = connect(`127.0.0.1:${port}`, 60_000, tell);
  expect(await told).toBe(`no server answers at 127.0.0.1:${port} yet: waiting up to 60 s for one`);
  const folder = tempDir();
  onTestFinished(() => folder.remove());
  const late = await startServe(folder.path, "--http", "off", "--listen", `127.0.0.1:${port}`);
  const connection = await connecting;
  expect((await connection.getServerInfo()).openSessions).toBe(0);
  connection.close();
  await late.stop();
});

test("what listens and is no gRPC server is not taken for one", async () => {
  const mute = createServer((socket) => socket.end("220 mail.example.com ESMTP\r\n").on("error", () => {}));
  mute.listen(0, "127.0.0.1");
  await once(mute, "listening");
  onTestFinished(() => void mute.close());
  const { port } = mute.address() as { port: number };
  await expect(connect(`127.0.0.1:${port}`, 300)).rejects.toBeInstanceOf(ConnectionError);
});

test("a server that goes away is a ConnectionError for who plays, serves or asks", async () => {
  const own = await startTestServer();
  // A session that could be resumed would wait for the server to be started again.
  const other = await connect(own.address, undefined, undefined, {}, { reconnect: false });
  onTestFinished(async () => {
    other.close();
    await own.dispose();
  });
  const env = await makeEnv(other, { task: BANDIT.task, taskOptions: BANDIT.options });
  await env.reset();
  await own.close(0);
  // Drained at once: the session is told why. What comes after finds nobody.
  await expect(env.step([0])).rejects.toMatchObject({ reason: "SERVER_DRAINING" });
  await expect(other.listTasks()).rejects.toBeInstanceOf(ConnectionError);
  await expect(playAgent(other, randomAgent("late"), { task: BANDIT.task })).rejects.toBeInstanceOf(ConnectionError);
  await expect(serveMatches(other, randomAgent("late"), { entrant: "late" })).rejects.toBeInstanceOf(ConnectionError);
});
