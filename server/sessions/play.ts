/**
 * A task that is open in a session: its envs, and the trials that pass through them. Steps all active envs at once, judges
 * every action by the oracle, records finished episodes. Knows nothing of messages' order, streams or deadlines.
 */
import { IcrlError, type Reason } from "../../common/errors.js";
import { boolTensor, float32Tensor, int32Tensor } from "../../common/tensor.js";
import type { Observations, TrialEnd, TrialStart } from "../../proto/gen/icrl/v1/environment.js";
import type { Tensor } from "../../proto/gen/icrl/v1/tensor.js";
import { createOracle, type Oracle } from "../tasks/oracle.js";
import type { Env, Task } from "../tasks/task.js";
import type { EpisodeRecord, RunInfo } from "../trajectories/sink.js";
import type { Recorder } from "./recorder.js";
import { trialIdOf } from "./trial-id.js";
import type { TrialSource, TrialTicket } from "./trial-source.js";

/** Totals of an open, as `closed` reports them. */
export interface PlayTotals {
  completeTrials: number;
  incompleteTrials: number;
  episodes: number;
  steps: number;
}

/** What is open in a session: here envs of a task; in a labelling session recorded trials (server/labels). */
export interface Play {
  readonly task: Task;
  readonly numEnvs: number;
  readonly totals: Readonly<PlayTotals>;
  /** [N] 1 for envs that want an action. */
  readonly active: Uint8Array;
  readonly activeCount: number;
  /** Whether agents are asked for the probabilities of all actions. */
  readonly wantsProbabilities: boolean;
  /** Hands the first trials to the envs. Tensors of the result share memory that the next call overwrites, here and in `step`. */
  start(): Observations;
  /**
   * One lock-step.
   *
   * Shapes: actions [N] int32, valid where active; propensities [N] float32, NaN where unknown, or undefined;
   * probabilities [N, A] float32, rows of NaN where unknown, or undefined: only where `wantsProbabilities`.
   */
  step(
    actions: Int32Array,
    propensities: Float32Array | undefined,
    agentMs: number,
    probabilities: Float32Array | undefined,
  ): Observations;
  /** Ends every unfinished trial as truncated for a reason. */
  abort(reason: Reason): void;
  /** Ended recorded trials that are durable, in the order of their ends. */
  durableTrials(): number;
  /** Resolves once all recorded trials are durable. @throws LOG_UNWRITABLE */
  whenDurable(): Promise<void>;
}

/** Envs of a task being played. */
export interface TaskPlay extends Play {
  step(actions: Int32Array, propensities: Float32Array | undefined, agentMs: number): Observations;
  /** The best action of env n now, by the truth: for behaviours that run inside the server. Only where active. */
  bestAction(n: number): number;
}

/** The trial in one env; what every step touches is in arrays over the envs instead. */
interface Slot {
  readonly env: Env;
  readonly oracle: Oracle;
  readonly ticket: TrialTicket;
  readonly trialId: string;
  episode: number;
  episodeStartedAtMs: number;
  agentMsAtStart: number;
  trialSteps: number;
  trialReturn: number;
  trialRegret: number;
  trialOptimalValue: number;
}

/** What is to be played. */
export interface PlaySetup {
  readonly task: Task;
  readonly numEnvs: number;
  readonly source: TrialSource;
  readonly run: RunInfo;
  /** Where episodes go; undefined when not recording. */
  readonly recorder: Recorder | undefined;
  /** Whether seeds, optimal values and regrets stay on the server. */
  readonly withholdTruth: boolean;
  /** The clock, Unix time in milliseconds. */
  readonly now: () => number;
}

/** Opens a task. */
export function createPlay({ task, numEnvs, source, run, recorder, withholdTruth, now }: PlaySetup): TaskPlay {
  const { horizon, episodes } = task;
  const space = task.observationSpace;
  const discrete = space.type === "discrete";
  const boxShape = space.type === "box" ? space.shape : [];
  const featureSize = space.type === "box" ? boxShape.reduce((product, length) => product * length, 1) : 0;

  const slots: Slot[] = [];
  const envs: Env[] = [];
  const oracles: Oracle[] = [];
  const active = new Uint8Array(numEnvs);
  const totals: PlayTotals = { completeTrials: 0, incompleteTrials: 0, episodes: 0, steps: 0 };
  let activeCount = 0;
  let agentMsTotal = 0;
  /** Of all the task's oracles. */
  let steady = false;

  // The episodes under way, [N, horizon]: row n, from its beginning, is what the log takes when env n's episode ends.
  const stepActions = new Int32Array(numEnvs * horizon);
  const stepRewards = new Float32Array(numEnvs * horizon);
  const stepPropensities = new Float32Array(numEnvs * horizon);
  const stepRegrets = new Float32Array(numEnvs * horizon);
  const stepOptimalActions = new Int32Array(numEnvs * horizon);
  const stepObservations = new Int32Array(discrete ? numEnvs * (horizon + 1) : 0);
  const stepFeatures = new Float32Array(numEnvs * horizon * featureSize);
  const knowsPropensities = new Uint8Array(numEnvs);
  const curve = new Float64Array(episodes === 1 ? horizon : episodes);
  /** Cumulative regret after each episode of the trial, [N, episodes]. */
  const episodeCurves = new Float64Array(episodes === 1 ? 0 : numEnvs * episodes);

  // Buffers of the outgoing message.
  const rewards = new Float32Array(numEnvs);
  const terminated = new Uint8Array(numEnvs);
  const states = new Int32Array(discrete ? numEnvs : 0);
  const features = new Float32Array(numEnvs * featureSize);
  const finalStates = new Int32Array(discrete ? numEnvs : 0);
  const finalFeatures = new Float32Array(numEnvs * featureSize);

  function startTrial(index: number): TrialStart | undefined {
    const ticket = source.take();
    if (ticket === undefined) return undefined;
    const { seeds } = ticket;
    const env = task.instantiate(seeds.taskSeed, seeds.noiseSeed);
    const slot: Slot = {
      env,
      oracle: createOracle(task, env),
      ticket,
      trialId: trialIdOf(run, seeds),
      episode: 0,
      episodeStartedAtMs: 0,
      agentMsAtStart: 0,
      trialSteps: 0,
      trialReturn: 0,
      trialRegret: 0,
      trialOptimalValue: 0,
    };
    slots[index] = slot;
    envs[index] = env;
    oracles[index] = slot.oracle;
    steady = slot.oracle.steady;
    active[index] = 1;
    activeCount += 1;
    startEpisode(slot, index, 0);
    const trialFeatures =
      env.trialFeatures === undefined ? undefined : float32Tensor(env.trialFeatures, [...task.trialFeaturesShape]);
    return {
      env: index,
      trialIndex: ticket.trialIndex,
      agentSeed: seeds.agentSeed,
      trialFeatures,
      taskSeed: withholdTruth ? undefined : seeds.taskSeed,
      noiseSeed: withholdTruth ? undefined : seeds.noiseSeed,
    };
  }

  function startEpisode(slot: Slot, index: number, episode: number): void {
    slot.env.reset(episode);
    slot.oracle.beginEpisode();
    slot.episode = episode;
    slot.episodeStartedAtMs = now();
    slot.agentMsAtStart = agentMsTotal;
    knowsPropensities[index] = 0;
    if (discrete) stepObservations[index * (horizon + 1)] = slot.env.observation;
  }

  /** Judges the steps `from` to `from + length`, out of the way of the lock-steps. */
  function judgeEpisode(oracle: Oracle, from: number, length: number): void {
    for (let t = 0; t < length; t++) {
      oracle.judge(t, 0, stepActions[from + t]);
      stepRegrets[from + t] = oracle.regret;
      stepOptimalActions[from + t] = oracle.optimalAction;
    }
  }

  /** Records the episode, which ended by itself, or was cut short for `truncatedBy`. */
  function endEpisode(slot: Slot, index: number, truncatedBy: Reason | undefined): void {
    const { env, ticket } = slot;
    const length = env.stepInEpisode;
    const complete = truncatedBy === undefined;
    const from = index * horizon;
    if (slot.oracle.steady) judgeEpisode(slot.oracle, from, length);
    let episodeReturn = 0;
    let episodeRegret = 0;
    for (let at = from; at < from + length; at++) {
      episodeReturn += stepRewards[at];
      episodeRegret += stepRegrets[at];
    }
    slot.trialReturn += episodeReturn;
    slot.trialRegret += episodeRegret;
    slot.trialOptimalValue += slot.oracle.episodeValue;
    slot.trialSteps += length;
    if (episodes > 1) episodeCurves[index * episodes + slot.episode] = slot.trialRegret;
    // Cut between two episodes: the row of the one that was begun, of no steps, says that the trial is short. Of a trial without any
    // there is nothing to say.
    if (slot.trialSteps === 0) return;
    totals.episodes += 1;
    if (recorder === undefined) return;
    const record: EpisodeRecord = {
      run,
      trialId: slot.trialId,
      trialIndex: ticket.trialIndex,
      episodeIndex: slot.episode,
      taskSeed: ticket.seeds.taskSeed,
      noiseSeed: ticket.seeds.noiseSeed,
      agentSeed: ticket.seeds.agentSeed,
      envIndex: index,
      startedAtMs: slot.episodeStartedAtMs,
      agentMs: agentMsTotal - slot.agentMsAtStart,
      length,
      terminated: complete,
      truncated: !complete,
      endReason: truncatedBy ?? env.endReason,
      return: episodeReturn,
      optimalValue: complete ? slot.oracle.episodeValue : undefined,
      regret: complete ? episodeRegret : undefined,
      observations: discrete
        ? stepObservations.subarray(index * (horizon + 1), index * (horizon + 1) + length + 1)
        : undefined,
      stepFeatures:
        featureSize > 0 ? stepFeatures.subarray(from * featureSize, (from + length) * featureSize) : undefined,
      actions: stepActions.subarray(from, from + length),
      rewards: stepRewards.subarray(from, from + length),
      propensities: knowsPropensities[index] === 1 ? stepPropensities.subarray(from, from + length) : undefined,
      regrets: stepRegrets.subarray(from, from + length),
      optimalActions: stepOptimalActions.subarray(from, from + length),
      trialFeatures: env.trialFeatures,
    };
    recorder.episode(index, record, complete && slot.episode + 1 === episodes);
  }

  function endTrial(slot: Slot, index: number, truncatedBy: Reason | undefined): TrialEnd {
    const complete = truncatedBy === undefined;
    if (complete) recorder?.endTrial(index, undefined);
    else unlessUnwritable(() => recorder?.endTrial(index, truncatedBy));
    if (complete) totals.completeTrials += 1;
    else totals.incompleteTrials += 1;
    active[index] = 0;
    activeCount -= 1;
    source.done({
      ticket: slot.ticket,
      complete,
      steps: slot.trialSteps,
      return: slot.trialReturn,
      regret: slot.trialRegret,
      optimalValue: slot.trialOptimalValue,
      curve: episodes > 1 ? episodeCurves.subarray(index * episodes, (index + 1) * episodes) : stepCurve(slot, index),
      actions: stepActions.subarray(index * horizon, index * horizon + slot.env.stepInEpisode),
      regrets: stepRegrets.subarray(index * horizon, index * horizon + slot.env.stepInEpisode),
      whenDurable: complete ? recorder?.durability() : undefined,
    });
    return {
      env: index,
      trialIndex: slot.ticket.trialIndex,
      trialReturn: slot.trialReturn,
      optimalValue: withholdTruth ? undefined : slot.trialOptimalValue,
      regret: withholdTruth ? undefined : slot.trialRegret,
      complete,
    };
  }

  /** Cumulative regret after each step of the trial's one episode; it stays where it is when the episode ends early. */
  function stepCurve(slot: Slot, index: number): Float64Array {
    let sum = 0;
    for (let t = 0; t < horizon; t++) {
      if (t < slot.env.stepInEpisode) sum += stepRegrets[index * horizon + t];
      curve[t] = sum;
    }
    return curve;
  }

  function box(data: Float32Array, rows: number): Tensor {
    return float32Tensor(data.subarray(0, rows * featureSize), [rows, ...boxShape]);
  }

  function observe(step: {
    first: boolean;
    anyTerminated: boolean;
    finalRows: number;
    trialStarts: TrialStart[];
    trialEnds: TrialEnd[];
  }): Observations {
    for (let n = 0; n < numEnvs; n++) {
      if (active[n] === 0) {
        if (discrete) states[n] = 0;
        else if (featureSize > 0) features.fill(0, n * featureSize, (n + 1) * featureSize);
      } else if (discrete) states[n] = slots[n].env.observation;
      else if (featureSize > 0) features.set(slots[n].env.features as Float32Array, n * featureSize);
    }
    let observation: Tensor | undefined;
    let finalObservation: Tensor | undefined;
    if (discrete) {
      observation = int32Tensor(states, [numEnvs]);
      if (step.finalRows > 0) finalObservation = int32Tensor(finalStates.subarray(0, step.finalRows), [step.finalRows]);
    } else if (featureSize > 0) {
      observation = box(features, numEnvs);
      if (step.finalRows > 0) finalObservation = box(finalFeatures, step.finalRows);
    }
    return {
      stepIndex: 0n, // the session numbers lock-steps
      observation,
      reward: step.first ? undefined : float32Tensor(rewards, [numEnvs]),
      terminated: step.anyTerminated ? boolTensor(terminated, [numEnvs]) : undefined,
      truncated: undefined,
      executedAction: undefined,
      active: activeCount === numEnvs ? undefined : boolTensor(active, [numEnvs]),
      finalObservation,
      trialStarts: step.trialStarts,
      trialEnds: step.trialEnds,
      durableTrials: BigInt(recorder?.durableTrials() ?? 0),
    };
  }

  return {
    task,
    numEnvs,
    totals,
    active,
    wantsProbabilities: false,
    get activeCount() {
      return activeCount;
    },
    start() {
      const trialStarts: TrialStart[] = [];
      for (let n = 0; n < numEnvs; n++) {
        const start = startTrial(n);
        if (start === undefined) break;
        trialStarts.push(start);
      }
      return observe({ first: true, anyTerminated: false, finalRows: 0, trialStarts, trialEnds: [] });
    },
    step(actions, propensities, agentMs) {
      agentMsTotal += agentMs;
      const trialStarts: TrialStart[] = [];
      const trialEnds: TrialEnd[] = [];
      let anyTerminated = false;
      let finalRows = 0;
      totals.steps += activeCount;
      source.stepped(activeCount);
      for (let n = 0; n < numEnvs; n++) {
        terminated[n] = 0;
        if (active[n] === 0) {
          rewards[n] = 0;
          continue;
        }
        const env = envs[n];
        const t = env.stepInEpisode;
        const action = actions[n];
        const at = n * horizon + t;
        if (featureSize > 0) stepFeatures.set(env.features as Float32Array, at * featureSize);
        if (!steady) {
          const oracle = oracles[n];
          oracle.judge(t, env.state, action);
          stepRegrets[at] = oracle.regret;
          stepOptimalActions[at] = oracle.optimalAction;
        }
        env.step(action);
        const { reward } = env;
        stepActions[at] = action;
        stepRewards[at] = reward;
        if (propensities !== undefined) {
          const propensity = propensities[n];
          stepPropensities[at] = propensity;
          if (propensity > 0) knowsPropensities[n] = 1;
        } else stepPropensities[at] = Number.NaN;
        if (discrete) stepObservations[n * (horizon + 1) + t + 1] = env.observation;
        rewards[n] = reward;
        if (!env.terminated) continue;
        anyTerminated = true;
        terminated[n] = 1;
        if (discrete) finalStates[finalRows] = env.observation;
        else if (featureSize > 0) finalFeatures.set(env.features as Float32Array, finalRows * featureSize);
        finalRows += 1;
        const slot = slots[n];
        endEpisode(slot, n, undefined);
        if (slot.episode + 1 < episodes) {
          startEpisode(slot, n, slot.episode + 1);
          continue;
        }
        trialEnds.push(endTrial(slot, n, undefined));
        const start = startTrial(n);
        if (start !== undefined) trialStarts.push(start);
      }
      return observe({ first: false, anyTerminated, finalRows, trialStarts, trialEnds });
    },
    bestAction: (n) => oracles[n].best(envs[n].stepInEpisode, envs[n].state),
    abort(reason) {
      for (let n = 0; n < numEnvs; n++) {
        if (active[n] === 0) continue;
        unlessUnwritable(() => endEpisode(slots[n], n, reason));
        endTrial(slots[n], n, reason);
      }
    },
    durableTrials: () => recorder?.durableTrials() ?? 0,
    whenDurable: async () => recorder?.whenDurable(),
  };
}

/** Records what was cut short. A log that cannot be written is often why it was; it is not acknowledged, so nothing is broken. */
function unlessUnwritable(record: () => void): void {
  try {
    record();
  } catch (error) {
    if (!(error instanceof IcrlError && error.reason === "LOG_UNWRITABLE")) throw error;
  }
}
