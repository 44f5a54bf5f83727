import type { Arms, Outcome } from "../../clients/typescript/define-agent.js";
import { trialOf } from "../../clients/typescript/trial-of.js";
import { IcrlError } from "../../common/errors.js";
import { rngFromSeed } from "../../common/rng.js";
import { type DatasetBatch, readDataset } from "../../datasets/read/read-dataset.js";
import { describeTask } from "../../server/tasks/describe-task.js";
import type { RatioBehaviour, RatioTask } from "./ratio-tasks.js";

const COLUMNS = [
  "episode_index",
  "agent_seed",
  "observations",
  "step_features",
  "actions",
  "rewards",
  "propensities",
  "trial_features",
  "terminated",
  "truncated",
] as const;

/** Trials of a behaviour that are looked at. */
const SAMPLE_TRIALS = 20;
/** Propensities are stored as float32, and other machines round in their own way. */
const TOLERANCE = 1e-5;

/** How the recorded propensities agree with the laws of the agent of this version. */
export interface RecordedCheck {
  /** Steps with a recorded propensity that were compared. */
  readonly steps: number;
  /** Largest difference of a recorded propensity and what the law says. */
  readonly maxDifference: number;
}

/**
 * Compares what a behaviour recorded with its laws, over its first trials.
 *
 * @throws PROBABILITIES_UNKNOWN if they are not the same: the data was not made by this agent with these options
 */
export async function checkRecorded(dir: string, task: RatioTask, behaviour: RatioBehaviour): Promise<RecordedCheck> {
  const reading = readDataset(dir, {
    columns: COLUMNS,
    unit: "trial",
    batchUnits: SAMPLE_TRIALS,
    task: task.id,
    behaviour: behaviour.name,
  });
  let [steps, maxDifference] = [0, 0];
  for await (const batch of reading) {
    for (let unit = 0; unit + 1 < batch.units.length; unit++) {
      const check = checkTrial(task, behaviour, batch, batch.units[unit], batch.units[unit + 1]);
      steps += check.steps;
      maxDifference = Math.max(maxDifference, check.maxDifference);
    }
    break;
  }
  if (maxDifference > TOLERANCE) {
    throw new IcrlError(
      "PROBABILITIES_UNKNOWN",
      `behaviour "${behaviour.name}" recorded propensities that differ by up to ${maxDifference.toPrecision(3)} from the law of agent "${behaviour.player.agent.name}" with its options: the data is not by this agent, or by another version of it`,
      { behaviour: behaviour.name },
    );
  }
  return { steps, maxDifference };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Tells a new policy what happened in the rows of one trial, from its first episode on, asking before each step. */
function checkTrial(
  { task }: RatioTask,
  { player }: RatioBehaviour,
  { columns }: DatasetBatch<(typeof COLUMNS)[number]>,
  from: number,
  to: number,
): RecordedCheck {
  const space = task.observationSpace;
  const shape = space.type === "box" ? space.shape : task.trialFeaturesShape;
  const armsOf = (data: Float32Array): Arms => ({ data, rows: task.numActions, cols: shape[1] ?? 0 });
  const { offsets: featureOffsets, values: trialFeatures } = columns.trial_features;
  const fixed =
    task.trialFeaturesShape.length === 0
      ? undefined
      : armsOf(trialFeatures.slice(featureOffsets[from], featureOffsets[from + 1]));
  const rng = rngFromSeed(columns.agent_seed[from]);
  const policy = player.agent.create(trialOf(describeTask(task), fixed), player.options, rng);
  const law = new Float64Array(task.numActions);
  const at: Writable<Outcome> = {
    state: 0,
    arms: fixed,
    episode: 0,
    step: 0,
    action: 0,
    reward: 0,
    nextState: 0,
    terminated: false,
    truncated: false,
  };
  let [steps, maxDifference] = [0, 0];
  for (let row = from; row < to; row++) {
    if (columns.episode_index[row] !== row - from) break; // what it learned from is not all there
    const start = columns.actions.offsets[row];
    const length = columns.actions.offsets[row + 1] - start;
    const states = space.type === "discrete" ? columns.observations.offsets[row] : undefined;
    at.episode = row - from;
    for (let step = 0; step < length; step++) {
      at.step = step;
      if (states !== undefined) at.state = columns.observations.values[states + step];
      if (space.type === "box") {
        const size = task.numActions * (shape[1] ?? 0);
        const features = columns.step_features.offsets[row] + step * size;
        at.arms = armsOf(columns.step_features.values.slice(features, features + size));
      }
      at.action = columns.actions.values[start + step];
      const recorded =
        columns.propensities.nulls?.[row] === 1
          ? Number.NaN
          : columns.propensities.values[columns.propensities.offsets[row] + step];
      if (!Number.isNaN(recorded)) {
        law.fill(Number.NaN);
        policy.probabilities?.(at, law);
        steps += 1;
        maxDifference = Math.max(maxDifference, Math.abs(law[at.action] - recorded));
      }
      policy.act(at);
      at.reward = columns.rewards.values[start + step];
      if (states !== undefined) at.nextState = columns.observations.values[states + step + 1];
      at.terminated = step === length - 1 && columns.terminated[row] === 1;
      at.truncated = step === length - 1 && columns.truncated[row] === 1;
      policy.observe?.(at);
    }
  }
  return { steps, maxDifference };
}
