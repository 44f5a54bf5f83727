import { expect, test } from "vitest";
import type { TrialSeeds } from "#icrl/common/seeds.js";
import { runAtOnce } from "#icrl/common/slices.js";
import type { TrialResult, TrialSource } from "#icrl/server/matches/trial-source.js";
import { createPlay } from "#icrl/server/sessions/play.js";
import { playedDriver } from "#icrl/server/sessions/played-driver.js";
import { createOracle } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { createRecorder } from "#icrl/server/trajectories/recorder.js";
import type { RunInfo } from "#icrl/server/trajectories/sink.js";
import { handSink } from "../../support/hand-sink.js";
import { manualClock } from "../../support/manual-clock.js";

const seedsOf = (trial: number): TrialSeeds => ({
  taskSeed: BigInt(100 + trial),
  noiseSeed: BigInt(200 + trial),
  agentSeed: BigInt(300 + trial),
});

/** So many trials, and what came of them. */
function sourceOf(trials: number) {
  const results: TrialResult[] = [];
  let taken = 0;
  let stepped = 0;
  const source: TrialSource = {
    get remaining() {
      return BigInt(trials - taken);
    },
    take: () => (taken === trials ? undefined : { trialIndex: BigInt(taken), seeds: seedsOf(taken++) }),
    stepped(envs) {
      stepped += envs;
    },
    done: ({ curve, ...result }) => void results.push({ ...result, curve: curve.slice() }),
  };
  return { source, results, stepped: () => stepped };
}

/** A play of a task, with all that it touches. */
function playOf(
  name: string,
  options: Record<string, number>,
  numEnvs: number,
  trials: number,
  withholdTruth = false,
  { source, results, stepped } = sourceOf(trials),
) {
  const task = buildTask(name, options);
  const sink = handSink();
  const clock = manualClock();
  const run = { task: name, taskVersion: 1, taskOptionsJson: "{}", agent: "x", agentOptionsJson: "{}" } as RunInfo;
  const recorder = createRecorder(sink);
  const driver = playedDriver({
    task,
    numEnvs,
    source,
    run,
    recorder,
    withholdTruth,
    wantsProbabilities: false,
    clock,
  });
  return { task, sink, clock, results, stepped, driver, play: createPlay(driver) };
}

test("an env that has none left of its own series keeps none of the others from theirs", () => {
  const { source, ...rest } = sourceOf(4);
  const own: TrialSource = { ...source, take: (n) => (n === 1 ? undefined : source.take(n)) };
  const { play } = playOf("bernoulli-bandit", { arms: 2, horizon: 1 }, 3, 4, false, { ...rest, source: own });
  const shown = runAtOnce(play.start());
  expect([[...play.active], shown.trialStarts.map(({ env }) => env)]).toEqual([
    [1, 0, 1],
    [0, 2],
  ]);
  for (let step = 0; step < 2; step++) {
    expect(play.exhausted).toBe(false);
    runAtOnce(play.step({ actions: new Int32Array(3), agentMs: 0 }));
  }
  expect([play.exhausted, play.totals.completeTrials]).toEqual([true, 4]);
});

const RIVER = { states: 4, horizon: 3, episodes: 2 };

test("envs step, judge and record as the task alone does, and trials pass through them", () => {
  const { play, task, sink, clock, results, stepped } = playOf("river-swim", RIVER, 2, 3);
  let shown = runAtOnce(play.start());
  expect(shown).toMatchObject({ first: true, activeCount: 2, ended: 0, trialEnds: [] });
  expect(shown.trialStarts).toMatchObject([
    { env: 0, trialIndex: 0n, ...seedsOf(0) },
    { env: 1, trialIndex: 1n, ...seedsOf(1) },
  ]);
  const actions = Int32Array.of(1, 1);
  for (let step = 1; play.activeCount > 0; step++) {
    clock.pass(1);
    shown = runAtOnce(play.step({ actions, agentMs: 10 }));
    expect(shown.ended).toBe(step % 3 === 0 ? (step <= 6 ? 2 : 1) : 0);
    expect(shown.trialEnds.length).toBe(step === 6 ? 2 : step === 12 ? 1 : 0);
    expect([...shown.active]).toEqual(step < 6 ? [1, 1] : step < 12 ? [1, 0] : [0, 0]);
    if (step === 6) expect(shown.trialStarts).toMatchObject([{ env: 0, trialIndex: 2n }]);
    if (step > 6) expect([shown.states[1], shown.rewards[1], shown.terminated[1]]).toEqual([0, 0, 0]);
  }
  expect(play.totals).toEqual({ completeTrials: 3, incompleteTrials: 0, episodes: 6, steps: 18 });
  expect(stepped()).toBe(18);

  // The same by the task and the oracle themselves.
  for (const [i, trial] of [0, 1, 2].entries()) {
    const { taskSeed, noiseSeed } = seedsOf(trial);
    const env = task.instantiate(taskSeed, noiseSeed);
    const oracle = createOracle(task, env);
    const curve: number[] = [];
    let regret = 0;
    for (let episode = 0; episode < 2; episode++) {
      env.reset(episode);
      oracle.beginEpisode();
      const rewards: number[] = [];
      const observations = [env.observation];
      let ofEpisode = 0;
      while (!env.terminated) {
        oracle.judge(env.stepInEpisode, env.state, 1);
        env.step(1);
        rewards.push(env.reward);
        observations.push(env.observation);
        ofEpisode += oracle.regret;
      }
      regret += ofEpisode;
      curve.push(regret);
      const record = sink.appended.find((one) => one.trialIndex === BigInt(trial) && one.episodeIndex === episode);
      expect(record).toMatchObject({
        ...seedsOf(trial),
        envIndex: trial === 1 ? 1 : 0,
        length: 3,
        terminated: true,
        endReason: "horizon",
        regret: ofEpisode,
        optimalValue: oracle.episodeValue,
        agentMs: 30,
        startedAtMs: (trial === 2 ? 6 : 0) + 3 * episode,
        propensities: undefined,
      });
      expect([...(record?.rewards ?? [])]).toEqual(rewards);
      expect(record?.observations?.length).toBe(observations.length);
    }
    expect(results[i]).toMatchObject({ complete: true, steps: 6, regret });
    expect([...results[i].curve]).toEqual(curve);
  }
});

test("the last observation of an episode is apart from the first of the next", () => {
  const { play } = playOf("river-swim", RIVER, 1, 1);
  runAtOnce(play.start());
  const seen: number[] = [];
  const finals: number[] = [];
  while (play.activeCount > 0) {
    const shown = runAtOnce(play.step({ actions: Int32Array.of(1), agentMs: 0 }));
    seen.push(shown.states[0]);
    if (shown.ended === 1) finals.push(shown.finalStates[0]);
  }
  expect([seen[2], seen[5]]).toEqual([0, 0]); // an episode starts in state 0; then there is none
  expect(finals.some((state) => state !== 0)).toBe(true);
});

test("propensities are kept where one of the episode was told", () => {
  const { play, sink } = playOf("bernoulli-bandit", { arms: 2, horizon: 2 }, 2, 2);
  runAtOnce(play.start());
  const actions = new Int32Array(2);
  runAtOnce(play.step({ actions, propensities: Float32Array.of(0.5, Number.NaN), agentMs: 0 }));
  runAtOnce(play.step({ actions, agentMs: 0 }));
  expect(sink.appended.map(({ propensities }) => propensities && [...propensities])).toEqual([
    [0.5, Number.NaN],
    undefined,
  ]);
});

test("what is cut short is recorded as far as it came, and nothing of a trial without a step", () => {
  const { play, sink, results } = playOf("bernoulli-bandit", { arms: 2, horizon: 2 }, 2, 4);
  runAtOnce(play.start());
  runAtOnce(play.step({ actions: new Int32Array(2), agentMs: 0 }));
  play.abort("AGENT_CLOSED");
  play.abort("AGENT_CLOSED"); // nothing is left to cut
  expect(sink.appended.map((one) => [one.length, one.endReason, one.terminated, one.truncated, one.regret])).toEqual([
    [1, "AGENT_CLOSED", false, true, undefined],
    [1, "AGENT_CLOSED", false, true, undefined],
  ]);
  expect(results.map(({ complete, steps }) => [complete, steps])).toEqual([
    [false, 1],
    [false, 1],
  ]);
  expect(play.totals).toEqual({ completeTrials: 0, incompleteTrials: 2, episodes: 2, steps: 2 });

  const untouched = playOf("bernoulli-bandit", { arms: 2, horizon: 2 }, 1, 1);
  runAtOnce(untouched.play.start());
  untouched.play.abort("CONNECTION_LOST");
  expect(untouched.sink.appended).toEqual([]);
  expect(untouched.play.totals).toMatchObject({ incompleteTrials: 1, episodes: 0 });
});

test("a log that takes nothing does not keep what is cut short from ending, but is told of what ended by itself", () => {
  const { play, sink, results } = playOf("bernoulli-bandit", { arms: 2, horizon: 1 }, 1, 2);
  runAtOnce(play.start());
  sink.fail();
  expect(() => runAtOnce(play.step({ actions: new Int32Array(1), agentMs: 0 }))).toThrow(
    expect.objectContaining({ reason: "LOG_UNWRITABLE" }),
  );
  play.abort("LOG_UNWRITABLE");
  expect(results.map(({ complete }) => complete)).toEqual([false]);
});

test("a match's agent is not told seeds, values or regrets; its source is", () => {
  const { play, results } = playOf("bernoulli-bandit", { arms: 2, horizon: 1 }, 1, 1, true);
  expect(runAtOnce(play.start()).trialStarts).toMatchObject([
    { agentSeed: 300n, taskSeed: undefined, noiseSeed: undefined },
  ]);
  const { trialEnds } = runAtOnce(play.step({ actions: new Int32Array(1), agentMs: 0 }));
  expect(trialEnds).toMatchObject([{ optimalValue: undefined, regret: undefined, complete: true }]);
  expect(results[0].optimalValue).toBeGreaterThan(0);
});

test("the best action is the oracle's", () => {
  const { play, driver, results } = playOf("bernoulli-bandit", { arms: 5, horizon: 3 }, 1, 1);
  runAtOnce(play.start());
  while (play.activeCount > 0) runAtOnce(play.step({ actions: Int32Array.of(driver.bestAction(0)), agentMs: 0 }));
  expect(results[0].regret).toBe(0);
});
