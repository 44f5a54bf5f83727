/**
 * What a server that speaks icrl.v1 must show while a task is played from its first trial to its last: a play is recorded, and every
 * message of it is compared with what the protocol says, and with the task itself played from the same seeds.
 */
import { isDeepStrictEqual } from "node:util";
import type { Client } from "@grpc/grpc-js";
import { trialSeeds } from "../../common/seeds.js";
import {
  type Closed,
  GetTaskRequest,
  GetTaskResponse,
  type Observations,
  type Opened,
} from "../../proto/gen/icrl/v1/environment.js";
import { TaskDescription } from "../../proto/gen/icrl/v1/task.js";
import { DataType, type Tensor } from "../../proto/gen/icrl/v1/tensor.js";
import { describeTask } from "../../server/tasks/describe-task.js";
import { createOracle, type Oracle } from "../../server/tasks/oracle.js";
import type { Env, Task } from "../../server/tasks/task.js";
import { actions, hello, open, rawStream, rawUnary } from "./raw-stream.js";

const AGENT = "wire-conformance";
const SEED = 2n ** 63n + 5n;
const FIRST_TRIAL = 2n ** 53n + 1n;
/** Sent for envs that want no action: it must be ignored. */
const IGNORED = -77;

/** One answer of the server, and the actions that it answers. */
interface Exchange {
  /** [N], undefined before the first. */
  readonly sent: readonly number[] | undefined;
  readonly observations: Observations;
  /** Whether the same request, sent once more, got the same bytes again; undefined where it was not. */
  readonly sameAgain: boolean | undefined;
}

/** A play as it was recorded. */
export interface WirePlay {
  readonly task: Task;
  readonly numEnvs: number;
  readonly trials: number;
  readonly record: boolean;
  /** The task as GetTask describes it. */
  readonly described: TaskDescription | undefined;
  readonly opened: Opened | undefined;
  readonly exchanges: readonly Exchange[];
  readonly closed: Closed | undefined;
  /** What ended the recording early. */
  readonly broke: string | undefined;
}

/** How a task is played; more trials than envs by default, so that envs take others, and are left without one at different times. */
export interface WirePlayOptions {
  readonly numEnvs?: number;
  readonly trials?: number;
  readonly record?: boolean;
  /** The longest that all of it may take. */
  readonly patienceMs?: number;
}

/** Plays a task and keeps all that was said. */
export async function recordPlay(client: Client, task: Task, options: WirePlayOptions = {}): Promise<WirePlay> {
  const { numEnvs = 3, trials = 5, record = true, patienceMs = 20_000 } = options;
  const exchanges: Exchange[] = [];
  let described: TaskDescription | undefined;
  let opened: Opened | undefined;
  let closed: Closed | undefined;
  let broke: string | undefined;
  const stream = rawStream(client, { deadline: Date.now() + patienceMs });
  try {
    const request = GetTaskRequest.encode({ name: task.name, options: task.options }).finish();
    const answer = await rawUnary(client, "/icrl.v1.EnvironmentService/GetTask", Buffer.from(request));
    if (Buffer.isBuffer(answer)) described = GetTaskResponse.decode(answer).task;

    stream.send(hello({ agent: AGENT }));
    await stream.expect("welcome");
    const { name, options: taskOptions } = task;
    const asked = { task: name, options: taskOptions, numEnvs, trials: BigInt(trials), record };
    stream.send(open({ ...asked, seed: SEED, firstTrial: FIRST_TRIAL }));
    opened = await stream.expect("opened");
    exchanges.push({
      sent: undefined,
      observations: await stream.expect("observations"),
      sameAgain: undefined,
    });
    const most = trials * task.episodes * task.horizon; // one env after the other would take no more
    for (let k = 0; k <= most; k++) {
      const { active } = exchanges[k].observations;
      const wants = Array.from({ length: numEnvs }, (_, n) => (active === undefined ? 1 : active.data[n]));
      if (!wants.includes(1)) break;
      const sent = wants.map((flag, n) => (flag === 1 ? choice(k, n, task.numActions) : IGNORED));
      const bytes = stream.send(actions(k, sent));
      const first = await stream.next();
      if (first.message.$case === "closed") throw new Error("closed came while an env wanted an action");
      if (first.message.$case !== "observations") throw new Error(`${first.message.$case} came for actions`);
      const observations = first.message.value;
      const isLast = observations.active?.data.includes(1) === false;
      let sameAgain: boolean | undefined;
      if (k % 3 === 1 && !isLast) {
        stream.sendBytes(bytes);
        sameAgain = (await stream.next()).bytes.equals(first.bytes);
      }
      exchanges.push({ sent, observations, sameAgain });
    }
    closed = await stream.expect("closed");
    stream.send({ $case: "close", value: { reason: "" } });
    const { code } = await stream.ended;
    if (code !== 0) throw new Error(`close after closed ended the stream with code ${code}`);
  } catch (error) {
    broke = error instanceof Error ? error.message : String(error);
  } finally {
    stream.call.cancel();
  }
  return { task, numEnvs, trials, record, described, opened, exchanges, closed, broke };
}

/** Mostly the last action, so that a river is swum up; now and then another, not the same in all envs. */
const choice = (k: number, env: number, numActions: number): number =>
  (k + env) % 3 > 0 ? numActions - 1 : (k * 7 + env * 5) % numActions;

type Check = (holds: boolean, violation: string) => void;

/** The trial that runs in an env, as the task itself plays it. */
interface Running {
  readonly trialIndex: bigint;
  readonly env: Env;
  readonly oracle: Oracle;
  episode: number;
  /** Of the rewards that the server sent. */
  told: number;
  optimalValue: number;
  regret: number;
}

const BYTES: Partial<Record<DataType, number>> = { [DataType.FLOAT32]: 4, [DataType.INT32]: 4, [DataType.BOOL]: 1 };

/** A tensor's elements, or undefined when it is not of this type and shape. */
function elements(tensor: Tensor | undefined, dtype: DataType, shape: readonly number[]): number[] | undefined {
  if (tensor === undefined || tensor.dtype !== dtype || !isDeepStrictEqual(tensor.shape, [...shape])) return undefined;
  const size = BYTES[dtype] as number;
  const count = shape.reduce((product, length) => product * length, 1);
  if (tensor.data.length !== count * size) return undefined;
  return Array.from({ length: count }, (_, i) => {
    if (dtype === DataType.FLOAT32) return tensor.data.readFloatLE(i * size);
    return dtype === DataType.INT32 ? tensor.data.readInt32LE(i * size) : tensor.data[i];
  });
}

const near = (a: number | undefined, b: number): boolean =>
  a !== undefined && Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => Object.is(value, b[i]));

/** What is wrong with a play, each thing once; [] is a play as the protocol and the task say. */
export function playViolations(play: WirePlay): string[] {
  const violations = new Set<string>();
  const check: Check = (holds, violation) => {
    if (!holds) violations.add(violation);
  };
  if (play.broke !== undefined) violations.add(`the play broke off: ${play.broke}`);
  checkOpened(play, check);
  const watch = watchOf(play, check);
  for (const exchange of play.exchanges) {
    if (!take(watch, exchange)) break;
  }
  if (play.closed !== undefined) takeClosed(watch, play.closed);
  return [...violations];
}

function checkOpened({ task, numEnvs, trials, opened, described }: WirePlay, check: Check): void {
  if (opened === undefined) return;
  const expected = TaskDescription.decode(TaskDescription.encode(describeTask(task)).finish());
  check(isDeepStrictEqual(opened.task, expected), "opened does not describe the task that was asked for");
  check(isDeepStrictEqual(described, opened.task), "GetTask and opened describe one task in two ways");
  check(opened.numEnvs === numEnvs, "opened has another number of envs than was asked for");
  check(opened.trials === BigInt(trials), "opened has another number of trials than was asked for");
  check(
    opened.agentOptions === undefined && opened.tournamentId === undefined && opened.matchId === undefined,
    "opened speaks of a tournament in free play",
  );
}

/** A play whose messages are taken in order, with the task played beside them. */
interface Watch {
  readonly play: WirePlay;
  readonly check: Check;
  /** [N]; undefined where nobody plays. */
  readonly slots: (Running | undefined)[];
  /** Of one row of an observation. */
  readonly rowShape: readonly number[];
  episodes: bigint;
  steps: bigint;
  started: number;
  ended: number;
  durable: bigint;
  lockSteps: number;
}

function watchOf(play: WirePlay, check: Check): Watch {
  const { observationSpace: space } = play.task;
  return {
    play,
    check,
    slots: new Array<undefined>(play.numEnvs).fill(undefined),
    rowShape: space.type === "box" ? space.shape : [],
    episodes: 0n,
    steps: 0n,
    started: 0,
    ended: 0,
    durable: 0n,
    lockSteps: 0,
  };
}

/** What an env shows. */
const row = (env: Env): number[] => (env.features === undefined ? [env.observation] : [...env.features]);

/** Flags of the envs, [N]; `absent` for each where there is no tensor. */
function flags({ play, check }: Watch, tensor: Tensor | undefined, absent: number, what: string): number[] {
  const none = new Array<number>(play.numEnvs).fill(absent);
  if (tensor === undefined) return none;
  const found = elements(tensor, DataType.BOOL, [play.numEnvs]);
  check(found?.every((flag) => flag === 0 || flag === 1) === true, `${what} is not bool [N]`);
  return found ?? none;
}

/** The rows of some envs: what the space says, and what the task shows. */
function checkShown(
  { play, check, rowShape }: Watch,
  tensor: Tensor | undefined,
  rows: readonly number[][],
  what: string,
  wrong: string,
): void {
  const { observationSpace: space } = play.task;
  if (space.type === "none" || rows.length === 0) {
    check(tensor === undefined, `${what} is there though there is nothing to show`);
    return;
  }
  const dtype = space.type === "box" ? DataType.FLOAT32 : DataType.INT32;
  const found = elements(tensor, dtype, [rows.length, ...rowShape]);
  check(found !== undefined, `${what} is not of the observation space's type and shape`);
  if (found !== undefined) check(sameNumbers(found, rows.flat()), wrong);
}

/** A trial that ended, and where. */
interface EndedTrial {
  readonly env: number;
  readonly running: Running;
}

/** Steps the envs; the last rows of episodes that ended, and the trials that did. */
function step(watch: Watch, sent: readonly number[], observations: Observations) {
  const { play, check, slots } = watch;
  const rewards = elements(observations.reward, DataType.FLOAT32, [play.numEnvs]);
  check(rewards !== undefined, "reward is not float32 [N]");
  const terminated = flags(watch, observations.terminated, 0, "terminated");
  const truncated = flags(watch, observations.truncated, 0, "truncated");
  check(!truncated.includes(1), "an episode is called truncated that nobody cut short");
  if (observations.executedAction !== undefined) {
    const executed = elements(observations.executedAction, DataType.INT32, [play.numEnvs]);
    check(
      executed?.every((action, n) => slots[n] === undefined || action === sent[n]) === true,
      "another action was executed than was sent",
    );
  }
  const finalRows: number[][] = [];
  const endedTrials: EndedTrial[] = [];
  for (const [n, running] of slots.entries()) {
    if (running === undefined) {
      check(!rewards?.[n], "an env that took no action has a reward");
      check(terminated[n] === 0, "an env that took no action has an end");
      continue;
    }
    const { env, oracle } = running;
    oracle.judge(env.stepInEpisode, env.state, sent[n]);
    env.step(sent[n]);
    watch.steps += 1n;
    if (rewards !== undefined) {
      running.told += rewards[n];
      check(Object.is(rewards[n], env.reward), "a reward is not what the seeds and actions give");
    }
    running.regret += oracle.regret;
    check(terminated[n] === (env.terminated ? 1 : 0), "terminated is not what the task says");
    if (!env.terminated) continue;
    finalRows.push(row(env));
    watch.episodes += 1n;
    running.optimalValue += oracle.episodeValue;
    running.episode += 1;
    if (running.episode < play.task.episodes) {
      env.reset(running.episode);
      oracle.beginEpisode();
    } else {
      endedTrials.push({ env: n, running });
      slots[n] = undefined;
    }
  }
  return { finalRows, endedTrials };
}

function checkEnds(watch: Watch, observations: Observations, endedTrials: readonly EndedTrial[]): void {
  const { check } = watch;
  watch.ended += endedTrials.length;
  const told = observations.trialEnds.map(({ env, trialIndex }) => [env, trialIndex]);
  const expected = endedTrials.map(({ env, running }) => [env, running.trialIndex]);
  check(
    isDeepStrictEqual(told, expected),
    "trial_ends are not those of the trials that ended, once each and in env order",
  );
  for (const end of observations.trialEnds) {
    const running = endedTrials.find(({ env }) => env === end.env)?.running;
    if (running === undefined) continue;
    check(near(end.trialReturn, running.told), "a trial's return is not the sum of its rewards");
    check(near(end.optimalValue, running.optimalValue), "a trial's optimal value is not the task's");
    check(near(end.regret, running.regret), "a trial's regret is not the task's");
    check(end.complete, "a trial that came to its end is not complete");
  }
}

/** Free envs take the next trials, in env order. */
function start(watch: Watch, observations: Observations): void {
  const { check, slots } = watch;
  const { task, trials } = watch.play;
  const series = { purpose: "play", seed: SEED, taskId: task.name, entrant: AGENT } as const;
  const expected: { env: number; trialIndex: bigint }[] = [];
  for (let n = 0; n < slots.length && watch.started < trials; n++) {
    if (slots[n] !== undefined) continue;
    const trialIndex = FIRST_TRIAL + BigInt(watch.started);
    watch.started += 1;
    const { taskSeed, noiseSeed } = trialSeeds(series, trialIndex);
    const env = task.instantiate(taskSeed, noiseSeed);
    const oracle = createOracle(task, env);
    env.reset(0);
    oracle.beginEpisode();
    slots[n] = { trialIndex, env, oracle, episode: 0, told: 0, optimalValue: 0, regret: 0 };
    expected.push({ env: n, trialIndex });
  }
  const told = observations.trialStarts.map(({ env, trialIndex }) => ({ env, trialIndex }));
  check(isDeepStrictEqual(told, expected), "trial_starts are not those of the next trials, once each and in env order");
  for (const begin of observations.trialStarts) {
    const seeds = trialSeeds(series, begin.trialIndex);
    check(begin.agentSeed === seeds.agentSeed, "agent_seed is not derived as docs/seeds.md says");
    check(
      begin.taskSeed === seeds.taskSeed && begin.noiseSeed === seeds.noiseSeed,
      "task_seed and noise_seed are not derived as docs/seeds.md says",
    );
    const features = slots[begin.env]?.env.trialFeatures;
    if (features === undefined) {
      check(begin.trialFeatures === undefined, "trial_features are there though the task has none");
      continue;
    }
    const found = elements(begin.trialFeatures, DataType.FLOAT32, task.trialFeaturesShape);
    check(found !== undefined, "trial_features are not float32 of the shape the task says");
    if (found !== undefined) check(sameNumbers(found, [...features]), "trial_features are not the task's");
  }
}

/** Takes the next message. @returns whether the one after it can be followed */
function take(watch: Watch, { sent, observations, sameAgain }: Exchange): boolean {
  const { play, check, slots, rowShape } = watch;
  check(observations.stepIndex === BigInt(watch.lockSteps), "step_index does not count the lock-steps from 0");
  check(sameAgain !== false, "the same request was answered by other bytes");
  watch.lockSteps += 1;
  let finalRows: number[][] = [];
  if (sent === undefined) {
    check(observations.reward === undefined, "there is a reward before any action");
    check(
      observations.terminated === undefined && observations.truncated === undefined,
      "there is an end before any action",
    );
    checkEnds(watch, observations, []);
  } else {
    const misled = slots.some((slot, n) => slot !== undefined && sent[n] === IGNORED);
    check(!misled, "active is not true for exactly the envs that have a trial");
    if (misled) return false;
    const came = step(watch, sent, observations);
    finalRows = came.finalRows;
    checkEnds(watch, observations, came.endedTrials);
  }
  start(watch, observations);
  const active = flags(watch, observations.active, 1, "active");
  check(
    slots.every((slot, n) => active[n] === (slot === undefined ? 0 : 1)),
    "active is not true for exactly the envs that have a trial",
  );
  const zeros = new Array<number>(rowShape.reduce((product, length) => product * length, 1)).fill(0);
  checkShown(
    watch,
    observations.observation,
    slots.map((slot) => (slot === undefined ? zeros : row(slot.env))),
    "observation",
    "an observation is not what the seeds and actions give, or not zero where nobody plays",
  );
  checkShown(
    watch,
    observations.finalObservation,
    finalRows,
    "final_observation",
    "final_observation has not the last observation of each episode that ended",
  );
  check(observations.durableTrials >= watch.durable, "durable_trials falls");
  check(observations.durableTrials <= BigInt(watch.ended), "durable_trials has trials that have not ended");
  check(play.record || observations.durableTrials === 0n, "durable_trials counts trials that are not recorded");
  watch.durable = observations.durableTrials;
  return true;
}

function takeClosed({ play, check, slots, started, episodes, steps }: Watch, closed: Closed): void {
  const trials = BigInt(play.trials);
  check(
    slots.every((slot) => slot === undefined) && started === play.trials,
    "closed came before all trials were played",
  );
  check(
    closed.completeTrials === trials &&
      closed.incompleteTrials === 0n &&
      closed.episodes === episodes &&
      closed.steps === steps,
    "closed has other totals than what was played",
  );
  check(closed.durableTrials === (play.record ? trials : 0n), "closed came before all recorded trials were durable");
  check(!closed.finished, "closed says finished outside a tournament");
}
