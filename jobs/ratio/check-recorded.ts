import { trialOf } from "../../clients/typescript/trial-of.js";
import { viewOf } from "../../clients/typescript/trial-view.js";
import { IcrlError } from "../../common/errors.js";
import { rngFromSeed } from "../../common/rng.js";
import { readDataset } from "../../datasets/read/read-dataset.js";
import { describeTask } from "../../server/tasks/describe-task.js";
import { playPolicy } from "../simulate/play-policy.js";
import type { RatioBehaviour, RatioTask } from "./ratio-tasks.js";
import { RECORDED_COLUMNS, type RecordedColumns, recordedTrial } from "./recorded-trial.js";

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
    columns: RECORDED_COLUMNS,
    unit: "trial",
    batchUnits: SAMPLE_TRIALS,
    task: task.id,
    behaviour: behaviour.name,
  });
  let [steps, maxDifference] = [0, 0];
  for await (const batch of reading) {
    for (let unit = 0; unit + 1 < batch.units.length; unit++) {
      const check = checkTrial(task, behaviour, batch.columns, batch.units[unit], batch.units[unit + 1]);
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

/** Plays what the rows of one trial say, and compares the law of a new policy with each propensity that they have. */
function checkTrial(
  { task }: RatioTask,
  { player }: RatioBehaviour,
  columns: RecordedColumns,
  from: number,
  to: number,
): RecordedCheck {
  const recorded = recordedTrial(task, columns, from, to);
  const trial = trialOf(describeTask(task), recorded.trialFeatures);
  const policy = player.agent.create(trial, player.options, rngFromSeed(columns.agent_seed[from]));
  const setup = {
    episodes: recorded.episodes,
    numActions: task.numActions,
    truncated: recorded.truncated,
    forced: () => recorded.nextAction,
    asksProbabilities: true,
  };
  let [steps, maxDifference] = [0, 0];
  for (const { view, probabilities } of playPolicy(recorded, policy, viewOf(trial), setup)) {
    if (Number.isNaN(recorded.propensity)) continue;
    steps += 1;
    maxDifference = Math.max(maxDifference, Math.abs(probabilities[view.action] - recorded.propensity));
  }
  return { steps, maxDifference };
}
