/**
 * Recorded trials that are open in a session to be labelled: shows what was seen, keeps what the agent would do, tells what was
 * done. No env is stepped: everything comes from the rows.
 */
import { labelSeed } from "../../common/seeds.js";
import { boolTensor, float32Tensor, int32Tensor } from "../../common/tensor.js";
import type { Observations, TrialEnd, TrialStart } from "../../proto/gen/icrl/v1/environment.js";
import type { Tensor } from "../../proto/gen/icrl/v1/tensor.js";
import type { Play, PlayTotals } from "../sessions/play.js";
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

/**
 * Opens trials of one task.
 *
 * @param label name of the labels: experts' seeds come from it
 */
export function createLabelPlay(label: string, task: Task, numEnvs: number, source: LabelSource): Play {
  const { numActions } = task;
  const space = task.observationSpace;
  const discrete = space.type === "discrete";
  const boxShape = space.type === "box" ? space.shape : [];
  const featureSize = space.type === "box" ? boxShape.reduce((product, length) => product * length, 1) : 0;

  const trials: LabelTrial[] = [];
  const row = new Int32Array(numEnvs); // of the episode in each env
  // Where each env is in the columns of its shard, and where its episode ends.
  const stepAt = new Int32Array(numEnvs);
  const stepEnd = new Int32Array(numEnvs);
  const probabilityAt = new Int32Array(numEnvs);
  const observationAt = new Int32Array(numEnvs);
  const featureAt = new Int32Array(numEnvs);
  const active = new Uint8Array(numEnvs);
  const totals: PlayTotals = { completeTrials: 0, incompleteTrials: 0, episodes: 0, steps: 0 };
  let activeCount = 0;

  // Buffers of the outgoing message.
  const executed = new Int32Array(numEnvs);
  const rewards = new Float32Array(numEnvs);
  const terminated = new Uint8Array(numEnvs);
  const states = new Int32Array(discrete ? numEnvs : 0);
  const features = new Float32Array(numEnvs * featureSize);
  const finalStates = new Int32Array(discrete ? numEnvs : 0);

  function startTrial(n: number): TrialStart | undefined {
    const trial = source.take(task);
    if (trial === undefined) return undefined;
    trials[n] = trial;
    active[n] = 1;
    activeCount += 1;
    startEpisode(n, trial.firstRow);
    const { trialId, trialIndex } = trial.shard.recorded.episodes[trial.firstRow];
    const { items, offsets } = trial.shard.recorded.trialFeatures;
    const trialFeatures = items.subarray(offsets[trial.firstRow], offsets[trial.firstRow + 1]);
    return {
      env: n,
      trialIndex,
      agentSeed: labelSeed(label, trialId),
      trialFeatures:
        trialFeatures.length === 0 ? undefined : float32Tensor(trialFeatures, [...task.trialFeaturesShape]),
      taskSeed: undefined,
      noiseSeed: undefined,
    };
  }

  function startEpisode(n: number, episodeRow: number): void {
    const { recorded, labels } = trials[n].shard;
    row[n] = episodeRow;
    stepAt[n] = labels.stepOffsets[episodeRow];
    stepEnd[n] = labels.stepOffsets[episodeRow + 1];
    probabilityAt[n] = labels.probabilityOffsets[episodeRow];
    observationAt[n] = recorded.observations.offsets[episodeRow];
    featureAt[n] = recorded.stepFeatures.offsets[episodeRow];
    labels.known[episodeRow] = 1;
  }

  function endTrial(n: number): TrialEnd {
    const trial = trials[n];
    active[n] = 0;
    activeCount -= 1;
    totals.completeTrials += 1;
    let trialReturn = 0;
    for (let i = trial.firstRow; i < trial.endRow; i++) trialReturn += trial.shard.recorded.episodes[i].return;
    source.done(trial);
    return {
      env: n,
      trialIndex: trial.shard.recorded.episodes[trial.firstRow].trialIndex,
      trialReturn,
      optimalValue: undefined,
      regret: undefined,
      complete: true,
    };
  }

  /** Keeps what the agent would do in env n, and tells what was done. */
  function stepEnv(n: number, action: number, probabilities: Float32Array | undefined): void {
    const { recorded, labels } = trials[n].shard;
    const at = stepAt[n];
    labels.actions[at] = action;
    executed[n] = recorded.actions.items[at];
    rewards[n] = recorded.rewards.items[at];
    stepAt[n] = at + 1;
    observationAt[n] += 1;
    featureAt[n] += featureSize;
    let from = n * numActions;
    if (probabilities === undefined || Number.isNaN(probabilities[from])) {
      labels.known[row[n]] = 0;
      return;
    }
    const target = labels.probabilities;
    let to = probabilityAt[n];
    for (const end = from + numActions; from < end; from++, to++) target[to] = probabilities[from];
    probabilityAt[n] = to;
  }

  function observe(
    first: boolean,
    anyTerminated: boolean,
    finalRows: number,
    trialStarts: TrialStart[],
    trialEnds: TrialEnd[],
  ): Observations {
    let observation: Tensor | undefined;
    if (discrete) {
      for (let n = 0; n < numEnvs; n++) {
        states[n] = active[n] === 1 ? trials[n].shard.recorded.observations.items[observationAt[n]] : 0;
      }
      observation = int32Tensor(states, [numEnvs]);
    } else if (featureSize > 0) {
      for (let n = 0; n < numEnvs; n++) {
        const to = n * featureSize;
        const from = featureAt[n];
        if (active[n] === 0) features.fill(0, to, to + featureSize);
        else features.set(trials[n].shard.recorded.stepFeatures.items.subarray(from, from + featureSize), to);
      }
      observation = float32Tensor(features, [numEnvs, ...boxShape]);
    }
    return {
      stepIndex: 0n, // the session numbers lock-steps
      observation,
      reward: first ? undefined : float32Tensor(rewards, [numEnvs]),
      terminated: anyTerminated ? boolTensor(terminated, [numEnvs]) : undefined,
      truncated: undefined,
      executedAction: first ? undefined : int32Tensor(executed, [numEnvs]),
      active: activeCount === numEnvs ? undefined : boolTensor(active, [numEnvs]),
      // What a box space showed after an episode's last action is not in the log.
      finalObservation: finalRows > 0 ? int32Tensor(finalStates.subarray(0, finalRows), [finalRows]) : undefined,
      trialStarts,
      trialEnds,
      durableTrials: 0n,
    };
  }

  return {
    task,
    numEnvs,
    totals,
    active,
    wantsProbabilities: true,
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
      return observe(true, false, 0, trialStarts, []);
    },
    step(actions, _propensities, _agentMs, probabilities) {
      const trialStarts: TrialStart[] = [];
      const trialEnds: TrialEnd[] = [];
      let anyTerminated = false;
      let finalRows = 0;
      totals.steps += activeCount;
      for (let n = 0; n < numEnvs; n++) {
        terminated[n] = 0;
        if (active[n] === 0) {
          executed[n] = 0;
          rewards[n] = 0;
          continue;
        }
        stepEnv(n, actions[n], probabilities);
        if (stepAt[n] < stepEnd[n]) continue;
        anyTerminated = true;
        terminated[n] = 1;
        if (discrete) {
          finalStates[finalRows] = trials[n].shard.recorded.observations.items[observationAt[n]];
          finalRows += 1;
        }
        totals.episodes += 1;
        if (row[n] + 1 < trials[n].endRow) {
          startEpisode(n, row[n] + 1);
          continue;
        }
        trialEnds.push(endTrial(n));
        const start = startTrial(n);
        if (start !== undefined) trialStarts.push(start);
      }
      return observe(false, anyTerminated, finalRows, trialStarts, trialEnds);
    },
    abort() {
      for (let n = 0; n < numEnvs; n++) {
        if (active[n] === 0) continue;
        active[n] = 0;
        activeCount -= 1;
        totals.incompleteTrials += 1;
        source.giveBack(trials[n]);
      }
    },
    // Labels become durable by the shard: `closed.finished` tells when all are.
    durableTrials: () => 0,
    whenDurable: async () => {},
  };
}
