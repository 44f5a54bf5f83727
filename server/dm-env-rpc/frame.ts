/** What an agent sees at a step, and what of it begins and ends: the server's observations of one env, in an agent's sequences. */
import type { Observations, TrialStart } from "../../proto/gen/icrl/v1/environment.js";
import type { Tensor } from "../../proto/gen/icrl/v1/tensor.js";
import type { Sequence } from "./settings.js";

/** What there is to see at a time. */
export interface Frame {
  /** A row of one env; undefined where the task shows nothing. */
  readonly observation: Tensor | undefined;
  /** Of the action before; 0 where there was none. */
  readonly reward: number;
  /** The trial that is played. */
  readonly trial: TrialStart;
  /** Which of the trial. */
  readonly episode: number;
  /** Whether the observation is its first. */
  readonly episodeStart: boolean;
  readonly trialStart: boolean;
  /** Of the whole trial, where it is over; else NaN. */
  readonly regret: number;
  readonly trialReturn: number;
}

/** What came of an action. */
export interface Outcome {
  readonly shown: Frame;
  /** Whether the sequence is over. */
  readonly over: boolean;
  /** What the next one begins with, where it is; undefined where there is none, or not yet. */
  readonly next: Frame | undefined;
}

const NOTHING_ENDED = { regret: Number.NaN, trialReturn: Number.NaN } as const;

/** What a trial begins with, if one begins in these observations. */
export function firstFrame({ trialStarts: [trial], observation }: Observations): Frame | undefined {
  if (trial === undefined) return undefined;
  return { observation, reward: 0, trial, episode: 0, episodeStart: true, trialStart: true, ...NOTHING_ENDED };
}

/** What came of an action that was taken at a frame. */
export function outcomeOf(before: Frame, observations: Observations, sequence: Sequence): Outcome {
  const { observation, reward, terminated, finalObservation, trialEnds } = observations;
  const step = { ...before, reward: rewardOf(reward), episodeStart: false, trialStart: false };
  if (terminated === undefined) return { shown: { ...step, observation }, over: false, next: undefined };
  const [end] = trialEnds;
  const final = { ...step, observation: finalObservation };
  if (end !== undefined) {
    const { regret = Number.NaN, trialReturn } = end;
    return { shown: { ...final, regret, trialReturn }, over: true, next: firstFrame(observations) };
  }
  const next = nextEpisode(before, observations);
  if (sequence === "episode") return { shown: final, over: true, next };
  return { shown: { ...next, reward: step.reward }, over: false, next: undefined };
}

/** What came of cutting a sequence short. */
export function cutOutcome(before: Frame, observations: Observations): Outcome {
  const { truncated, trialEnds } = observations;
  const trialReturn = trialEnds[0]?.trialReturn ?? Number.NaN;
  const again = truncated === undefined ? before : nextEpisode(before, observations);
  return {
    shown: { ...withoutReward(before), trialReturn },
    over: true,
    next: trialEnds.length > 0 ? firstFrame(observations) : again,
  };
}

/** The same once more, where no action was taken since. */
export const withoutReward = (frame: Frame): Frame => ({
  ...frame,
  reward: 0,
  episodeStart: false,
  trialStart: false,
  ...NOTHING_ENDED,
});

const nextEpisode = (before: Frame, { observation }: Observations): Frame => ({
  ...before,
  ...NOTHING_ENDED,
  observation,
  reward: 0,
  episode: before.episode + 1,
  episodeStart: true,
  trialStart: false,
});

/** Of float32 [1]. */
function rewardOf(tensor: Tensor | undefined): number {
  if (tensor === undefined) return 0;
  return new DataView(tensor.data.buffer, tensor.data.byteOffset).getFloat32(0, true);
}
