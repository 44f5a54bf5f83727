import { expect, test } from "vitest";
import { createRecentEpisodes, episodeId } from "#icrl/server/http/recent-episodes.js";
import type { EpisodeRecord, RunInfo, TrajectorySink } from "#icrl/server/trajectories/sink.js";
import { randomEpisode } from "../trajectories/random-episodes.mjs";

/** A sink that takes everything, or nothing. */
function sinkOf(takes = true): TrajectorySink {
  let appended = 0;
  return {
    durable: 0,
    end: 0,
    episodes: 0,
    writable: takes,
    failures: 0,
    backlogBytes: 0,
    tornBytes: 0,
    hasLost: () => false,
    append() {
      if (!takes) throw new Error("LOG_UNWRITABLE");
      appended += 1;
      return appended;
    },
    whenDurable: () => Promise.resolve(),
    probe: () => Promise.resolve(takes),
    mustHold() {},
    seal: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** Episodes of one run, with ids of their own. */
function episodesOf(run: RunInfo, count: number): EpisodeRecord[] {
  return Array.from({ length: count }, (_, i) => ({ ...randomEpisode(i), run }));
}

const runOf = (agent: string): RunInfo => ({ ...randomEpisode(0).run, agent });

test("what is kept has arrays of its own: those that came are used again", () => {
  const recent = createRecentEpisodes(() => 0);
  const episode = randomEpisode(1);
  const rewards = [...episode.rewards];
  recent.watch(sinkOf()).append(episode);
  episode.rewards.fill(-7);
  expect([...(recent.find(episodeId(episode))?.rewards ?? [])]).toEqual(rewards);
});

test("one run takes half of what is let in at once, and another run has the rest", () => {
  const recent = createRecentEpisodes(() => 0);
  const sink = recent.watch(sinkOf());
  for (const episode of episodesOf(runOf("first"), 1000)) sink.append(episode);
  expect(recent.list()).toHaveLength(5);
  sink.append({ ...randomEpisode(5000), run: runOf("second") });
  expect(recent.list().map(({ run }) => run.agent)).toEqual(["second", ...new Array<string>(5).fill("first")]);
});

test("after a while more are let in, and never more than two hundred are kept", () => {
  const recent = createRecentEpisodes(() => 0);
  const sink = recent.watch(sinkOf());
  for (const episode of episodesOf(runOf("only"), 1000)) {
    recent.allowOne();
    sink.append(episode);
  }
  expect(recent.list()).toHaveLength(200);
});

test("an episode that somebody looked at is found after it has left the list", () => {
  const recent = createRecentEpisodes(() => 0);
  const sink = recent.watch(sinkOf());
  const [looked, passed, ...others] = episodesOf(runOf("only"), 500);
  for (const episode of [looked, passed]) sink.append(episode);
  expect(recent.find(episodeId(looked))).toBeDefined();
  for (const episode of others) {
    recent.allowOne();
    sink.append(episode);
  }
  expect(recent.find(episodeId(looked))).toBeDefined();
  expect(recent.find(episodeId(passed))).toBeUndefined();
});

test("an episode that the log did not take is not kept", () => {
  const recent = createRecentEpisodes(() => 0);
  expect(() => recent.watch(sinkOf(false)).append(randomEpisode(1))).toThrow("LOG_UNWRITABLE");
  expect(recent.list()).toEqual([]);
});
