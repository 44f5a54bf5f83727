/** What a reset ends, what it leaves as it is, and what the log has of it; and which envs a hold keeps as they are. */
import { expect, test } from "vitest";
import type { AgentMessage } from "#icrl/clients/typescript/play-stream.js";
import { type Rng, rngFromSeed } from "#icrl/common/rng.js";
import { trialSeeds } from "#icrl/common/seeds.js";
import {
  boolElements,
  boolTensor,
  float32Elements,
  float32Tensor,
  int32Elements,
  int32Tensor,
} from "#icrl/common/tensor.js";
import { type Observations, type Reset, ResetMode } from "#icrl/proto/gen/icrl/v1/environment.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import type { Env } from "#icrl/server/tasks/task.js";
import { handWork } from "../../support/hand-work.js";
import { actions, hello, open } from "../../support/raw-stream.js";
import { playing, sessionOn } from "../../support/session-on.js";

const { NEXT_EPISODE, NEXT_TRIAL, SEEDS, UNSPECIFIED } = ResetMode;

/** Two episodes of three steps. */
const RIVER = { task: "river-swim", options: { states: 4, horizon: 3, episodes: 2 } };

const reset = (stepIndex: number, envs: number[], members: Partial<Reset> = {}): AgentMessage => ({
  $case: "reset",
  value: { stepIndex: BigInt(stepIndex), envs, seeds: [], mode: UNSPECIFIED, ...members },
});

const flags = (tensor: Observations["truncated"]) => tensor && [...boolElements(tensor, "flags")];
const ints = (tensor: Observations["observation"]) => tensor && [...int32Elements(tensor, "states")];
const floats = (tensor: Observations["reward"]) => tensor && [...float32Elements(tensor, "rewards")];

const rowsOf = ({ sink }: ReturnType<typeof playing>) =>
  sink.appended.map(({ trialIndex, episodeIndex, length, endReason, regret }) => [
    Number(trialIndex),
    episodeIndex,
    length,
    endReason,
    regret !== undefined,
  ]);

test("the next episode begins in the listed envs, and the others stay as they are", () => {
  const play = playing({ ...RIVER, numEnvs: 3, trials: 3n });
  play.answer(actions(0, [1, 1, 1]));
  const before = play.answer(actions(1, [1, 1, 1]));
  const after = play.answer(reset(2, [2, 0]));
  expect(after.stepIndex).toBe(3n);
  expect(flags(after.truncated)).toEqual([1, 0, 1]);
  expect(after.terminated).toBeUndefined();
  expect(after.active).toBeUndefined();
  expect(floats(after.reward)).toEqual([0, 0, 0]);
  const [a, b, c] = ints(before.observation) as number[];
  expect(ints(after.observation)).toEqual([0, b, 0]); // an episode starts in state 0
  expect(ints(after.finalObservation)).toEqual([a, c]); // in the order of envs
  expect([after.trialStarts, after.trialEnds]).toEqual([[], []]);
  expect(rowsOf(play)).toEqual([
    [0, 0, 2, "AGENT_RESET", false],
    [2, 0, 2, "AGENT_RESET", false],
  ]);
  // Env 1 goes on with the last step of its first episode, the others have their second.
  const next = play.answer(actions(3, [1, 1, 1]));
  expect(flags(next.terminated)).toEqual([0, 1, 0]);
  expect(next.truncated).toBeUndefined();
  expect(rowsOf(play)[2]).toEqual([1, 0, 3, "horizon", true]);
});

test("a trial that was cut short has no regret, and is incomplete, however it goes on", () => {
  const play = playing({ ...RIVER, trials: 2n });
  play.answer(actions(0, [1]));
  play.answer(reset(1, [0]));
  let shown = play.first;
  for (let k = 2; k < 5; k++) shown = play.answer(actions(k, [0]));
  expect(flags(shown.terminated)).toEqual([1]);
  const trialReturn = floats(shown.reward)?.[0] as number;
  expect(shown.trialEnds).toMatchObject([
    { trialIndex: 0n, complete: false, regret: undefined, optimalValue: undefined },
  ]);
  expect(shown.trialEnds[0].trialReturn).toBeCloseTo(3 * trialReturn, 12);
  expect(shown.trialStarts).toMatchObject([{ trialIndex: 1n }]);
  expect(rowsOf(play)).toEqual([
    [0, 0, 1, "AGENT_RESET", false],
    [0, 1, 3, "horizon", true],
  ]);
  for (let k = 5; k < 11; k++) shown = play.answer(actions(k, [0]));
  expect(shown.trialEnds).toMatchObject([{ trialIndex: 1n, complete: true }]);
  play.sink.write();
});

test.each([
  [
    "the last episode's reset",
    3,
    UNSPECIFIED,
    [
      [0, 0, 3, "horizon", true],
      [0, 1, 1, "AGENT_RESET", false],
    ],
  ],
  ["the next trial", 0, NEXT_TRIAL, [[0, 0, 1, "AGENT_RESET", false]]],
  ["seeds", 0, SEEDS, [[0, 0, 1, "AGENT_RESET", false]]],
])("%s ends the trial, and the next begins in the same message", (_, steps, mode, rows) => {
  const play = playing({ ...RIVER, trials: 2n });
  for (let k = 0; k < steps; k++) play.answer(actions(k, [1]));
  const { reward } = play.answer(actions(steps, [0]));
  const given = { taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n };
  const seeds = mode === SEEDS ? [given] : [];
  const after = play.answer(reset(steps + 1, [0], { mode, seeds }));
  expect(flags(after.truncated)).toEqual([1]);
  expect(ints(after.finalObservation)).toHaveLength(1);
  const trialReturn = floats(reward)?.[0];
  expect(after.trialEnds).toEqual([{ env: 0, trialIndex: 0n, trialReturn, complete: false }]);
  const series = { purpose: "play", seed: 5n, taskId: "river-swim", entrant: "test-agent" } as const;
  const begun = mode === SEEDS ? given : trialSeeds(series, 1n);
  expect(after.trialStarts).toMatchObject([{ env: 0, trialIndex: 1n, ...begun }]);
  expect(rowsOf(play)).toEqual(rows);
  // None is left: the env goes inactive, and so does the session, also where there are seeds.
  play.answer(actions(steps + 2, [0]));
  const last = play.answer(reset(steps + 3, [0], { mode: mode === UNSPECIFIED ? NEXT_TRIAL : mode, seeds }));
  expect([flags(last.active), last.trialStarts]).toEqual([[0], []]);
  expect(last.trialEnds).toMatchObject([{ trialIndex: 1n, complete: false }]);
  expect(play.sink.appended.at(-1)).toMatchObject({ trialIndex: 1n, length: 1, ...begun });
});

test("at an episode's first step nothing is cut short, and nothing logged", () => {
  const play = playing({ ...RIVER, numEnvs: 2, trials: 4n });
  // The first episode of the trial: it stays, or the trial goes without a trace in the log.
  let shown = play.answer(reset(0, [0, 1], { mode: NEXT_EPISODE }));
  expect([shown.truncated, shown.finalObservation, shown.trialStarts, shown.trialEnds]).toEqual([
    undefined,
    undefined,
    [],
    [],
  ]);
  expect(floats(shown.reward)).toEqual([0, 0]);
  shown = play.answer(reset(1, [1], { mode: NEXT_TRIAL }));
  expect([shown.truncated, shown.finalObservation]).toEqual([undefined, undefined]);
  expect(shown.trialEnds).toEqual([{ env: 1, trialIndex: 1n, trialReturn: 0, complete: false }]);
  expect(shown.trialStarts).toMatchObject([{ env: 1, trialIndex: 2n }]);
  expect(play.sink.appended).toEqual([]);
  // A trial that left nothing has nothing to lose: it is durable with those before it.
  expect(shown.durableTrials).toBe(1n);
  // The second episode: it stays, or the trial is what it was.
  for (let k = 2; k < 5; k++) shown = play.answer(actions(k, [1, 1]));
  expect(flags(shown.terminated)).toEqual([1, 1]);
  shown = play.answer(reset(5, [0]));
  expect([shown.truncated, shown.trialEnds]).toEqual([undefined, []]);
  shown = play.answer(reset(6, [1], { mode: NEXT_TRIAL }));
  expect(shown.truncated).toBeUndefined();
  expect(shown.trialEnds).toMatchObject([{ env: 1, trialIndex: 2n, complete: false }]);
  expect(rowsOf(play)).toEqual([
    [0, 0, 3, "horizon", true],
    [2, 0, 3, "horizon", true],
  ]);
  expect(shown.durableTrials).toBe(1n); // its row is not yet
  play.sink.write();
  shown = play.answer(actions(7, [0, 0]));
  expect(shown.durableTrials).toBe(2n);
});

test("closed counts what was cut short", async () => {
  const play = playing({ ...RIVER, numEnvs: 2, trials: 3n });
  play.answer(actions(0, [0, 0]));
  play.answer(reset(1, [0, 1], { mode: NEXT_TRIAL }));
  play.answer(reset(2, [0], { mode: NEXT_TRIAL }));
  play.sink.write();
  await new Promise((resolve) => setImmediate(resolve));
  expect(play.said.at(-1)).toMatchObject({
    $case: "closed",
    value: { completeTrials: 0n, incompleteTrials: 3n, episodes: 2n, steps: 2n, durableTrials: 3n },
  });
  // Of the last answer a repeat is still answered.
  expect(play.ends).toEqual([]);
});

test("a repeated reset is answered by the same bytes, another one is a contradiction, and a late one is refused", () => {
  const of = (...messages: AgentMessage[]) => {
    const play = playing({ ...RIVER, numEnvs: 2, trials: 9n });
    play.answer(actions(0, [0, 0]));
    play.answer(reset(1, [1]));
    play.send(...messages);
    return { last: play.said.slice(4), error: play.ends[0] };
  };
  const { last, error } = of(reset(1, [1]));
  expect(error).toBeUndefined();
  expect(last).toHaveLength(2);
  expect(last[1]).toEqual(last[0]);
  expect(of(reset(1, [0])).error).toMatchObject({ reason: "STEP_CONFLICT" });
  expect(of(actions(1, [0, 0])).error).toMatchObject({ reason: "STEP_CONFLICT" });
  expect(of(reset(0, [1])).error).toMatchObject({ reason: "STEP_GONE" });
  expect(of(reset(3, [1])).error).toMatchObject({ reason: "STEP_GAP" });
});

test("a reset does not wait for the disk", () => {
  const play = playing({ ...RIVER, trials: 2n });
  play.answer(actions(0, [0]));
  expect(play.answer(reset(1, [0])).durableTrials).toBe(0n);
  expect(play.sink.durable).toBe(0);
});

const seed = { taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n };

test.each<[what: string, message: AgentMessage, text: RegExp]>([
  ["no env", reset(1, []), /reset names no env/],
  ["an env that is not there", reset(1, [0, 3]), /reset names env 3: give 0 to 2/],
  ["an env twice", reset(1, [0, 1, 0]), /reset names env 0: it is named twice/],
  ["an inactive env", reset(1, [2]), /reset names env 2: it is not active/],
  ["a mode that is none", reset(1, [0], { mode: 9 as ResetMode }), /reset has mode 9/],
  ["seeds in another mode", reset(1, [0], { seeds: [seed] }), /reset of 1 envs has 1 seeds: .* none in others/],
  [
    "no seeds where they are wanted",
    reset(1, [0, 1], { mode: SEEDS }),
    /reset of 2 envs has 0 seeds: give one for each/,
  ],
  ["too many seeds", reset(1, [0], { mode: SEEDS, seeds: [seed, seed] }), /reset of 1 envs has 2 seeds/],
])("a reset of %s is refused", (_, message, text) => {
  const play = playing({ ...RIVER, numEnvs: 3, trials: 2n });
  play.answer(actions(0, [0, 0, 0]));
  play.send(message);
  expect(play.ends).toMatchObject([{ reason: "RESET_INVALID", message: expect.stringMatching(text) }]);
  expect(play.sink.appended.map(({ endReason }) => endReason)).toEqual(["RESET_INVALID", "RESET_INVALID"]);
});

test("a reset before something is open, and one larger than its envs can want, are refused", () => {
  const idle = sessionOn(handWork().work);
  idle.send(hello(), reset(0, [0]));
  expect(idle.ends).toMatchObject([{ reason: "PROTOCOL_ORDER", message: expect.stringContaining("was ready") }]);
  const { work, turnAll } = handWork();
  const large = sessionOn(work);
  large.send(hello(), open());
  turnAll();
  large.send(reset(0, new Array(300).fill(0)));
  expect(large.ends).toMatchObject([{ reason: "MESSAGE_TOO_LARGE" }]);
});

const held = (stepIndex: number, chosen: number[], hold: number[]): AgentMessage => {
  const message = actions(stepIndex, chosen);
  if (message.$case !== "actions") throw new Error("no actions");
  return { $case: "actions", value: { ...message.value, hold: boolTensor(Uint8Array.from(hold), [hold.length]) } };
};

test("envs that are held take no step: nothing of them changes, and nothing is logged", () => {
  const play = playing({ ...RIVER, numEnvs: 3, trials: 3n });
  const before = play.answer(actions(0, [1, 1, 1]));
  // Neither the action nor the propensity of an env that is held means anything.
  const message = held(1, [1, 99, 1], [0, 1, 0]);
  if (message.$case === "actions") message.value.propensities = float32Tensor(Float32Array.of(1, 9, 1), [3]);
  const after = play.answer(message);
  expect(after.stepIndex).toBe(2n);
  expect(ints(after.observation)?.[1]).toBe(ints(before.observation)?.[1]);
  expect(floats(after.reward)?.[1]).toBe(0);
  const last = play.answer(actions(2, [1, 1, 1]));
  expect(flags(last.terminated)).toEqual([1, 0, 1]);
  expect(flags(play.answer(actions(3, [1, 1, 1])).terminated)).toEqual([0, 1, 0]);
  expect(play.sink.appended.map(({ envIndex, length }) => [envIndex, length])).toEqual([
    [0, 3],
    [2, 3],
    [1, 3],
  ]);
});

test("all envs may be held: the lock-steps are counted, and no step is taken", async () => {
  const play = playing({ ...RIVER, numEnvs: 2, trials: 3n });
  for (let k = 0; k < 10; k++) {
    const shown = play.answer(held(k, [0, 0], [1, 1]));
    expect([shown.stepIndex, ints(shown.observation), floats(shown.reward)]).toEqual([BigInt(k + 1), [0, 0], [0, 0]]);
  }
  // It is an answer like any other: the next is due in its time.
  play.clock.pass(999);
  play.answer(held(10, [0, 0], [1, 1]));
  play.send({ $case: "close", value: { reason: "" } });
  play.turnAll();
  await new Promise((resolve) => setImmediate(resolve));
  expect(play.said.at(-1)).toMatchObject({ $case: "closed", value: { episodes: 0n, steps: 0n, incompleteTrials: 2n } });
  const silent = playing({ ...RIVER, numEnvs: 2, trials: 3n });
  silent.answer(held(0, [0, 0], [1, 1]));
  silent.clock.pass(1000);
  expect(silent.ends).toMatchObject([{ reason: "ACT_TIMEOUT" }]);
});

test.each([
  ["bool [3]", held(0, [0, 0], [0, 0, 0])],
  ["int32", { ...actions(0, [0, 0]), hold: int32Tensor(Int32Array.of(0, 1), [2]) }],
  [
    "a byte that is no bool",
    { ...actions(0, [0, 0]), hold: { ...boolTensor(new Uint8Array(2), [2]), data: Buffer.of(0, 2) } },
  ],
])("a hold of %s is refused", (_, message) => {
  const play = playing({ ...RIVER, numEnvs: 2, trials: 3n });
  if ("hold" in message && message.$case === "actions") message.value.hold = message.hold;
  play.send(message as AgentMessage);
  expect(play.ends).toMatchObject([{ reason: "HOLD_INVALID" }]);
});

test("a match's trials are played to their ends: a reset is refused, and so is a hold", () => {
  for (const [message, text] of [
    [reset(1, [0]), `"reset" is for free play: here trials are played to their ends`],
    [held(1, [0], [1]), `"hold" is for free play: here every active env takes a step`],
  ] as const) {
    refusedInMatch(message, text);
  }
});

function refusedInMatch(message: AgentMessage, text: string): void {
  const { work, turnAll } = handWork();
  const { send, seats, ends, left } = sessionOn(work);
  send(hello({ entrant: "a", numEnvs: 1 }));
  const task = buildTask("bernoulli-bandit", { arms: 2, horizon: 5 });
  let taken = 0;
  seats[0].open({
    ...{ tournamentId: "t", matchId: "b/a", taskId: "b", task, agentOptions: {}, keepsTruncated: () => true },
    source: {
      remaining: 1n,
      take: () => (taken++ === 0 ? { trialIndex: 0n, seeds: seed } : undefined),
      stepped() {},
      done() {},
    },
  });
  turnAll();
  send(actions(0, [0]), message);
  expect(ends).toMatchObject([{ reason: "PROTOCOL_ORDER", message: text }]);
  expect(left).toMatchObject([["PROTOCOL_ORDER", expect.anything()]]);
}

/** Of which an instance takes about a dozen slices. */
const HEAVY = { task: "random-mdp", options: { states: 64, actions: 32, horizon: 20, episodes: 1 } };

test("a session that resets many envs of a large task at every step holds nobody up", () => {
  const { work, turn, turnAll } = handWork();
  const heavy = sessionOn(work);
  const other = sessionOn(work);
  heavy.send(hello(), open({ ...HEAVY, numEnvs: 4, trials: 10_000n }));
  turnAll();
  other.send(hello(), open({ trials: 1n, options: { arms: 2, horizon: 1000 } }));
  turnAll();
  const all = [0, 1, 2, 3];
  let answered = 0;
  for (let k = 0; k < 3; k++) {
    heavy.send(reset(k, all, { mode: k === 1 ? SEEDS : NEXT_TRIAL, seeds: k === 1 ? all.map(() => seed) : [] }));
    while (heavy.said.length === 3 + k) {
      turn();
      other.send(actions(answered, [0]));
      expect(other.said.length).toBe(4 + answered++); // at once
    }
  }
  // By hand: four instances of 13 slices, four a turn, three times.
  expect(answered).toBeGreaterThan(30);
  // No answer is due meanwhile, and who closes does not wait for the trials that were to begin.
  heavy.send(reset(3, all, { mode: NEXT_TRIAL }));
  heavy.clock.pass(5000);
  turn();
  heavy.send({ $case: "close", value: { reason: "" } });
  expect(turnAll()).toBeLessThan(5);
  expect(heavy.ends).toEqual([]);
});

/** An env of a session as its seeds and actions give it. */
interface Played {
  env: Env;
  trial: bigint;
  episode: number;
  steps: number;
  /** Whether no episode was cut short. */
  whole: boolean;
}

const CASES = [
  { task: "river-swim", options: { states: 4, horizon: 3, episodes: 3 } },
  { task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 4, arm_set: "fresh" } },
];

test.each(CASES)(
  "whatever is reset and held when, in $task: all is what seeds and actions give, in messages and log",
  (of) => {
    const rng: Rng = rngFromSeed(77n);
    const task = buildTask(of.task, of.options);
    const numEnvs = 5;
    const play = playing({ ...of, numEnvs, trials: 60n });
    const now: (Played | undefined)[] = new Array(numEnvs).fill(undefined);
    const rows: [trial: number, episode: number, length: number, complete: boolean][] = [];
    let ends = 0;
    let shown = play.first;
    /** What an env shows, [size]. */
    const shows = (env: Env) => (env.features === undefined ? [env.observation] : [...env.features]);
    const elements = (tensor: Observations["observation"]) =>
      tensor === undefined
        ? []
        : task.observationSpace.type === "discrete"
          ? (ints(tensor) ?? [])
          : (floats(tensor) ?? []);
    const size = task.observationSpace.type === "discrete" ? 1 : 6;
    for (let k = 0; ; k++) {
      for (const { env: n, trialIndex, taskSeed, noiseSeed } of shown.trialStarts) {
        expect(now[n]).toBeUndefined();
        const env = task.instantiate(taskSeed as bigint, noiseSeed as bigint);
        env.reset(0);
        now[n] = { env, trial: trialIndex, episode: 0, steps: 0, whole: true };
      }
      const expected = now.flatMap((at) => (at === undefined ? new Array<number>(size).fill(0) : shows(at.env)));
      expect(elements(shown.observation)).toEqual(expected);
      expect(flags(shown.active) ?? new Array(numEnvs).fill(1)).toEqual(now.map((at) => Number(at !== undefined)));
      if (now.every((at) => at === undefined)) break;
      const finals: number[] = [];
      const rewards = new Array<number>(numEnvs).fill(0);
      const [terminated, truncated] = [new Array<number>(numEnvs).fill(0), new Array<number>(numEnvs).fill(0)];
      const ended: [env: number, trial: bigint, complete: boolean][] = [];
      /** The episode in env n is over. */
      const end = (n: number, at: Played, isCut: boolean, wholeTrial: boolean) => {
        const begun = at.env.stepInEpisode > 0;
        if (begun) {
          finals.push(...shows(at.env));
          (isCut ? truncated : terminated)[n] = 1;
          rows.push([Number(at.trial), at.episode, at.env.stepInEpisode, !isCut]);
          if (isCut) at.whole = false;
        }
        if (wholeTrial || (begun && at.episode + 1 === task.episodes)) {
          ended.push([n, at.trial, at.whole && !wholeTrial]);
          now[n] = undefined;
        } else if (begun) at.env.reset(++at.episode);
      };
      if (rng.uniform() < 0.3) {
        const mode = [NEXT_EPISODE, NEXT_TRIAL, SEEDS][rng.integer(3)];
        const envs = now.flatMap((at, n) => (at !== undefined && rng.uniform() < 0.5 ? [n] : [])).reverse();
        if (envs.length === 0) envs.push(now.findIndex((at) => at !== undefined));
        const seeds = envs.map((n) => ({ taskSeed: BigInt(k), noiseSeed: BigInt(n), agentSeed: 1n }));
        shown = play.answer(reset(k, envs, { mode, seeds: mode === SEEDS ? seeds : [] }));
        for (const n of envs.sort()) end(n, now[n] as Played, true, mode !== NEXT_EPISODE);
        for (const start of shown.trialStarts) {
          if (mode === SEEDS) expect(start).toMatchObject({ taskSeed: BigInt(k), noiseSeed: BigInt(start.env) });
        }
      } else {
        const chosen = now.map(() => rng.integer(task.numActions));
        const hold = rng.uniform() < 0.5 ? now.map(() => rng.integer(2)) : undefined;
        shown = play.answer(hold === undefined ? actions(k, chosen) : held(k, chosen, hold));
        for (const [n, at] of now.entries()) {
          if (at === undefined || hold?.[n] === 1) continue;
          at.env.step(chosen[n]);
          rewards[n] = at.env.reward;
          if (at.env.terminated) end(n, at, false, false);
        }
      }
      expect(floats(shown.reward)).toEqual(rewards);
      expect(flags(shown.terminated) ?? new Array(numEnvs).fill(0)).toEqual(terminated);
      expect(flags(shown.truncated) ?? new Array(numEnvs).fill(0)).toEqual(truncated);
      expect(elements(shown.finalObservation)).toEqual(finals);
      expect(shown.trialEnds.map(({ env, trialIndex, complete }) => [env, trialIndex, complete])).toEqual(ended);
      for (const { complete, regret } of shown.trialEnds) expect(regret !== undefined).toBe(complete);
      ends += ended.length;
    }
    expect(ends).toBe(60);
    expect(rowsOf(play).map(([trial, episode, length, , known]) => [trial, episode, length, known])).toEqual(rows);
    expect(rows.filter(([, , , complete]) => !complete).length).toBeGreaterThan(10);
    expect(play.sink.appended.every(({ length }) => length > 0)).toBe(true);
  },
);
