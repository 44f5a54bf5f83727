/** Passes the episodes of one open to the log, and knows which of its trials are durable. */
import { IcrlError, type Reason } from "../../common/errors.js";
import type { EpisodeRecord, TrajectorySink } from "./sink.js";

/** The recorder of one open. */
export interface Recorder {
  /** Takes an episode of env `index`; `last` when a trial that is complete ends with it. @throws LOG_UNWRITABLE */
  episode(index: number, episode: EpisodeRecord, last: boolean): void;
  /** The trial in env `index` has ended: each of its episodes by itself, or cut short for a reason. @throws LOG_UNWRITABLE */
  endTrial(index: number, truncatedBy: Reason | undefined): void;
  /** Gives what resolves once everything that was taken before this call is durable, and rejects where some of it is lost. */
  durability(): () => Promise<void>;
  /** Ended trials that are durable, in the order of their ends. @throws LOG_UNWRITABLE if the log lost episodes */
  durableTrials(): number;
  /** Resolves once everything that was taken is durable. @throws LOG_UNWRITABLE */
  whenDurable(): Promise<void>;
}

/**
 * Opens one.
 *
 * @param keepsTruncated where given, a trial's episodes are held back until it has ended, and then appended in one turn, so that they
 *   stand side by side in the log, in one commit: a crash leaves all of a trial or nothing. A trial that was cut short is dropped
 *   unless this says, of the reason, that it is kept
 * @param counted where given, told the bytes of every row
 */
export function createRecorder(
  sink: TrajectorySink,
  keepsTruncated?: (reason: Reason) => boolean,
  counted?: (bytes: number) => void,
): Recorder {
  const wholeTrials = keepsTruncated !== undefined;
  let failuresSeen = sink.failures;
  /** Numbers in the log of what was appended and is not known to be durable or lost, ascending. */
  let unsettled: { readonly from: number; to: number }[] = [];
  /** Numbers in the log of ended trials that are not known to be durable yet, in the order of their ends. */
  let pendingTrials: number[] = [];
  let durableTrials = 0;
  let lastAppended = 0;
  /** Episodes held back, by env. */
  const held: EpisodeRecord[][] = [];

  /** A write that failed lost episodes, maybe of this open: its watermark must not pass them. */
  function checkLog(): void {
    if (sink.failures !== failuresSeen) {
      if (unsettled.some(({ from, to }) => sink.hasLost(from, to))) {
        sink.mustHold(); // that it belongs to another is the better text
        throw new IcrlError(
          "LOG_UNWRITABLE",
          "the log could not be written for a while and lost episodes of this session",
        );
      }
      failuresSeen = sink.failures;
    }
    const settled = unsettled.findIndex(({ to }) => to > sink.durable);
    if (settled !== 0) unsettled = settled < 0 ? [] : unsettled.slice(settled);
  }

  function append(episode: EpisodeRecord): void {
    lastAppended = sink.append(episode);
    counted?.(rowBytes(episode));
    const last = unsettled.at(-1);
    if (last !== undefined && last.to + 1 === lastAppended) last.to = lastAppended;
    else unsettled.push({ from: lastAppended, to: lastAppended });
  }

  function appendHeld(index: number): void {
    const episodes = held[index] ?? [];
    held[index] = [];
    for (const episode of episodes) append(episode);
  }

  return {
    episode(index, episode, last) {
      if (wholeTrials && !last) {
        held[index] ??= [];
        held[index].push(copyOf(episode));
        return;
      }
      appendHeld(index);
      append(episode);
    },
    endTrial(index, truncatedBy) {
      if (truncatedBy !== undefined && keepsTruncated !== undefined) {
        // Of a trial in which no step was taken there is nothing to keep.
        if (keepsTruncated(truncatedBy) && held[index]?.some(({ actions }) => actions.length > 0)) appendHeld(index);
        else held[index] = [];
      } else pendingTrials.push(lastAppended);
    },
    durability() {
      const last = lastAppended;
      return () => sink.whenDurable(last);
    },
    durableTrials() {
      checkLog();
      let newlyDurable = 0;
      while (newlyDurable < pendingTrials.length && pendingTrials[newlyDurable] <= sink.durable) newlyDurable += 1;
      if (newlyDurable > 0) pendingTrials = pendingTrials.slice(newlyDurable);
      durableTrials += newlyDurable;
      return durableTrials;
    },
    async whenDurable() {
      if (lastAppended > 0) await sink.whenDurable(lastAppended);
      checkLog();
    },
  };
}

/** Bytes of a row beside its arrays and what the agent says. */
const ROW_BYTES = 500;

/** About the bytes of an episode's row, before they are packed. */
function rowBytes({ run, ...episode }: EpisodeRecord): number {
  let bytes = ROW_BYTES + run.taskOptionsJson.length + run.agentOptionsJson.length + run.tagsJson.length;
  for (const value of Object.values(episode)) if (ArrayBuffer.isView(value)) bytes += value.byteLength;
  return bytes;
}

/** With arrays of its own: those that came are views of memory that is used again. */
function copyOf(episode: EpisodeRecord): EpisodeRecord {
  return {
    ...episode,
    observations: episode.observations?.slice(),
    stepFeatures: episode.stepFeatures?.slice(),
    actions: episode.actions.slice(),
    rewards: episode.rewards.slice(),
    propensities: episode.propensities?.slice(),
    probabilities: episode.probabilities?.slice(),
    regrets: episode.regrets.slice(),
    optimalActions: episode.optimalActions.slice(),
  };
}
