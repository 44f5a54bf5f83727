/** Trials of a task in N envs: how each begins, goes from episode to episode, is recorded and ends. */
import type { Clock } from "../../common/clock.js";
import { IcrlError, type Reason } from "../../common/errors.js";
import type { Slices } from "../../common/slices.js";
import { float32Tensor } from "../../common/tensor.js";
import type { TrialEnd, TrialStart } from "../../proto/gen/icrl/v1/environment.js";
import type { TrialSource, TrialTicket } from "../matches/trial-source.js";
import { drawJudged, type Oracle } from "../tasks/oracle.js";
import type { Env, Task } from "../tasks/task.js";
import type { Recorder } from "../trajectories/recorder.js";
import type { RunInfo } from "../trajectories/sink.js";
import type { Cut } from "./driver.js";
import { type EpisodeSteps, judgeSteps, newEpisodeSteps, recordedSteps, regretCurve, sumsOf } from "./episode-steps.js";
import type { Answer, LockStep } from "./lock-step.js";
import { trialIdOf } from "./trial-id.js";

/** What is to be played. */
export interface PlayedSetup {
  readonly task: Task;
  readonly numEnvs: number;
  readonly source: TrialSource;
  readonly run: RunInfo;
  /** Where episodes go; undefined when not recording. */
  readonly recorder: Recorder | undefined;
  /** Whether the agent may end episodes early: in free play. */
  readonly mayReset?: boolean;
  /** Whether seeds, optimal values and regrets stay on the server. */
  readonly withholdTruth: boolean;
  /** Whether the agent is asked for the probabilities of all actions: it tells them where it knows them, and they are recorded. */
  readonly wantsProbabilities: boolean;
  readonly clock: Clock;
}

/** The trial in one env; what every step touches is in arrays over the envs instead. */
interface Slot {
  readonly n: number;
  readonly env: Env;
  readonly oracle: Oracle;
  readonly ticket: TrialTicket;
  readonly trialId: string;
  /** What tells the instance apart, where the task has only so many. */
  readonly instance: string | undefined;
  /** Actions of the episodes before this one, where the source wants them. */
  readonly takenBefore: number[];
  episode: number;
  /** Whether no episode before this one was cut short. */
  whole: boolean;
  episodeStartedAtMs: number;
  agentMsAtStart: number;
  steps: number;
  /** That ended, as a result counts them. */
  episodes: number;
  return: number;
  regret: number;
  optimalValue: number;
}

/** All envs. */
export interface Played extends PlayedSetup {
  readonly slots: Slot[];
  readonly envs: Env[];
  readonly oracles: Oracle[];
  readonly steps: EpisodeSteps;
  /** Of a trial of one episode: cumulative regret after each of its steps. */
  readonly stepCurve: Float64Array;
  /** Of others: cumulative regret after each episode, [N, episodes]. */
  readonly episodeCurves: Float64Array;
  /** Time the agent has taken, in milliseconds. */
  agentMs: number;
  /** Of all the task's oracles. */
  steady: boolean;
  /** Envs in which actions are taken again: their trials were begun before. */
  readonly repeats: Set<number>;
}

/** No trial yet. */
export function newPlayed(setup: PlayedSetup): Played {
  const { task, numEnvs } = setup;
  const { horizon, episodes } = task;
  return {
    ...setup,
    slots: [],
    envs: [],
    oracles: [],
    steps: newEpisodeSteps(task, numEnvs, setup.wantsProbabilities),
    stepCurve: new Float64Array(episodes === 1 ? horizon : 0),
    episodeCurves: new Float64Array(episodes === 1 ? 0 : numEnvs * episodes),
    agentMs: 0,
    steady: false,
    repeats: new Set(),
  };
}

/** Draws the trial's instance into env n, and begins its first episode. */
export function* startTrial(played: Played, n: number, ticket: TrialTicket): Slices<TrialStart> {
  const { task, run, withholdTruth } = played;
  const { seeds } = ticket;
  const { env, oracle } = yield* drawJudged(task, seeds.taskSeed, seeds.noiseSeed);
  const trialId = trialIdOf(run, seeds);
  const begun = { episode: 0, whole: true, episodeStartedAtMs: 0, agentMsAtStart: 0 };
  const sums = { steps: 0, episodes: 0, return: 0, regret: 0, optimalValue: 0 };
  const instance = task.instanceOf?.(seeds.taskSeed);
  const slot: Slot = { n, env, oracle, ticket, trialId, instance, takenBefore: [], ...begun, ...sums };
  if (ticket.taken !== undefined) played.repeats.add(n);
  else played.repeats.delete(n);
  played.slots[n] = slot;
  played.envs[n] = env;
  played.oracles[n] = oracle;
  played.steady = oracle.steady;
  startEpisode(played, slot, 0);
  return {
    env: n,
    trialIndex: ticket.trialIndex,
    agentSeed: seeds.agentSeed,
    trialFeatures: env.trialFeatures && float32Tensor(env.trialFeatures, [...task.trialFeaturesShape]),
    taskSeed: withholdTruth ? undefined : seeds.taskSeed,
    noiseSeed: withholdTruth ? undefined : seeds.noiseSeed,
  };
}

/** Begins an episode of the trial. */
export function startEpisode({ clock, agentMs, steps }: Played, slot: Slot, episode: number): void {
  slot.env.reset(episode);
  slot.oracle.beginEpisode();
  slot.episode = episode;
  slot.episodeStartedAtMs = clock.now();
  slot.agentMsAtStart = agentMs;
  steps.knowsPropensities[slot.n] = 0;
  steps.knowsProbabilities[slot.n] = 0;
  if (steps.observations.length > 0) steps.observations[slot.n * (steps.horizon + 1)] = slot.env.observation;
}

/** Records the episode, which ended by itself, or was cut short for `truncatedBy`. @throws LOG_UNWRITABLE */
export function endEpisode(played: Played, slot: Slot, truncatedBy: Reason | undefined): void {
  const { steps, run, recorder } = played;
  const { episodes } = played.task;
  const { n, env, oracle } = slot;
  const length = env.stepInEpisode;
  const complete = truncatedBy === undefined;
  if (oracle.steady) judgeSteps(steps, n, length, oracle);
  const sums = sumsOf(steps, n, length);
  slot.steps += length;
  if (slot.steps > 0) slot.episodes += 1;
  if (played.source.wantsTaken) {
    for (let at = n * steps.horizon; at < n * steps.horizon + length; at++) slot.takenBefore.push(steps.actions[at]);
  }
  slot.return += sums.return;
  slot.regret += sums.regret;
  slot.optimalValue += oracle.episodeValue;
  if (!complete) slot.whole = false;
  if (episodes > 1) played.episodeCurves[n * episodes + slot.episode] = slot.regret;
  // Cut between two episodes: the row of the one that was begun, of no steps, says that the trial is short. Of a trial without any
  // there is nothing to say.
  if (slot.steps === 0 || recorder === undefined) return;
  const { trialIndex, seeds, seriesSeed } = slot.ticket;
  const record = {
    run,
    trialId: slot.trialId,
    trialIndex,
    episodeIndex: slot.episode,
    seriesSeed,
    ...seeds,
    instance: slot.instance,
    envIndex: n,
    startedAtMs: slot.episodeStartedAtMs,
    agentMs: played.agentMs - slot.agentMsAtStart,
    length,
    terminated: complete,
    truncated: !complete,
    endReason: truncatedBy ?? env.endReason,
    return: sums.return,
    optimalValue: complete ? oracle.episodeValue : undefined,
    regret: complete ? sums.regret : undefined,
    ...recordedSteps(steps, n, length),
    trialFeatures: env.trialFeatures,
  };
  recorder.episode(n, record, complete && slot.episode + 1 === episodes);
}

/**
 * What is done at the coming step: what the agent answers, but in trials that were begun before what was done then.
 *
 * @param shown takes what is done into `executed`, where it is not simply the answer
 */
export function executed(played: Played, answer: Answer, shown: LockStep): Answer {
  const { repeats, slots, envs } = played;
  shown.executed = undefined;
  if (repeats.size === 0) return answer;
  const actions = answer.actions.slice();
  const propensities = answer.propensities?.slice();
  const probabilities = answer.probabilities?.slice();
  for (const n of repeats) {
    const { ticket, steps } = slots[n];
    const taken = ticket.taken?.[steps + envs[n].stepInEpisode];
    if (taken === undefined || shown.active[n] === 0) {
      repeats.delete(n);
      continue;
    }
    actions[n] = taken;
    if (propensities !== undefined) propensities[n] = Number.NaN; // it is of another choice
    probabilities?.fill(Number.NaN, n * played.task.numActions, (n + 1) * played.task.numActions); // they are of another past
  }
  shown.executed = actions;
  return { ...answer, actions, propensities, probabilities };
}

/**
 * The agent ends the episode early. Where no step of it was taken nothing is cut short, and nothing recorded: it stays as it is, or the
 * trial is over with it.
 */
export function reset(played: Played, slot: Slot, wholeTrial: boolean): Cut {
  const begun = slot.env.stepInEpisode > 0;
  if (begun) endEpisode(played, slot, "AGENT_RESET");
  const over = wholeTrial || (begun && slot.episode + 1 === played.task.episodes);
  if (over) return { episode: begun, trial: endIncomplete(played, slot) };
  if (begun) startEpisode(played, slot, slot.episode + 1);
  return { episode: begun, trial: undefined };
}

/** The trial is over, and an episode of it was cut short, or never begun: says so. */
function endIncomplete(played: Played, slot: Slot): TrialEnd {
  const { n, ticket } = slot;
  played.recorder?.endTrial(n, "AGENT_RESET");
  giveBack(played, ticket, slot);
  return {
    env: n,
    trialIndex: ticket.trialIndex,
    trialReturn: slot.return,
    optimalValue: undefined,
    regret: undefined,
    complete: false,
  };
}

/** The trial's last episode ran to its end: says what came of it, to its source and to its agent. */
export function endTrial(played: Played, slot: Slot): TrialEnd {
  if (!slot.whole) return endIncomplete(played, slot);
  const { steps, recorder, withholdTruth } = played;
  const { horizon, episodes } = played.task;
  const { n, ticket, regret, optimalValue } = slot;
  recorder?.endTrial(n, undefined);
  const from = n * horizon;
  const length = slot.env.stepInEpisode;
  played.source.done({
    ticket,
    complete: true,
    steps: slot.steps,
    episodes,
    return: slot.return,
    regret,
    optimalValue,
    curve:
      episodes > 1
        ? played.episodeCurves.subarray(n * episodes, (n + 1) * episodes)
        : regretCurve(steps, n, length, played.stepCurve),
    actions: steps.actions.subarray(from, from + length),
    regrets: steps.regrets.subarray(from, from + length),
    whenDurable: recorder?.durability(),
  });
  return {
    env: n,
    trialIndex: ticket.trialIndex,
    trialReturn: slot.return,
    optimalValue: withholdTruth ? undefined : optimalValue,
    regret: withholdTruth ? undefined : regret,
    complete: true,
  };
}

/** The trial is cut short: recorded as far as it came, and given back whatever fails in that. @returns whether a step of it was taken */
export function cutShort(played: Played, slot: Slot, reason: Reason): boolean {
  try {
    unlessUnwritable(() => endEpisode(played, slot, reason));
    unlessUnwritable(() => played.recorder?.endTrial(slot.n, reason));
  } finally {
    // A server that stops is no agent that leaves: the next one has the trial played from its beginning.
    const wantsTaken = played.source.wantsTaken && reason !== "SERVER_DRAINING";
    giveBack(played, slot.ticket, slot, wantsTaken ? Int32Array.from(slot.takenBefore) : undefined);
  }
  return slot.steps > 0;
}

/** Gives a trial back to its source, unfinished. */
export function giveBack(
  { source }: Played,
  ticket: TrialTicket,
  sums: Pick<Slot, "steps" | "episodes" | "return" | "regret" | "optimalValue"> = {
    steps: 0,
    episodes: 0,
    return: 0,
    regret: 0,
    optimalValue: 0,
  },
  taken?: Int32Array,
): void {
  const { steps, episodes, return: sum, regret, optimalValue } = sums;
  const nothing = { curve: new Float64Array(), actions: new Int32Array(), regrets: new Float32Array() };
  source.done({ ticket, complete: false, steps, episodes, return: sum, regret, optimalValue, taken, ...nothing });
}

/** Records what was cut short. A log that cannot be written is often why it was; it is not acknowledged, so nothing is broken. */
function unlessUnwritable(record: () => void): void {
  try {
    record();
  } catch (error) {
    if (!(error instanceof IcrlError && error.reason === "LOG_UNWRITABLE")) throw error;
  }
}
