/**
 * Drives recorded trials that are to be labelled: shows what was seen, keeps what the agent would do, tells what was done. No env is
 * stepped: everything comes from the rows.
 */
import { labelSeed } from "../../common/seeds.js";
import { inOneSlice } from "../../common/slices.js";
import { float32Tensor } from "../../common/tensor.js";
import type { TrialEnd, TrialStart } from "../../proto/gen/icrl/v1/environment.js";
import type { Driver, EnvRange } from "../sessions/driver.js";
import { type Answer, featureSizeOf, type LockStep } from "../sessions/lock-step.js";
import type { Task } from "../tasks/task.js";
import type { LabelTrial } from "./label-shard.js";

/** Where its trials come from, and where labels go. */
export interface LabelSource {
  /** The next trial of the task, or undefined when there is none now. */
  take(task: Task): LabelTrial | undefined;
  /** All steps of a trial are labelled. */
  done(trial: LabelTrial): void;
  /** A trial was not labelled to its end. */
  giveBack(trial: LabelTrial): void;
}

/** N envs, and where each is in the columns of its shard. */
interface Recorded {
  readonly numActions: number;
  readonly featureSize: number;
  /** By env, as all that follows. */
  readonly trials: LabelTrial[];
  /** Of the episode. */
  readonly row: Int32Array;
  readonly stepAt: Int32Array;
  /** Where the episode ends. */
  readonly stepEnd: Int32Array;
  readonly probabilityAt: Int32Array;
  readonly observationAt: Int32Array;
  readonly featureAt: Int32Array;
}

/** Operations of a step beside its probabilities, and of beginning a trial. */
const STEP_WORK = 200;
const START_WORK = 8_000;

/**
 * Drives trials of one task.
 *
 * @param label name of the labels: experts' seeds come from it
 */
export function recordedDriver(label: string, task: Task, numEnvs: number, source: LabelSource): Driver {
  const places = () => new Int32Array(numEnvs);
  const recorded: Recorded = {
    numActions: task.numActions,
    featureSize: featureSizeOf(task.observationSpace),
    trials: [],
    row: places(),
    stepAt: places(),
    stepEnd: places(),
    probabilityAt: places(),
    observationAt: places(),
    featureAt: places(),
  };
  const { trials, row, observationAt, featureAt, featureSize } = recorded;
  return {
    task,
    numEnvs,
    work: { step: STEP_WORK + task.numActions, start: START_WORK, end: 1_000 },
    wantsProbabilities: true,
    tellsExecuted: true,
    // What a box space showed after an episode's last action is not in the log.
    knowsFinalFeatures: false,
    startTrial: (n) =>
      inOneSlice(() => {
        const trial = source.take(task);
        if (trial === undefined) return undefined;
        trials[n] = trial;
        startEpisode(recorded, n, trial.firstRow);
        return startOf(trial, n, label);
      }),
    step: (answer, shown, range, ended) => stepEnvs(recorded, answer, shown, range, ended),
    observation: (n) => trials[n].shard.recorded.observations.items[observationAt[n]],
    features(n) {
      const from = featureAt[n];
      return trials[n].shard.recorded.stepFeatures.items.subarray(from, from + featureSize);
    },
    endEpisode(n) {
      const trial = trials[n];
      if (row[n] + 1 < trial.endRow) {
        startEpisode(recorded, n, row[n] + 1);
        return undefined;
      }
      source.done(trial);
      return endOf(trial, n);
    },
    cutShort(n) {
      source.giveBack(trials[n]);
      return false;
    },
    // Labels become durable by the shard: `closed.finished` tells when all are.
    durableTrials: () => 0,
    whenDurable: async () => {},
  };
}

function startOf({ shard, task, firstRow }: LabelTrial, n: number, label: string): TrialStart {
  const { trialId, trialIndex } = shard.recorded.episodes[firstRow];
  const { items, offsets } = shard.recorded.trialFeatures;
  const trialFeatures = items.subarray(offsets[firstRow], offsets[firstRow + 1]);
  return {
    env: n,
    trialIndex,
    agentSeed: labelSeed(label, trialId),
    trialFeatures: trialFeatures.length === 0 ? undefined : float32Tensor(trialFeatures, [...task.trialFeaturesShape]),
    taskSeed: undefined,
    noiseSeed: undefined,
  };
}

function endOf({ shard, firstRow, endRow }: LabelTrial, n: number): TrialEnd {
  const { episodes } = shard.recorded;
  let trialReturn = 0;
  for (let row = firstRow; row < endRow; row++) trialReturn += episodes[row].return;
  const { trialIndex } = episodes[firstRow];
  return { env: n, trialIndex, trialReturn, optimalValue: undefined, regret: undefined, complete: true };
}

function startEpisode(at: Recorded, n: number, row: number): void {
  const { recorded, labels } = at.trials[n].shard;
  at.row[n] = row;
  at.stepAt[n] = labels.stepOffsets[row];
  at.stepEnd[n] = labels.stepOffsets[row + 1];
  at.probabilityAt[n] = labels.probabilityOffsets[row];
  at.observationAt[n] = recorded.observations.offsets[row];
  at.featureAt[n] = recorded.stepFeatures.offsets[row];
  labels.known[row] = 1;
}

/** Keeps what the agent would do in each active env, and tells what was done; `ended` takes those whose episode is over. */
function stepEnvs(at: Recorded, answer: Answer, shown: LockStep, { from, to }: EnvRange, ended: Int32Array): void {
  const { active, rewards, executed } = shown;
  const { actions, probabilities } = answer;
  const done = executed as Int32Array; // it tells them
  let count = shown.ended;
  for (let n = from; n < to; n++) {
    done[n] = 0;
    rewards[n] = 0;
    if (active[n] === 0) continue;
    const { recorded, labels } = at.trials[n].shard;
    const step = at.stepAt[n];
    labels.actions[step] = actions[n];
    done[n] = recorded.actions.items[step];
    rewards[n] = recorded.rewards.items[step];
    at.stepAt[n] = step + 1;
    at.observationAt[n] += 1;
    at.featureAt[n] += at.featureSize;
    keepProbabilities(at, n, probabilities);
    if (step + 1 === at.stepEnd[n]) ended[count++] = n;
  }
  shown.ended = count;
}

/** Keeps row n of the probabilities; where it is unknown, the whole episode's are. */
function keepProbabilities(at: Recorded, n: number, probabilities: Float32Array | undefined): void {
  const { labels } = at.trials[n].shard;
  let from = n * at.numActions;
  if (probabilities === undefined || Number.isNaN(probabilities[from])) {
    labels.known[at.row[n]] = 0;
    return;
  }
  let to = at.probabilityAt[n];
  for (const end = from + at.numActions; from < end; from++, to++) labels.probabilities[to] = probabilities[from];
  at.probabilityAt[n] = to;
}
