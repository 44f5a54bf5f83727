/** Sequences over dm_env_rpc: what each step shows, held against the same trials over `icrl.v1`, and against the log. */
import { expect, onTestFinished, test } from "vitest";
import { float32Elements, int32Elements } from "#icrl/common/tensor.js";
import type { Observations, Open } from "#icrl/proto/gen/icrl/v1/environment.js";
import { BANDIT_UIDS, conversation, MDP_UIDS, type Seen } from "../../support/dm-env-rpc.js";
import { actions, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { readLog, serverForTest, verify } from "../../support/server.js";

const RIVER = { task: "river-swim", seed: 7, "option.states": 3, "option.horizon": 4, "option.episodes": 2 };
const LINEAR = { task: "linear-bandit", seed: 7, "option.dim": 2, "option.actions": 3, "option.horizon": 4 };

/** What the same agent is shown over a Play stream, that answers with these actions. */
async function played(address: string, open: Partial<Open>, taken: readonly number[]): Promise<Observations[]> {
  const client = rawClient(address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  const { observations } = await opened(stream, { seed: 7n, record: false, ...open }, { agent: "mine" });
  const all = [observations];
  for (const [i, action] of taken.entries()) {
    stream.send(actions(i, [action]));
    all.push(await stream.expect("observations"));
  }
  return all;
}

const first = (tensor: Observations["observation"]) => tensor && int32Elements(tensor, "x")[0];
const reward = (tensor: Observations["reward"]) => tensor && float32Elements(tensor, "x")[0];

test("a trial of a bandit runs from its features to its end, and the next one follows", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  const { specs } = await mine.enter(LINEAR, { agent: "mine" });
  // A bandit with fixed arms shows nothing between actions: it has no observation 1.
  expect([...(specs?.observations.keys() ?? [])]).toEqual(BANDIT_UIDS);
  const taken = [0, 1, 2, 0];
  const expected = await played(
    address,
    { task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 4 }, trials: 2n },
    taken,
  );
  const [start, next] = [expected[0].trialStarts[0], expected[4].trialStarts[0]];
  const features = (trial: typeof start) => [...float32Elements(trial.trialFeatures as never, "x")];
  const nothing = { 2: 0, 5: start.agentSeed, 6: 0, 7: false, 8: false, 9: Number.NaN, 10: Number.NaN };
  const shown = { ...nothing, 3: features(start), 4: 0n };
  const seen: Seen[] = [await mine.step(undefined, BANDIT_UIDS)];
  for (const action of taken) seen.push(await mine.step(action, BANDIT_UIDS));
  seen.push(await mine.step(undefined, BANDIT_UIDS));
  const [end] = expected[4].trialEnds;
  expect(seen).toEqual([
    { state: "RUNNING", observations: { ...shown, 7: true, 8: true } },
    ...[1, 2, 3].map((i) => ({ state: "RUNNING", observations: { ...shown, 2: reward(expected[i].reward) } })),
    {
      state: "TERMINATED",
      observations: { ...shown, 2: reward(expected[4].reward), 9: end.regret, 10: end.trialReturn },
    },
    {
      state: "RUNNING",
      observations: { ...nothing, 3: features(next), 4: 1n, 5: next.agentSeed, 7: true, 8: true },
    },
  ]);
});

test("a sequence that is a trial goes over its episodes, and ends with the last one", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  const { specs } = await mine.enter(RIVER, { agent: "mine" });
  expect([...(specs?.observations.keys() ?? [])]).toEqual(MDP_UIDS);
  const taken = [1, 1, 1, 1, 1, 1, 1, 1];
  const expected = await played(
    address,
    { task: "river-swim", options: { states: 3, horizon: 4, episodes: 2 } },
    taken,
  );
  const seen: Seen[] = [await mine.step(undefined, MDP_UIDS)];
  for (const action of taken) seen.push(await mine.step(action, MDP_UIDS));
  expect(seen.map(({ state }) => state)).toEqual([...Array(8).fill("RUNNING"), "TERMINATED"]);
  const column = (uid: number) => seen.map(({ observations }) => observations[uid]);
  // At the end of the first episode the second one's first state is shown; at the trial's end the last state.
  const states = expected.map(({ observation, trialEnds, finalObservation }) =>
    first(trialEnds.length > 0 ? finalObservation : observation),
  );
  expect(column(1)).toEqual(states);
  expect(states.at(-1)).not.toBe(first(expected[8].observation)); // else it proves nothing
  expect(column(2)).toEqual([0, ...expected.slice(1).map((one) => reward(one.reward))]);
  expect(column(6)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1]);
  expect(column(7)).toEqual([true, false, false, false, true, false, false, false, false]);
  expect(column(8)).toEqual([true, ...Array(8).fill(false)]);
  expect(column(9).slice(0, -1).every(Number.isNaN)).toBe(true);
  expect([seen[8].observations[9], seen[8].observations[10]]).toEqual([
    expected[8].trialEnds[0].regret,
    expected[8].trialEnds[0].trialReturn,
  ]);
});

test("a sequence that is an episode ends with each, and the trial goes on in the next", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  await mine.enter({ ...RIVER, sequence: "episode" }, { agent: "mine" });
  const taken = [1, 1, 1, 1, undefined, 1, 1, 1, 1, undefined];
  const expected = await played(
    address,
    { task: "river-swim", options: { states: 3, horizon: 4, episodes: 2 }, trials: 2n },
    taken.filter((action) => action !== undefined),
  );
  const seen: Seen[] = [await mine.step(undefined, MDP_UIDS)];
  for (const action of taken) seen.push(await mine.step(action, MDP_UIDS));
  const states = (ends: readonly number[]) =>
    Array.from({ length: 11 }, (_, i) => (ends.includes(i) ? "TERMINATED" : "RUNNING"));
  expect(seen.map(({ state }) => state)).toEqual(states([4, 9]));
  const column = (uid: number) => seen.map(({ observations }) => observations[uid]);
  const o = expected.map(({ observation }) => first(observation));
  const last = expected.map(({ finalObservation }) => first(finalObservation));
  expect([last[4], last[8]]).not.toEqual([o[4], o[8]]); // else it proves nothing
  expect(column(1)).toEqual([o[0], o[1], o[2], o[3], last[4], o[4], o[5], o[6], o[7], last[8], o[8]]);
  expect(column(2).map((value) => value === 0)).toEqual(
    [undefined, ...taken].map((action, i) => action === undefined || reward(expected[i < 5 ? i : i - 1].reward) === 0),
  );
  expect(column(4)).toEqual([...Array(10).fill(0n), 1n]);
  expect(column(6)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0]);
  expect(column(7)).toEqual([true, false, false, false, false, true, false, false, false, false, true]);
  expect(column(8)).toEqual([true, ...Array(9).fill(false), true]);
  // The trial is over with its second episode, and then alone.
  expect(column(10).map((value) => !Number.isNaN(value))).toEqual([...Array(9).fill(false), true, false]);
});

test("what is played is logged as any other play, and replays to the same rewards", async () => {
  const server = await serverForTest();
  const mine = conversation(server.address);
  await mine.enter(RIVER, { agent: "mine", agent_version: "3" });
  await mine.step(undefined);
  const rewards: unknown[] = [];
  for (const action of [1, 1, 0, 1, 1, 0, 1, 1]) rewards.push((await mine.step(action, [2n])).observations[2]);
  await mine.leave();
  await server.close();
  const rows = await readLog(server.dataDir);
  const all = { agent: "mine", agent_version: "3", language: "dm_env_rpc", task: "river-swim", purpose: "play" };
  const trial = { ...all, series_seed: 7n, trial_index: 0n, length: 4, complete: true };
  expect(rows).toMatchObject([
    { ...trial, episode_index: 0 },
    { ...trial, episode_index: 1 },
  ]);
  expect(rows.flatMap((row) => [...row.actions])).toEqual([1, 1, 0, 1, 1, 0, 1, 1]);
  expect(rows.flatMap((row) => [...row.rewards])).toEqual(rewards);
  expect(await verify(server.dataDir)).toMatchObject({ problems: [], episodes: 2, steps: 8 });
});

test("a world that is not recorded leaves nothing in the log", async () => {
  const server = await serverForTest();
  const mine = conversation(server.address);
  await mine.enter({ ...LINEAR, record: false });
  await mine.step(undefined);
  for (let i = 0; i < 4; i++) await mine.step(0);
  await mine.leave();
  await server.close();
  expect(await readLog(server.dataDir)).toEqual([]);
});

test("who comes back goes on with the next trial, and one that was not begun is not passed over", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  const { world } = await mine.enter(LINEAR);
  expect((await mine.step(undefined, [4n])).observations).toEqual({ 4: 0n });
  await mine.leave();
  for (const [trial, steps] of [
    [0n, 4],
    [1n, 2],
    [2n, 0],
    [2n, 0],
  ] as const) {
    await mine.join(world);
    expect((await mine.step(undefined, [4n])).observations).toEqual({ 4: trial });
    for (let i = 0; i < steps; i++) await mine.step(0);
    await mine.leave();
  }
});

test("agents in one world play each trial once between them", async () => {
  const { address } = await serverForTest();
  const [one, other] = [conversation(address), conversation(address)];
  const { world } = await one.enter({ ...LINEAR, "option.horizon": 1 });
  await other.join(world);
  const seen: unknown[] = [];
  for (const agent of [one, other]) {
    for (let trial = 0; trial < 101; trial++) {
      seen.push((await agent.step(undefined, [4n])).observations[4]);
      await agent.step(0);
    }
  }
  // A hundred trials at a time are an agent's.
  expect([seen[0], seen[99], seen[100], seen[101]]).toEqual([0n, 99n, 200n, 100n]);
  expect(new Set(seen).size).toBe(202);
});

test("a world has more trials than one open may have", async () => {
  const { address } = await serverForTest({ max_trials: 2 });
  const mine = conversation(address);
  await mine.enter(LINEAR);
  const seen: unknown[] = [];
  for (let trial = 0; trial < 7; trial++) {
    seen.push((await mine.step(undefined, [4n])).observations[4]);
    for (let i = 0; i < 4; i++) await mine.step(0);
  }
  expect(seen).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n]);
});

test("arms that are drawn anew are observed at every step, in the shape that the specs say", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  const { specs } = await mine.enter({ ...LINEAR, "option.arm_set": "fresh" });
  const spec = specs?.observations.get(1n);
  expect([spec?.shape, specs?.observations.has(3n)]).toEqual([[3, 2], false]);
  const first = (await mine.step(undefined, [1n])).observations[1] as number[];
  const second = (await mine.step(2, [1n])).observations[1] as number[];
  expect([first.length, second.length]).toEqual([6, 6]);
  expect(first).not.toEqual(second);
});
