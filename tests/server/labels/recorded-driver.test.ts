import { expect, test } from "vitest";
import { labelSeed } from "#icrl/common/seeds.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { knownTasks } from "#icrl/server/labels/known-tasks.js";
import { createLabelShard, type LabelTrial } from "#icrl/server/labels/label-shard.js";
import { recordedDriver } from "#icrl/server/labels/recorded-driver.js";
import type { RecordedShard } from "#icrl/server/labels/recorded-shard.js";
import { observationsOf } from "#icrl/server/sessions/observations.js";
import { createPlay } from "#icrl/server/sessions/play.js";
import { buildTask } from "#icrl/server/tasks/registry.js";

const options = { states: 4, horizon: 2, episodes: 2 };
const task = buildTask("river-swim", options);

/** Two trials of two episodes of two steps: by hand, each number in it once. */
function recorded(): RecordedShard {
  const rows = [0, 1, 2, 3];
  return {
    episodes: rows.map((row) => ({
      id: `e${row}`,
      trialId: row < 2 ? "one" : "two",
      trialIndex: row < 2 ? 7n : 8n,
      episodeIndex: row % 2,
      task: "river-swim",
      taskOptionsJson: JSON.stringify(task.options),
      complete: true,
      return: 10 ** row,
    })),
    actions: { items: Int32Array.of(0, 1, 1, 0, 0, 0, 1, 1), offsets: Int32Array.of(0, 2, 4, 6, 8) },
    rewards: { items: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), offsets: Int32Array.of(0, 2, 4, 6, 8) },
    observations: { items: Int32Array.of(0, 1, 2, 0, 3, 1, 0, 2, 3, 0, 1, 1), offsets: Int32Array.of(0, 3, 6, 9, 12) },
    stepFeatures: { items: new Float32Array(), offsets: new Int32Array(5) },
    trialFeatures: { items: new Float32Array(), offsets: new Int32Array(5) },
  };
}

/** A play of the shard's trials, and what became of them. */
function playOf(numEnvs: number) {
  const tasks = knownTasks();
  const shard = createLabelShard("shard", "/shard", recorded(), tasks);
  const own = tasks.of("river-swim", JSON.stringify(task.options));
  const done: LabelTrial[] = [];
  const source = {
    take: () => shard.take(own),
    done: (trial: LabelTrial) => void done.push(trial),
    giveBack: (trial: LabelTrial) => shard.giveBack(trial),
  };
  return { shard, done, own, play: createPlay(recordedDriver("expert", own, numEnvs, source)) };
}

test("an env shows what was seen, whatever the expert says, and tells what was done", () => {
  const { play, shard, done } = playOf(1);
  const shown = runAtOnce(play.start());
  expect(shown.trialStarts).toMatchObject([{ env: 0, trialIndex: 7n, agentSeed: labelSeed("expert", "one") }]);
  expect(observationsOf(task.observationSpace, 0, shown)).toMatchObject({
    reward: undefined,
    executedAction: undefined,
  });
  const seen: unknown[] = [[shown.states[0]]];
  for (let step = 0; play.activeCount > 0; step++) {
    const { states, rewards, executed, ended, finalStates } = runAtOnce(
      play.step({
        actions: Int32Array.of(step % 3),
        probabilities: step === 2 ? undefined : Float32Array.of(step / 8, 1 - step / 8),
        agentMs: 0,
      }),
    );
    seen.push([states[0], rewards[0], executed?.[0], ...(ended === 1 ? [finalStates[0]] : [])]);
  }
  expect(seen).toEqual([
    [0],
    [1, 1, 0],
    [0, 2, 1, 2], // the next episode's first, and the last of this one
    [3, 3, 1],
    [0, 4, 0, 1],
    [2, 5, 0],
    [0, 6, 0, 3],
    [1, 7, 1],
    [0, 8, 1, 1],
  ]);
  expect([...shard.labels.actions]).toEqual([0, 1, 2, 0, 1, 2, 0, 1]);
  // Of the second episode they are not known at every step.
  expect([...shard.labels.known]).toEqual([1, 0, 1, 1]);
  expect([...shard.labels.probabilities.subarray(0, 4)]).toEqual([0, 1, 0.125, 0.875]);
  expect([...shard.labels.probabilities.subarray(8, 12)]).toEqual([0.5, 0.5, 0.625, 0.375]);
  expect(done.map(({ firstRow }) => firstRow)).toEqual([0, 2]);
  expect(play.totals).toEqual({ completeTrials: 2, incompleteTrials: 0, episodes: 4, steps: 8 });
});

test("envs beside each other keep apart, and a trial's end says what it returned and no truth", () => {
  const { play } = playOf(3);
  expect([...runAtOnce(play.start()).active]).toEqual([1, 1, 0]); // there are two trials
  let ends: unknown[] = [];
  for (let step = 0; step < 4; step++) {
    const shown = runAtOnce(play.step({ actions: new Int32Array(3), agentMs: 0 }));
    expect([shown.rewards[2], shown.executed?.[2], shown.states[2]]).toEqual([0, 0, 0]);
    ends = shown.trialEnds;
  }
  expect(ends).toEqual([
    { env: 0, trialIndex: 7n, trialReturn: 11, optimalValue: undefined, regret: undefined, complete: true },
    { env: 1, trialIndex: 8n, trialReturn: 1100, optimalValue: undefined, regret: undefined, complete: true },
  ]);
});

test("a trial that is cut short is given back, for another session", () => {
  const { play, shard, own } = playOf(1);
  runAtOnce(play.start());
  runAtOnce(play.step({ actions: new Int32Array(1), agentMs: 0 }));
  expect(shard.waiting(own)).toBe(1);
  play.abort("AGENT_CLOSED");
  expect(shard.waiting(own)).toBe(2);
  expect(play.totals).toMatchObject({ incompleteTrials: 1, episodes: 0 });
});
