import { expect, test } from "vitest";
import { createRecorder } from "#icrl/server/trajectories/recorder.js";
import type { EpisodeRecord } from "#icrl/server/trajectories/sink.js";
import { handSink } from "../../support/hand-sink.js";

/** An episode of one step in which this was done. */
const episode = (action: number): EpisodeRecord =>
  ({
    actions: Int32Array.of(action),
    rewards: new Float32Array(1),
    regrets: new Float32Array(1),
    optimalActions: new Int32Array(1),
  }) as Partial<EpisodeRecord> as EpisodeRecord;

const actionsOf = (appended: readonly EpisodeRecord[]) => appended.map(({ actions }) => actions[0]);

test("without whole trials an episode is in the log when it ends, and a trial that was cut short stays", () => {
  const sink = handSink();
  const recorder = createRecorder(sink);
  recorder.episode(0, episode(1), false);
  recorder.episode(1, episode(2), false);
  recorder.endTrial(1, "AGENT_CLOSED");
  expect(actionsOf(sink.appended)).toEqual([1, 2]);
  sink.write();
  expect(recorder.durableTrials()).toBe(1);
});

test("whole trials are appended in one turn, side by side, with what was in their arrays when the episodes ended", () => {
  const sink = handSink();
  const recorder = createRecorder(sink, () => false);
  const used = episode(1);
  recorder.episode(0, used, false);
  used.actions[0] = 99; // the memory is used again
  recorder.episode(1, episode(5), false);
  recorder.episode(0, episode(2), false);
  expect(sink.appended).toEqual([]);
  recorder.episode(0, episode(3), true);
  recorder.endTrial(0, undefined);
  recorder.episode(1, episode(6), true);
  recorder.endTrial(1, undefined);
  expect(actionsOf(sink.appended)).toEqual([1, 2, 3, 5, 6]);
});

test("of a trial that was cut short all is kept or nothing, as the reason says", () => {
  const sink = handSink();
  const recorder = createRecorder(sink, (reason) => reason === "AGENT_FAILED");
  for (const env of [0, 1]) for (const i of [0, 1]) recorder.episode(env, episode(10 * env + i), false);
  recorder.endTrial(0, "SERVER_DRAINING");
  expect(sink.appended).toEqual([]);
  recorder.endTrial(1, "AGENT_FAILED");
  expect(actionsOf(sink.appended)).toEqual([10, 11]);
  // What was dropped is not in the next trial of its env.
  recorder.episode(0, episode(7), true);
  recorder.endTrial(0, undefined);
  expect(actionsOf(sink.appended)).toEqual([10, 11, 7]);
});

test("trials are durable in the order of their ends, each once its last episode is", async () => {
  const sink = handSink();
  const recorder = createRecorder(sink);
  recorder.episode(0, episode(0), false); // number 1
  recorder.episode(1, episode(1), true); // number 2
  recorder.endTrial(1, undefined);
  recorder.episode(0, episode(2), true); // number 3
  recorder.endTrial(0, undefined);
  const whenSecondIs = recorder.durability();
  sink.write(1);
  expect(recorder.durableTrials()).toBe(0);
  sink.write(2);
  expect(recorder.durableTrials()).toBe(1);
  let over = false;
  const all = recorder.whenDurable().then(() => (over = true));
  await Promise.resolve();
  expect(over).toBe(false);
  sink.write(3);
  await all;
  await whenSecondIs();
  expect(recorder.durableTrials()).toBe(2);
});

test("a log that lost episodes since it began is not acknowledged, though it can be written again", async () => {
  const sink = handSink();
  const recorder = createRecorder(sink);
  recorder.episode(0, episode(0), true);
  recorder.endTrial(0, undefined);
  sink.fail();
  sink.mend();
  sink.write();
  const reason = { reason: "LOG_UNWRITABLE", message: expect.stringContaining("lost episodes of this session") };
  expect(() => recorder.durableTrials()).toThrow(expect.objectContaining(reason));
  await expect(recorder.whenDurable()).rejects.toMatchObject(reason);
  expect(createRecorder(sink).durableTrials()).toBe(0); // one of another open is not concerned
});

test("a log that lost only what others appended is acknowledged on", async () => {
  const sink = handSink();
  const unharmed = createRecorder(sink);
  unharmed.episode(0, episode(0), true);
  unharmed.endTrial(0, undefined);
  sink.write();
  const harmed = createRecorder(sink);
  harmed.episode(0, episode(1), true);
  harmed.endTrial(0, undefined);
  sink.fail();
  sink.mend();
  unharmed.episode(0, episode(2), true);
  unharmed.endTrial(0, undefined);
  sink.write();
  expect(() => harmed.durableTrials()).toThrow(expect.objectContaining({ reason: "LOG_UNWRITABLE" }));
  expect(unharmed.durableTrials()).toBe(2);
  await unharmed.whenDurable();
});
