/**
 * A few of the episodes that were recorded lately, kept in memory for the live page. The log itself is not asked: to read what was written a
 * moment ago it must be sealed, which leaves a shard each time.
 */
import type { EpisodeRecord, TrajectorySink } from "../trajectories/sink.js";

/** An episode with arrays of its own, without features; of a very long one the first steps. */
export interface RecentEpisode extends Omit<EpisodeRecord, "stepFeatures" | "trialFeatures"> {
  /** Unix time in milliseconds. */
  readonly recordedAtMs: number;
}

/** Episodes that were recorded lately. */
export interface RecentEpisodes {
  /** Newest first. */
  list(): readonly RecentEpisode[];
  /** Found while it is kept: those that somebody looked at stay longer. */
  find(id: string): RecentEpisode | undefined;
  /** Lets one more episode in: call it some times a second. */
  allowOne(): void;
  /** The sink, with what goes through it looked at. */
  watch(sink: TrajectorySink): TrajectorySink;
}

/** Episodes kept, and of those that were looked at. */
const MAX_EPISODES = 200;
const MAX_OPENED = 50;

/** Steps kept of one episode: 200 and 50 of these are 25 MB. */
const MAX_STEPS = 5000;

/** Episodes that are let in at once after a quiet while: who plays by hand sees what he does. */
const MAX_ALLOWED = 10;

/** So many of them wait for another run than the last: episodes come in bursts of a thousand, and one run is not to take all. */
const FOR_OTHERS = 5;

/** The episode's id, as in the log. */
export const episodeId = ({ trialId, episodeIndex }: Pick<EpisodeRecord, "trialId" | "episodeIndex">): string =>
  `${trialId}-${episodeIndex}`;

/**
 * Nothing kept yet.
 *
 * @param now Unix time in milliseconds
 */
export function createRecentEpisodes(now: () => number): RecentEpisodes {
  const kept: RecentEpisode[] = []; // oldest first
  const opened = new Map<string, RecentEpisode>(); // least recently looked at first
  let allowed = MAX_ALLOWED;

  function keep(episode: EpisodeRecord): void {
    allowed -= 1;
    kept.push({ ...copyOf(episode), recordedAtMs: now() });
    if (kept.length > MAX_EPISODES) kept.shift();
  }

  return {
    list: () => kept.toReversed(),
    find(id) {
      const found = opened.get(id) ?? kept.find((episode) => episodeId(episode) === id);
      if (found === undefined) return undefined;
      opened.delete(id);
      opened.set(id, found);
      for (const oldest of opened.keys()) if (opened.size > MAX_OPENED) opened.delete(oldest);
      return found;
    },
    allowOne() {
      allowed = Math.min(allowed + 1, MAX_ALLOWED);
    },
    watch: (sink) => ({
      get durable() {
        return sink.durable;
      },
      get end() {
        return sink.end;
      },
      get episodes() {
        return sink.episodes;
      },
      get writable() {
        return sink.writable;
      },
      get failures() {
        return sink.failures;
      },
      get backlogBytes() {
        return sink.backlogBytes;
      },
      tornBytes: sink.tornBytes,
      hasLost: (from, to) => sink.hasLost(from, to),
      append(episode) {
        const number = sink.append(episode);
        if (allowed > (episode.run === kept.at(-1)?.run ? FOR_OTHERS : 0)) keep(episode);
        return number;
      },
      whenDurable: (number) => sink.whenDurable(number),
      probe: () => sink.probe(),
      mustHold: () => sink.mustHold(),
      seal: () => sink.seal(),
      close: () => sink.close(),
    }),
  };
}

/** The arrays that come are views of memory that is used again. */
function copyOf({
  stepFeatures: _,
  trialFeatures: __,
  ...episode
}: EpisodeRecord): Omit<RecentEpisode, "recordedAtMs"> {
  const steps = Math.min(episode.length, MAX_STEPS);
  return {
    ...episode,
    observations: episode.observations?.slice(0, steps + 1),
    actions: episode.actions.slice(0, steps),
    rewards: episode.rewards.slice(0, steps),
    propensities: episode.propensities?.slice(0, steps),
    regrets: episode.regrets.slice(0, steps),
    optimalActions: episode.optimalActions.slice(0, steps),
  };
}
