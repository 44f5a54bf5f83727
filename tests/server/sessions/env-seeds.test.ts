/** Series of the envs' own, and how long an agent may take. */
import { expect, test } from "vitest";
import type { AgentMessage } from "#icrl/clients/typescript/play-stream.js";
import { trialSeeds } from "#icrl/common/seeds.js";
import { ResetMode, type TrialStart } from "#icrl/proto/gen/icrl/v1/environment.js";
import { freePlaySource } from "#icrl/server/sessions/free-play-source.js";
import { actions } from "../../support/raw-stream.js";
import { playing } from "../../support/session-on.js";

const series = { purpose: "play", taskId: "bernoulli-bandit", entrant: "test-agent" } as const;
const BANDIT = { task: "bernoulli-bandit", options: { arms: 2, horizon: 1 }, seed: 0n };

test("each env plays the series of its own seed, and as many trials of it", () => {
  const play = playing({ ...BANDIT, numEnvs: 3, trials: 6n, firstTrial: 7n, envSeeds: [1n, (1n << 64n) - 1n, 1n] });
  const starts: TrialStart[] = [];
  let shown = play.first;
  for (let k = 0; k < 2; k++) {
    starts.push(...shown.trialStarts);
    shown = play.answer(actions(k, [0, 1, 0]));
  }
  expect(shown.active && [...shown.active.data]).toEqual([0, 0, 0]);
  const expected = [7n, 8n].flatMap((trialIndex) =>
    [1n, (1n << 64n) - 1n, 1n].map((seed, env) => ({
      env,
      trialIndex,
      ...trialSeeds({ ...series, seed }, trialIndex),
    })),
  );
  expect(starts).toMatchObject(expected);
  // Envs of one seed play the same trials.
  expect(starts[0].taskSeed).toBe(starts[2].taskSeed);
  expect(play.sink.appended.map(({ envIndex, trialIndex }) => [envIndex, trialIndex])).toEqual([
    [0, 7n],
    [1, 7n],
    [2, 7n],
    [0, 8n],
    [1, 8n],
    [2, 8n],
  ]);
});

test("an env whose series is played is inactive while others go on", () => {
  const play = playing({ ...BANDIT, options: { arms: 2, horizon: 2 }, numEnvs: 2, trials: 4n, envSeeds: [1n, 2n] });
  play.answer(actions(0, [0, 0]));
  const reset = (k: number): AgentMessage => ({
    $case: "reset",
    value: { stepIndex: BigInt(k), envs: [0], seeds: [], mode: ResetMode.NEXT_TRIAL },
  });
  expect(play.answer(reset(1)).trialStarts).toMatchObject([{ env: 0, trialIndex: 1n }]);
  const shown = play.answer(reset(2));
  expect([shown.trialStarts, shown.active && [...shown.active.data]]).toEqual([[], [0, 1]]);
  const [end] = play.answer(actions(3, [0, 0])).trialEnds;
  expect(end).toMatchObject({ env: 1, trialIndex: 0n, complete: true });
});

test("a trial knows the seed of its series, and none where its seeds were given one by one", () => {
  const of = { ...series, seed: 3n, firstTrial: 0n, trials: 2n, explicitSeeds: [], envSeeds: [] };
  expect(freePlaySource(of).take(1)).toMatchObject({ trialIndex: 0n, seriesSeed: 3n });
  expect(freePlaySource({ ...of, seed: 0n, envSeeds: [8n, 9n] }).take(1)).toMatchObject({
    trialIndex: 0n,
    seriesSeed: 9n,
  });
  const explicit = { taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n };
  const given = freePlaySource({ ...of, explicitSeeds: [explicit, explicit] });
  expect([given.take(1), given.remaining]).toEqual([{ trialIndex: 0n, seeds: explicit }, 1n]);
});

test("the trials of a series take its instances in turn, each with luck and a seed of its own, whichever envs play them", () => {
  const instances = 2;
  const play = playing({ ...BANDIT, seed: 4n, numEnvs: 3, trials: 6n, firstTrial: 7n, instances });
  const starts = [...play.first.trialStarts, ...play.answer(actions(0, [0, 1, 0])).trialStarts];
  play.answer(actions(1, [0, 1, 0]));
  expect(starts).toMatchObject(
    [7n, 8n, 9n, 10n, 11n, 12n].map((trialIndex) => ({
      trialIndex,
      ...trialSeeds({ ...series, seed: 4n, instances }, trialIndex),
    })),
  );
  expect(new Set(starts.map(({ taskSeed }) => taskSeed)).size).toBe(2);
  expect(new Set(starts.map(({ noiseSeed }) => noiseSeed)).size).toBe(6);
  // What is logged plays again by itself: each row has the seeds that it was played with.
  expect(play.sink.appended.map(({ trialIndex, taskSeed }) => [trialIndex, taskSeed])).toEqual(
    starts.map(({ trialIndex, taskSeed }) => [trialIndex, taskSeed]),
  );
  const own = freePlaySource({
    ...{ ...series, seed: 0n, firstTrial: 5n, trials: 2n, explicitSeeds: [], envSeeds: [8n, 9n] },
    instances,
  });
  expect(own.take(1)?.seeds).toEqual(trialSeeds({ ...series, seed: 9n, instances }, 5n));
});

test("an agent that asks for more time, or less, has it for each of its answers", () => {
  const slow = playing({ ...BANDIT, trials: 9n, actTimeoutMs: 60_000 });
  slow.clock.pass(59_999); // far above act_timeout_ms
  slow.answer(actions(0, [0]));
  slow.clock.pass(60_000);
  expect(slow.ends).toMatchObject([
    { reason: "ACT_TIMEOUT", message: expect.stringContaining("no actions for step_index 1 within 60000 ms") },
  ]);
  const quick = playing({ ...BANDIT, trials: 9n, actTimeoutMs: 10 });
  quick.clock.pass(10);
  expect(quick.ends).toMatchObject([{ reason: "ACT_TIMEOUT" }]);
});
