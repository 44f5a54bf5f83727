import type { Client } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boolElements, float32Elements, int32Elements } from "#icrl/common/tensor.js";
import { type Observations, PlayResponse } from "#icrl/proto/gen/icrl/v1/environment.js";
import { newCounters } from "#icrl/server/sessions/counters.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import { createMemoryBudget } from "#icrl/server/sessions/memory-budget.js";
import { openSessions } from "#icrl/server/sessions/open-sessions.js";
import { createSession } from "#icrl/server/sessions/session.js";
import type { SessionContext } from "#icrl/server/sessions/session-context.js";
import { createWorkQueue } from "#icrl/server/work/work-queue.js";
import { keptNowhere } from "../../support/kept-nowhere.js";
import { manualClock } from "../../support/manual-clock.js";
import { actions, encodeRequest, hello, open, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { readLog, serverForTest, startTestServer, type TestServer } from "../../support/server.js";

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer();
  client = rawClient(server.address);
});
afterAll(async () => {
  client.close();
  await server.dispose();
});

const states = (observations: Observations) => [...int32Elements(observations.observation as never, "observation")];
const flags = (tensor: Observations["active"], n: number, absent: number) =>
  tensor === undefined ? new Array<number>(n).fill(absent) : [...boolElements(tensor, "flags")];

test("ends are kept apart from beginnings: every message of a river-swim session says what the log says", async () => {
  const own = await serverForTest();
  const ownClient = rawClient(own.address);
  const stream = rawStream(ownClient);
  const envs = 3;
  const horizon = 4;
  const episodes = 3;
  const trials = 8;
  let { observations } = await opened(stream, {
    task: "river-swim",
    options: { states: 5, horizon, episodes },
    numEnvs: envs,
    trials: BigInt(trials),
    seed: 11n,
  });
  // What the messages alone tell, put together by trial and episode.
  interface Episode {
    trial: bigint;
    index: number;
    observations: number[];
    actions: number[];
    rewards: number[];
  }
  const done: Episode[] = [];
  const now: (Episode | undefined)[] = new Array(envs).fill(undefined);
  const returns = new Map<bigint, number>();
  const ends: { trial: bigint; trialReturn: number; regret: number }[] = [];
  let handOvers = 0;
  for (let step = 0; ; step += 1) {
    const shown = states(observations);
    const active = flags(observations.active, envs, 1);
    for (const { env, trialIndex } of observations.trialStarts) {
      expect(now[env]).toBeUndefined();
      now[env] = { trial: trialIndex, index: 0, observations: [], actions: [], rewards: [] };
      returns.set(trialIndex, 0);
      if (step > 0) handOvers += 1;
    }
    // An env without a trial is inactive, and shows zero.
    expect(active).toEqual(now.map((episode) => (episode === undefined ? 0 : 1)));
    for (const [env, episode] of now.entries()) {
      if (episode === undefined) expect(shown[env]).toBe(0);
      else if (episode.observations.length === 0) {
        expect(shown[env]).toBe(0); // every episode starts in state 0
        episode.observations.push(shown[env]);
      }
    }
    if (!active.includes(1)) break;
    // Right three times out of four: so that some episodes end elsewhere than where the next begins. 99 where nobody asks.
    const chosen = active.map((flag, env) => (flag === 0 ? 99 : Number((step + env) % 4 !== 0)));
    stream.send(actions(step, chosen));
    observations = await stream.expect("observations");
    const rewards = float32Elements(observations.reward as never, "reward");
    const terminated = flags(observations.terminated, envs, 0);
    expect(observations.truncated).toBeUndefined();
    const finals =
      observations.finalObservation === undefined ? [] : [...int32Elements(observations.finalObservation, "final")];
    expect(finals.length).toBe(terminated.filter((flag) => flag === 1).length);
    for (let env = 0; env < envs; env += 1) {
      const episode = now[env];
      if (episode === undefined) {
        expect([rewards[env], terminated[env]]).toEqual([0, 0]);
        continue;
      }
      episode.actions.push(chosen[env]);
      episode.rewards.push(rewards[env]);
      returns.set(episode.trial, (returns.get(episode.trial) as number) + rewards[env]);
      const over = episode.actions.length === horizon;
      expect(terminated[env]).toBe(over ? 1 : 0);
      // The last observation is the episode's own; what `observation` shows then is already the next one's first.
      episode.observations.push(over ? (finals.shift() as number) : states(observations)[env]);
      if (!over) continue;
      done.push(episode);
      const last = episode.index + 1 === episodes;
      expect(observations.trialEnds.some((end) => end.env === env)).toBe(last);
      now[env] = last
        ? undefined
        : { trial: episode.trial, index: episode.index + 1, observations: [], actions: [], rewards: [] };
    }
    for (const end of observations.trialEnds) {
      expect(end.complete).toBe(true);
      expect(end.trialReturn).toBeCloseTo(returns.get(end.trialIndex) as number, 12);
      ends.push({ trial: end.trialIndex, trialReturn: end.trialReturn, regret: end.regret as number });
    }
  }
  expect(await stream.expect("closed")).toMatchObject({
    completeTrials: 8n,
    episodes: 24n,
    steps: 96n,
    durableTrials: 8n,
  });
  expect(handOvers).toBe(trials - envs);
  expect(done.some((episode) => episode.observations.at(-1) !== 0)).toBe(true);
  stream.call.end();
  await stream.ended;
  ownClient.close();
  await own.close();

  const rows = await readLog(own.dataDir);
  expect(rows.length).toBe(done.length);
  for (const episode of done) {
    const row = rows.find((one) => one.trial_index === episode.trial && one.episode_index === episode.index);
    expect(row).toMatchObject({
      complete: true,
      terminated: true,
      truncated: false,
      end_reason: "horizon",
      length: horizon,
    });
    expect([...(row?.observations ?? [])]).toEqual(episode.observations);
    expect([...(row?.actions ?? [])]).toEqual(episode.actions);
    expect([...(row?.rewards ?? [])]).toEqual(episode.rewards);
  }
  for (const { trial, regret } of ends) {
    const own = rows.filter((row) => row.trial_index === trial);
    expect(own.reduce((sum, row) => sum + (row.regret as number), 0)).toBeCloseTo(regret, 12);
  }
});

test("the entry of an inactive env is ignored, but must be there", async () => {
  const stream = rawStream(client);
  const { observations } = await opened(stream, { numEnvs: 2, trials: 1n, record: false });
  expect(flags(observations.active, 2, 1)).toEqual([1, 0]);
  for (let step = 0; step < 4; step += 1) {
    stream.send(actions(step, [step % 3, -1234]));
    await stream.expect("observations");
  }
  expect(await stream.expect("closed")).toMatchObject({ completeTrials: 1n, steps: 4n });
  stream.call.cancel();
});

test("durable_trials never falls, lags behind the ends, and reaches all of them in closed", async () => {
  const stream = rawStream(client);
  let { observations } = await opened(stream, { numEnvs: 4, trials: 200n, options: { arms: 2, horizon: 5 } });
  let ended = 0n;
  let durable = 0n;
  for (let step = 0; (observations.active?.data ?? [1]).includes(1); step += 1) {
    stream.send(actions(step, [0, 1, 0, 1]));
    observations = await stream.expect("observations");
    ended += BigInt(observations.trialEnds.length);
    expect(observations.durableTrials).toBeGreaterThanOrEqual(durable);
    expect(observations.durableTrials).toBeLessThanOrEqual(ended);
    durable = observations.durableTrials;
  }
  expect(ended).toBe(200n);
  expect(await stream.expect("closed")).toMatchObject({ completeTrials: 200n, durableTrials: 200n });
  stream.call.cancel();
});

test("a session opens one task after the other, and ends well with close", async () => {
  const stream = rawStream(client);
  stream.send(hello());
  await stream.expect("welcome");
  for (const trials of [1n, 2n]) {
    stream.send(open({ trials }));
    await stream.expect("opened");
    await stream.expect("observations");
    for (let step = 0; step < 4 * Number(trials); step += 1) {
      stream.send(actions(step, [0]));
      await stream.expect("observations");
    }
    expect(await stream.expect("closed")).toMatchObject({ completeTrials: trials, durableTrials: trials });
  }
  stream.send({ $case: "close", value: { reason: "" } });
  expect(await stream.ended).toMatchObject({ code: 0, reason: undefined });
});

test("close while playing logs what was begun as truncated, and counts only what was begun", async () => {
  const own = await serverForTest();
  const ownClient = rawClient(own.address);
  const stream = rawStream(ownClient);
  await opened(stream, { numEnvs: 2, trials: 10n });
  for (let step = 0; step < 6; step += 1) {
    stream.send(actions(step, [0, 1]));
    await stream.expect("observations");
  }
  stream.send({ $case: "close", value: { reason: "" } });
  const closed = await stream.expect("closed");
  expect(closed).toMatchObject({
    completeTrials: 2n,
    incompleteTrials: 2n,
    episodes: 4n,
    steps: 12n,
    durableTrials: 4n,
  });
  ownClient.close();
  await own.close();
  const ends = (await readLog(own.dataDir)).map((row) => [
    row.end_reason,
    row.complete,
    row.length,
    row.regret === null,
  ]);
  expect(ends).toEqual([
    ["horizon", true, 4, false],
    ["horizon", true, 4, false],
    ["AGENT_CLOSED", false, 2, true],
    ["AGENT_CLOSED", false, 2, true],
  ]);
});

test("an agent that ends its stream with its last actions still gets closed, and the end of the stream", async () => {
  const stream = rawStream(client);
  await opened(stream);
  for (let step = 0; step < 4; step += 1) {
    stream.send(actions(step, [0]));
    if (step === 3) stream.call.end();
    await stream.expect("observations");
  }
  expect(await stream.expect("closed")).toMatchObject({ completeTrials: 1n, durableTrials: 1n });
  expect((await stream.ended).code).toBe(0);
  expect((await server.connection.getServerInfo()).openSessions).toBe(0);
});

test("an agent that ends its stream while playing has left", async () => {
  const stream = rawStream(client);
  const { welcome } = await opened(stream);
  stream.send(actions(0, [0]));
  await stream.expect("observations");
  stream.call.end();
  expect((await stream.ended).code).toBe(0);
  const { trajectories } = await server.connection.listTrajectories({
    filter: { sessionId: welcome.sessionId },
    pageSize: 0,
    pageToken: "",
  });
  expect(trajectories).toMatchObject([{ length: 1, complete: false, endReason: "AGENT_CLOSED", regret: undefined }]);
});

test("explicit seeds are the trial's seeds", async () => {
  const stream = rawStream(client);
  const seeds = { taskSeed: (1n << 64n) - 1n, noiseSeed: 2n, agentSeed: 3n };
  const { observations } = await opened(stream, { explicitSeeds: [seeds], record: false });
  expect(observations.trialStarts).toMatchObject([seeds]);
  stream.call.cancel();
});

test("actions that come while the last answer waits for a slow disk are no answer to it", async () => {
  // A disk that takes nothing until it is told to: the one thing that no test can ask of a real one.
  let write = () => {};
  const written = new Promise<void>((resolve) => (write = resolve));
  const sink: SessionContext["sink"] = {
    durable: 0,
    end: 0,
    episodes: 0,
    writable: true,
    failures: 0,
    backlogBytes: 1 << 30,
    tornBytes: 0,
    hasLost: () => false,
    append: () => 1,
    whenDurable: () => written,
    probe: async () => true,
    mustHold() {},
    seal: async () => {},
    close: async () => {},
  };
  const run = (act: (send: (bytes: Buffer) => void) => void, backlogBytes = 1 << 30) => {
    const said: PlayResponse["message"][] = [];
    let error: unknown;
    const session = createSession(
      {
        peer: "a test",
        whenFlushed: (then) => then(),
        send: (bytes) => said.push(PlayResponse.decode(bytes).message),
        end: (reason) => (error = reason),
      },
      {
        limits: resolveLimits(),
        sink: { ...sink, backlogBytes },
        lobby: { enter: () => expect.unreachable() },
        clock: manualClock(),
        counters: newCounters(),
        sessions: openSessions(100),
        kept: keptNowhere(),
        memory: createMemoryBudget(1 << 30),
        work: createWorkQueue({ clock: manualClock(), onError: () => expect.unreachable() }),
        tell: () => {},
      },
    );
    for (const message of [hello(), open({ trials: 2n, options: { arms: 2, horizon: 1 } })])
      session.receive(encodeRequest(message));
    act((bytes) => session.receive(bytes));
    return { said, error: () => error };
  };
  const first = encodeRequest(actions(0, [0]));
  const early = run((send) => {
    send(first);
    send(encodeRequest(actions(1, [0])));
  });
  expect(early.error()).toMatchObject({
    reason: "STEP_GAP",
    message:
      "step_index 1 has not been sent: wait for the observations of step_index 1, which come when the log's disk has caught up",
  });
  const afterTheLast = run((send) => {
    for (const step of [0, 1, 2]) send(encodeRequest(actions(step, [0])));
  }, 0);
  expect(afterTheLast.error()).toMatchObject({
    reason: "STEP_GAP",
    message: "step_index 2 is not asked for: nothing is left to play, wait for closed",
  });
  const patient = run((send) => {
    send(first);
    send(first); // asks again: no second answer
  });
  expect(patient.said.map((message) => message?.$case)).toEqual(["welcome", "opened", "observations"]);
  write();
  await new Promise((resolve) => setImmediate(resolve));
  expect(patient.said.map((message) => message?.$case)).toEqual(["welcome", "opened", "observations", "observations"]);
  expect(patient.error()).toBeUndefined();
});
