import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { queryObjects } from "node:v8";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { findAgent } from "#icrl/agents/registry.js";
import type { Outcome, Turn } from "#icrl/clients/typescript/define-agent.js";
import { labelDataset } from "#icrl/clients/typescript/label-dataset.js";
import type { AgentMessage, ServerMessage } from "#icrl/clients/typescript/play-stream.js";
import { introduce, openLabels } from "#icrl/clients/typescript/session.js";
import { boolTensor, float32Tensor, int32Tensor } from "#icrl/common/tensor.js";
import { labelFolder, labelHeadPath, readLabelHead } from "#icrl/datasets/folder/label-folder.js";
import { listShards } from "#icrl/datasets/log/log-folder.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import type { CollectionSpec } from "#icrl/proto/gen/icrl/v1/collection.js";
import { ResetMode } from "#icrl/proto/gen/icrl/v1/environment.js";
import type { Tensor } from "#icrl/proto/gen/icrl/v1/tensor.js";
import { dataRows, playCollection, SPEC } from "../../support/dataset.js";
import {
  copyForTest,
  counter,
  expertThat,
  gambler,
  labelBytes,
  labelShards,
  readLabels,
} from "../../support/labels.js";
import { actions, hello, open, rawClient, rawStream } from "../../support/raw-stream.js";
import { answerTo, resumingAgent } from "../../support/resuming.js";
import { serverForTest, startTestServer, type TestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";

// Three shards, each with trials of a bandit (4 actions, 12 steps) and of an MDP (2 actions, 4 episodes of 6 steps).
const temporary = tempDir();
const dataset = join(temporary.path, "played", "collecting");
let rows: TrajectoryRow[];
let server: TestServer;
beforeAll(async () => {
  await playCollection(join(temporary.path, "played"), SPEC);
  rows = await dataRows(dataset);
  server = await startTestServer({}, dataset);
});
afterAll(async () => {
  await server.dispose();
  temporary.remove();
});

/** Rows of each trial, in order. */
function trials(of: readonly TrajectoryRow[]): TrajectoryRow[][] {
  const byId = new Map<string, TrajectoryRow[]>();
  for (const row of of) byId.set(row.trial_id, [...(byId.get(row.trial_id) ?? []), row]);
  return [...byId.values()];
}

test("every row of every shard has labels, in the order of the data, and label.json says whose they are", async () => {
  expect(await labelDataset(server.connection, counter, { label: "rows" })).toEqual({
    // 20 trials of one episode of 12 steps; 20 of four episodes of six
    trials: 40,
    episodes: 100,
    steps: 20 * 12 + 20 * 4 * 6,
  });
  expect(labelShards(dataset, "rows")).toEqual(listShards(dataset).map(({ name }) => name));
  expect(labelShards(dataset, "rows").length).toBe(3);
  const labels = readLabels(dataset, "rows");
  expect(labels.map(({ episodeId }) => episodeId)).toEqual(rows.map((row) => row.episode_id));
  expect(labels.map(({ actions }) => actions.length)).toEqual(rows.map((row) => row.length));
  expect(readLabelHead(dataset, "rows")).toEqual({
    schema_version: 1,
    name: "rows",
    agent: "counter",
    agent_version: "1",
    agent_options: {},
  });
  // nothing but labels and label.json stays: no lock, nothing temporary
  expect(Object.keys(labelBytes(dataset, "rows"))).toEqual(["label.json", ...labelShards(dataset, "rows")]);
});

test("of labels that are made nothing stays in memory, whatever they are called", async () => {
  const threads = () => queryObjects(Worker, { format: "count" }); // collects garbage first
  await labelDataset(server.connection, counter, { label: "name-0" });
  const before = threads();
  for (let i = 1; i <= 8; i++) await labelDataset(server.connection, counter, { label: `name-${i}` });
  await expect.poll(threads, { interval: 200 }).toBeLessThan(before + 3);
});

test("a policy lives as long as its trial: an expert that counts its steps goes on counting over episodes", async () => {
  await labelDataset(server.connection, counter, { label: "memory" });
  const labels = new Map(readLabels(dataset, "memory").map((row) => [row.episodeId, row]));
  for (const trial of trials(rows)) {
    const actions = trial[0].task === "linear-bandit" ? 4 : 2;
    const said = trial.flatMap((row) => labels.get(row.episode_id)?.actions);
    expect(said).toEqual(Array.from(said, (_, k) => k % actions));
  }
});

test("an expert sees what was seen, and learns from what was done and what came of it", async () => {
  const turns = new Map<string, { turn: Turn; outcome?: Outcome }[]>();
  const witness = expertThat("witness", (trial, rng) => {
    const seen: { turn: Turn; outcome?: Outcome }[] = [];
    turns.set(String(rng.split("id").integer(2 ** 40)) + trial.task + turns.size, seen);
    return {
      act(turn) {
        seen.push({ turn: { ...turn } });
        return trial.numActions - 1;
      },
      observe(outcome) {
        seen[seen.length - 1].outcome = { ...outcome };
      },
    };
  });
  await labelDataset(server.connection, witness, { numEnvs: 5, streams: 1 });
  const expected = trials(rows).map((trial) =>
    trial.flatMap((row) =>
      Array.from(row.actions, (action, step) => ({
        action,
        episode: row.episode_index,
        step,
        reward: row.rewards[step],
        state: row.observations?.[step] ?? 0,
        nextState: row.observations?.[step + 1] ?? 0,
        terminated: step === row.length - 1,
        truncated: false,
      })),
    ),
  );
  const told = [...turns.values()].map((seen) =>
    seen.map(({ turn, outcome }) => {
      expect([outcome?.state, outcome?.episode, outcome?.step]).toEqual([turn.state, turn.episode, turn.step]);
      const { arms: _, ...rest } = outcome as Outcome;
      return rest;
    }),
  );
  const sorted = (list: readonly unknown[]) => list.map((trial) => JSON.stringify(trial)).sort();
  const ordered = expected.map((trial) =>
    trial.map(({ action, episode, step, reward, state, nextState, terminated, truncated }) => ({
      state,
      episode,
      step,
      action,
      reward,
      nextState,
      terminated,
      truncated,
    })),
  );
  expect(sorted(told)).toEqual(sorted(ordered));
});

test("a behaviour as expert says what it did, wherever that follows from what it saw", async () => {
  const folder = tempDir();
  onTestFinished(() => folder.remove());
  const spec: CollectionSpec = {
    name: "by lin-ucb",
    seed: 5n,
    tasks: [{ id: "e1", task: "linear-bandit", options: { dim: 3, actions: 5, horizon: 40 }, trials: 30 }],
    behaviours: [{ name: "lin-ucb", agent: "lin-ucb", options: {}, weight: 1 }],
  };
  await playCollection(folder.path, spec, 1);
  const dir = join(folder.path, "collecting");
  const { connection } = await serverForTest({}, dir);
  await labelDataset(connection, findAgent("lin-ucb"));
  const labels = readLabels(dir, "lin-ucb");
  const played = await dataRows(dir);
  expect(labels.length).toBe(30);
  // the first action is drawn, from another seed; all others follow from what came of those before
  for (const [i, { actions }] of labels.entries()) expect(actions.slice(1)).toEqual([...played[i].actions.slice(1)]);
  expect(labels.some(({ actions }, i) => actions[0] !== played[i].actions[0])).toBe(true);
  for (const { actions, probabilities } of labels) {
    expect(probabilities?.slice(0, 5)).toEqual(new Array(5).fill(Math.fround(1 / 5)));
    expect(probabilities?.slice(5)).toEqual(
      actions.slice(1).flatMap((action) => Array.from({ length: 5 }, (_, a) => (a === action ? 1 : 0))),
    );
  }
});

test("probabilities are kept where they are known at every step, those of a sure choice too", async () => {
  await labelDataset(server.connection, gambler, { label: "law" });
  for (const [i, { actions, probabilities }] of readLabels(dataset, "law").entries()) {
    const numActions = rows[i].task === "linear-bandit" ? 4 : 2;
    expect(probabilities).toEqual(new Array(actions.length * numActions).fill(1 / numActions));
  }
  await labelDataset(server.connection, counter, { label: "sure" });
  for (const [i, { actions, probabilities }] of readLabels(dataset, "sure").entries()) {
    const numActions = rows[i].task === "linear-bandit" ? 4 : 2;
    expect(probabilities).toEqual(actions.flatMap((a) => Array.from({ length: numActions }, (_, b) => +(a === b))));
  }
  const sometimes = expertThat("sometimes", ({ task }) => ({
    act: () => 0,
    probabilities: ({ step }, target) => {
      target.fill(task === "linear-bandit" && step === 7 ? Number.NaN : 1 / target.length);
    },
  }));
  await labelDataset(server.connection, sometimes);
  for (const [i, { probabilities }] of readLabels(dataset, "sometimes").entries()) {
    if (rows[i].task === "linear-bandit") expect(probabilities).toBeNull();
    else expect(probabilities).toEqual(new Array(2 * rows[i].length).fill(0.5));
  }
});

test("labels are the same, byte for byte, for any number of envs and sessions, in any run", async () => {
  const files: Record<string, string>[] = [];
  for (const [numEnvs, streams] of [
    [1024, 2],
    [1, 1],
    [3, 4],
  ]) {
    const copy = copyForTest(dataset);
    const { connection } = await serverForTest({}, copy);
    await labelDataset(connection, gambler, { numEnvs, streams });
    files.push(labelBytes(copy, "gambler"));
  }
  expect(files[1]).toEqual(files[0]);
  expect(files[2]).toEqual(files[0]);
  // another name is another seed
  const copy = copyForTest(dataset);
  const { connection } = await serverForTest({}, copy);
  await labelDataset(connection, gambler, { label: "other" });
  const names = labelShards(copy, "other");
  expect(names.some((name) => labelBytes(copy, "other")[name] !== files[0][name])).toBe(true);
});

test("an expert's seed comes from the label's name and the trial, and the truth stays on the server", async () => {
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  stream.send(hello());
  expect((await stream.expect("welcome")).capabilities).toContain("label");
  stream.send(open({ label: "seeds", numEnvs: 64 }));
  const opened = await stream.expect("opened");
  expect(opened).toMatchObject({ label: "seeds", wantProbabilities: true, trials: 40n });
  const { trialStarts } = await stream.expect("observations");
  const seedOf = (trialId: string) =>
    createHash("sha256").update(`["icrl.v1","label","seeds","${trialId}"]`).digest().readBigUInt64BE(0);
  const seeds = new Set(rows.map((row) => seedOf(row.trial_id)));
  expect(trialStarts.length).toBe(opened.numEnvs);
  expect(opened.numEnvs).toBe(10); // half of the 20 trials of a task, so that a second session can label beside this one
  for (const start of trialStarts) {
    expect(seeds.has(start.agentSeed)).toBe(true);
    expect([start.taskSeed, start.noiseSeed]).toEqual([undefined, undefined]);
  }
  stream.call.cancel();
  await stream.ended;
});

test("labels that are there are not made again, but for shards that are missing, broken or of other episodes", async () => {
  const copy = copyForTest(dataset);
  const { connection } = await serverForTest({}, copy);
  await labelDataset(connection, gambler);
  const whole = labelBytes(copy, "gambler");
  expect(await labelDataset(connection, gambler)).toEqual({ trials: 0, episodes: 0, steps: 0 });
  const [first, second, third] = labelShards(copy, "gambler");
  const path = (name: string) => join(labelFolder(copy, "gambler"), name);
  rmSync(path(first));
  writeFileSync(path(second), "PAR1 cut short");
  writeFileSync(path(third), Buffer.from(whole[first], "hex")); // well made, but not this shard's
  expect((await labelDataset(connection, gambler)).trials).toBe(40);
  expect(labelBytes(copy, "gambler")).toEqual(whole);
  rmSync(path(second));
  const shardTrials = new Set(
    rows.slice(Number(/\d+/.exec(second)?.[0]), Number(/\d+/.exec(third)?.[0])).map((row) => row.trial_id),
  ).size;
  expect((await labelDataset(connection, gambler)).trials).toBe(shardTrials);
  expect(labelBytes(copy, "gambler")).toEqual(whole);
});

test("one name has one expert, with one set of options", async () => {
  const copy = copyForTest(dataset);
  const { connection } = await serverForTest({}, copy);
  await labelDataset(connection, counter, { label: "mine" });
  await expect(labelDataset(connection, gambler, { label: "mine" })).rejects.toMatchObject({
    reason: "LABEL_CONFLICT",
    message: expect.stringContaining('labels "mine" have agent "counter", this expert "gambler"'),
  });
  const newer = { ...counter, version: "2" };
  await expect(labelDataset(connection, newer, { label: "mine" })).rejects.toMatchObject({ reason: "LABEL_CONFLICT" });
  const stream = connection.play();
  await introduce(stream, { agent: "counter", agentVersion: "1", agentOptions: { alpha: 1 } });
  await expect(openLabels(stream, "mine", 1)).rejects.toMatchObject({ reason: "LABEL_CONFLICT" });
});

test("an agent that does not play every task of the dataset is told which, and leaves nothing behind", async () => {
  const banditsOnly = expertThat("bandits-only", () => ({ act: () => 0 }), ["bandit"]);
  await expect(labelDataset(server.connection, banditsOnly)).rejects.toMatchObject({
    reason: "TASK_UNSUPPORTED",
    message: expect.stringContaining('"random-mdp"'),
  });
  expect(() => labelShards(dataset, "bandits-only")).toThrow(/ENOENT/);
});

test.each(["self", "optimal", "", "../elsewhere", "a b", ".hidden", "x".repeat(101)])(
  "labels cannot have the name %j",
  async (label) => {
    await expect(labelDataset(server.connection, counter, { label })).rejects.toMatchObject({ reason: "NAME_INVALID" });
  },
);

test("two servers do not make the same labels at once", async () => {
  const copy = copyForTest(dataset);
  const first = await serverForTest({}, copy);
  const stream = first.connection.play();
  await introduce(stream, { agent: "counter", agentVersion: "1" });
  expect(await openLabels(stream, "counter", 2)).toBeDefined();
  // a lock is held within a process as between processes
  const second = await serverForTest({}, copy);
  await expect(labelDataset(second.connection, counter)).rejects.toMatchObject({ reason: "LOG_LOCKED" });
  stream.cancel();
  await first.close();
  expect((await labelDataset(second.connection, counter)).trials).toBe(40);
});

test("a server without a dataset says so", async () => {
  const { connection } = await serverForTest();
  await expect(labelDataset(connection, counter)).rejects.toMatchObject({ reason: "NOT_IMPLEMENTED" });
});

const law = (values: readonly number[], shape: number[]) => float32Tensor(Float32Array.from(values), shape);
test.each([
  ["of another shape", (n: number) => law(new Array(n + 1).fill(1 / (n + 1)), [1, n + 1])],
  ["that are no matrix", (n: number) => law(new Array(n).fill(1 / n), [n])],
  ["of integers", (n: number) => int32Tensor(new Int32Array(n).fill(1, 0, 1), [1, n])],
  ["that do not sum to 1", (n: number) => law([0.9, ...new Array(n - 1).fill(0)], [1, n])],
  ["below 0", (n: number) => law([1.5, -0.5, ...new Array(n - 2).fill(0)], [1, n])],
  ["that are partly unknown", (n: number) => law([1, Number.NaN, ...new Array(n - 2).fill(0)], [1, n])],
  ["that are infinite", (n: number) => law([Number.POSITIVE_INFINITY, ...new Array(n - 1).fill(0)], [1, n])],
])("probabilities %s end that session alone, and its trials are labelled by others", async (_, wrong) => {
  const copy = copyForTest(dataset);
  const { address, connection } = await serverForTest({}, copy);
  const client = rawClient(address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  stream.send(hello({ agent: "counter" }));
  await stream.expect("welcome");
  stream.send(open({ label: "counter", numEnvs: 1 }));
  const numActions = (await stream.expect("opened")).task?.numActions ?? 0;
  await stream.expect("observations");
  const answer = (stepIndex: bigint, probabilities: Tensor) => {
    const actions = int32Tensor(Int32Array.of(0), [1]);
    stream.send({ $case: "actions", value: { stepIndex, actions, propensities: undefined, probabilities } });
  };
  answer(0n, law(new Array(numActions).fill(Number.NaN), [1, numActions])); // unknown: that is fine
  await stream.expect("observations");
  answer(1n, wrong(numActions));
  expect(await stream.ended).toMatchObject({ reason: "PROBABILITIES_INVALID", code: 3 });
  expect((await labelDataset(connection, counter)).trials).toBe(40);
});

test.each([
  ["a reset", reset, `"reset" is for free play: here trials are played to their ends`],
  ["a hold", hold, `"hold" is for free play: here every active env takes a step`],
])("%s ends that session alone, and the labels are those of one that was never there", async (_, asked, text) => {
  const [quiet, copy] = [copyForTest(dataset), copyForTest(dataset)];
  await labelDataset((await serverForTest({}, quiet)).connection, counter);
  const { address, connection } = await serverForTest({}, copy);
  const client = rawClient(address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  stream.send(hello({ agent: "counter", agentVersion: "1" }));
  await stream.expect("welcome");
  stream.send(open({ label: "counter", numEnvs: 2 }));
  const { numEnvs, task } = await stream.expect("opened");
  expect(numEnvs).toBe(2);
  await stream.expect("observations");
  let step = 0;
  for (let ended = 0; ended === 0; step += 1) {
    const counted = step % Number(task?.numActions);
    stream.send(actions(step, [counted, counted])); // as the counter: two trials are labelled
    ended = (await stream.expect("observations")).trialEnds.length;
  }
  stream.send(actions(step, [1, 1])); // two are begun, and not as by the counter: of them nothing is kept
  await stream.expect("observations");
  stream.send(asked(step + 1));
  expect(await stream.ended).toMatchObject({ code: 9, reason: "PROTOCOL_ORDER", text });
  expect((await labelDataset(connection, counter)).trials).toBe(38);
  const chosen = (dir: string) => readLabels(dir, "counter").map(({ episodeId, actions }) => [episodeId, actions]);
  expect(chosen(copy)).toEqual(chosen(quiet));
  // the two trials alone have no probabilities: this session told none
  const unknown = readLabels(copy, "counter").filter(({ probabilities }) => probabilities === null);
  expect(unknown.length).toBe(2 * Number(task?.episodes));
});

/** Ends the trial in env 0. */
function reset(stepIndex: number): AgentMessage {
  const mode = ResetMode.NEXT_TRIAL;
  return { $case: "reset", value: { stepIndex: BigInt(stepIndex), envs: [0], seeds: [], mode } };
}

/** Holds both envs. */
function hold(stepIndex: number): AgentMessage {
  const message = actions(stepIndex, [0, 0]);
  if (message.$case === "actions") message.value.hold = boolTensor(Uint8Array.of(1, 1), [2]);
  return message;
}

test("labels that cannot be written end the session with LOG_UNWRITABLE; once they can be, labelling goes on", async () => {
  const done = copyForTest(dataset);
  await labelDataset((await serverForTest({}, done)).connection, gambler);
  const copy = copyForTest(dataset);
  const { connection } = await serverForTest({}, copy);
  const [{ name }] = listShards(copy);
  const inTheWay = join(labelFolder(copy, "gambler"), name);
  mkdirSync(join(inTheWay, "something"), { recursive: true });
  // Nobody knows whose that is, until it is the folder of these labels.
  await expect(labelDataset(connection, gambler)).rejects.toMatchObject({ reason: "OUTPUT_EXISTS" });
  cpSync(labelHeadPath(done, "gambler"), labelHeadPath(copy, "gambler"));
  await expect(labelDataset(connection, gambler)).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
  rmSync(inTheWay, { recursive: true });
  await labelDataset(connection, gambler);
  expect(readLabels(copy, "gambler").length).toBe(100);
});

test("labels are made in the dataset, and not where a link leads", async () => {
  const elsewhere = tempDir();
  onTestFinished(() => elsewhere.remove());
  for (const place of ["labels", "labels/gambler"]) {
    const copy = copyForTest(dataset);
    const { connection } = await serverForTest({}, copy);
    rmSync(join(copy, place), { recursive: true, force: true });
    mkdirSync(dirname(join(copy, place)), { recursive: true });
    symlinkSync(elsewhere.path, join(copy, place));
    await expect(labelDataset(connection, gambler)).rejects.toMatchObject({ reason: "DATASET_CORRUPT" });
    expect(readdirSync(elsewhere.path)).toEqual([]);
  }
});

test("a shard that is cut short is DATASET_CORRUPT", async () => {
  const copy = copyForTest(dataset);
  const { connection } = await serverForTest({}, copy);
  writeFileSync(listShards(copy)[1].path, "PAR1 cut short");
  await expect(labelDataset(connection, counter)).rejects.toMatchObject({ reason: "DATASET_CORRUPT" });
});

/** What answers a message with labels that follow from what is seen alone: which trial comes to which env is a matter of when shards are read. */
function labelsOfSeen(message: ServerMessage, numEnvs: number, numActions: number): AgentMessage | undefined {
  const answer = answerTo(message, numEnvs, numActions);
  if (answer === undefined || message.$case !== "observations") return answer;
  const { stepIndex, observation } = message.value;
  const seen: Uint8Array = observation?.data ?? new Uint8Array();
  const bytes = seen.length / numEnvs;
  const labels = Array.from({ length: numEnvs }, (_, env) =>
    seen.subarray(env * bytes, (env + 1) * bytes).reduce((sum, byte) => (sum + byte) % numActions, 0),
  );
  return actions(stepIndex, labels);
}

test("labels of a session that is lost again and again are byte for byte those of one that never is", async () => {
  const [quiet, shaky] = [copyForTest(dataset), copyForTest(dataset)];
  let cuts = 0;
  for (const [dir, every] of [
    [quiet, Number.POSITIVE_INFINITY],
    [shaky, 4],
  ] as const) {
    const client = rawClient((await serverForTest({}, dir)).address);
    onTestFinished(() => client.close());
    const agent = await resumingAgent(client, { agent: "lost" });
    for (let finished = false, n = 0; !finished; ) {
      agent.send(open({ label: "lost", numEnvs: 3 }));
      let opened = { numEnvs: 0, numActions: 0 };
      for (let over = false; !over; n += 1) {
        if (n % every === 0 && n > 0) {
          agent.cut();
          cuts += 1;
          await agent.resume();
        }
        const message = await agent.next();
        if (message.$case === "opened") {
          opened = { numEnvs: message.value.numEnvs, numActions: message.value.task?.numActions ?? 0 };
        }
        const answer = labelsOfSeen(message, opened.numEnvs, opened.numActions);
        if (answer !== undefined) agent.send(answer);
        over = message.$case === "closed";
        finished = message.$case === "closed" && message.value.finished;
      }
    }
  }
  expect(cuts).toBeGreaterThan(30);
  expect(labelBytes(shaky, "lost")).toEqual(labelBytes(quiet, "lost"));
  expect(readLabels(shaky, "lost").length).toBe(100);
});

test("a session that labels outlives its server: what it was labelling is opened anew", async () => {
  const stopped = copyForTest(dataset);
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  const first = await startTestServer({}, stopped, undefined, { path: dir.path, remove() {} });
  const client = rawClient(first.address);
  onTestFinished(() => client.close());
  const agent = await resumingAgent(client, { agent: "counter", agentVersion: "1" });
  agent.send(open({ label: "counter", numEnvs: 3 }));
  for (let n = 0; n < 20; ) {
    const message = await agent.next();
    const answer = message.$case === "observations" ? answerTo(message, 3, 2) : undefined;
    if (answer === undefined) continue;
    n += 1;
    agent.send(answer);
  }
  await first.dispose();
  const second = await startTestServer({}, stopped, undefined, dir);
  onTestFinished(() => second.dispose());
  const again = rawClient(second.address);
  onTestFinished(() => again.close());
  const stream = rawStream(again);
  const received = BigInt(agent.got.length);
  stream.send({ $case: "resume", value: { resumeToken: agent.welcome.resumeToken, received } });
  expect((await stream.expect("welcome")).restarted).toBe(true);
  expect((await stream.expect("opened")).label).toBe("counter");
  stream.call.end(); // it need not go on itself
  await stream.ended;
  await labelDataset(second.connection, counter, { label: "counter" });
  expect(readLabels(stopped, "counter").length).toBe(100);
});
