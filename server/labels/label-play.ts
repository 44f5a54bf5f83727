/**
 * Recorded trials that are open in a session to be labelled: shows what was seen, keeps what the agent would do, tells what was
 * done. No env is stepped: everything comes from the rows.
 */
import { labelSeed } from "../../common/seeds.js";
import { boolTensor, float32Tensor, int32Tensor } from "../../common/tensor.js";
import type { TrajectoryRow } from "../../datasets/trajectory-schema.js";
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
  const rows: TrajectoryRow[] = []; // of the episode in each env
  const rowIndex = new Int32Array(numEnvs);
  const steps = new Int32Array(numEnvs); // labelled in the episode
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
    const row = rows[n];
    return {
      env: n,
      trialIndex: row.trial_index,
      agentSeed: labelSeed(label, row.trial_id),
      trialFeatures:
        row.trial_features === null ? undefined : float32Tensor(row.trial_features, [...task.trialFeaturesShape]),
      taskSeed: undefined,
      noiseSeed: undefined,
    };
  }

  function startEpisode(n: number, row: number): void {
    const { shard } = trials[n];
    rows[n] = shard.rows[row];
    rowIndex[n] = row;
    steps[n] = 0;
    shard.known[row] = 1;
  }

  function endTrial(n: number): TrialEnd {
    const trial = trials[n];
    active[n] = 0;
    activeCount -= 1;
    totals.completeTrials += 1;
    let trialReturn = 0;
    for (let row = trial.firstRow; row < trial.endRow; row++) trialReturn += trial.shard.rows[row].return;
    source.done(trial);
    return {
      env: n,
      trialIndex: rows[n].trial_index,
      trialReturn,
      optimalValue: undefined,
      regret: undefined,
      complete: true,
    };
  }

  /** Keeps what the agent would do in env n. */
  function keep(n: number, action: number, probabilities: Float32Array | undefined): void {
    const { shard } = trials[n];
    const row = rowIndex[n];
    const step = steps[n];
    shard.actions[shard.stepOffsets[row] + step] = action;
    let from = n * numActions;
    if (probabilities === undefined || Number.isNaN(probabilities[from])) {
      shard.known[row] = 0;
      return;
    }
    const target = shard.probabilities;
    let to = shard.probabilityOffsets[row] + step * numActions;
    for (const end = from + numActions; from < end; from++, to++) target[to] = probabilities[from];
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
      for (let n = 0; n < numEnvs; n++)
        states[n] = active[n] === 1 ? (rows[n].observations as Int32Array)[steps[n]] : 0;
      observation = int32Tensor(states, [numEnvs]);
    } else if (featureSize > 0) {
      for (let n = 0; n < numEnvs; n++) {
        const at = n * featureSize;
        if (active[n] === 0) features.fill(0, at, at + featureSize);
        else {
          const seen = rows[n].step_features as Float32Array;
          features.set(seen.subarray(steps[n] * featureSize, (steps[n] + 1) * featureSize), at);
        }
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
        keep(n, actions[n], probabilities);
        const row = rows[n];
        const step = steps[n];
        executed[n] = row.actions[step];
        rewards[n] = row.rewards[step];
        steps[n] = step + 1;
        if (step + 1 < row.length) continue;
        anyTerminated = true;
        terminated[n] = 1;
        if (discrete) {
          finalStates[finalRows] = (row.observations as Int32Array)[step + 1];
          finalRows += 1;
        }
        totals.episodes += 1;
        if (rowIndex[n] + 1 < trials[n].endRow) {
          startEpisode(n, rowIndex[n] + 1);
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
