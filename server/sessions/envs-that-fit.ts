/** What a play holds in memory: reckoned before anything is allocated. */
import type { Task } from "../tasks/task.js";
import { MAX_ROW_BYTES } from "../trajectories/sink.js";
import { answerBytes } from "./decode-request.js";
import type { Limits } from "./limits.js";
import { featureSizeOf } from "./lock-step.js";

/** Bytes that a step holds until its episode ends: what newEpisodeSteps keeps of a task that shows at most an integer. */
const STEP_BYTES = 24;

/** Bytes of an env's objects: the env itself, its oracle and noise, its slot, its ticket. */
const ENV_BYTES = 1500;

/** Bytes of an env in a message, beside what it shows: its reward and flags, the end of its trial and the beginning of the next. */
const MESSAGE_BYTES = 150;

/** Bytes of a row of the log beside its steps and the texts of its run. */
const ROW_BYTES = 500;

/** An answer is held to be repeated, and so is what it is made of; one more copy is on its way. */
const ANSWERS = 3;

const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

const stepBytesOf = ({ observationSpace, numActions }: Task, probabilities: boolean): number =>
  STEP_BYTES + 4 * featureSizeOf(observationSpace) + (probabilities ? 4 * numActions : 0);

const trialFeatureBytesOf = ({ trialFeaturesShape: shape }: Task): number =>
  shape.length > 0 ? 4 * product(shape) : 0;

/** Bytes that these texts, and objects as JSON, take in each row of the log. */
export const rowTextBytes = (...texts: readonly object[]): number =>
  texts.reduce<number>((sum, text) => sum + Buffer.byteLength(JSON.stringify(text)), 0);

/**
 * About how many bytes a play takes: instances and their plans, unfinished episodes and the copy of them that the log takes, and the
 * answer that may have to be repeated.
 *
 * @param wholeTrials whether all episodes of a trial stay in memory until it ends, and its result until it is durable
 * @param rowText bytes of what all rows have in common
 * @param probabilities whether those of all actions are kept at every step
 */
export function playBytes(
  task: Task,
  numEnvs: number,
  wholeTrials: boolean,
  rowText: number,
  probabilities = false,
): number {
  const { horizon, episodes, observationSpace: space, numActions } = task;
  const copies = wholeTrials ? episodes + 1 : 2;
  const steps = copies * horizon * stepBytesOf(task, probabilities);
  const rows = (wholeTrials ? episodes : 1) * (ROW_BYTES + rowText);
  const curve = episodes > 1 ? 8 * episodes : 0;
  const result = wholeTrials ? Math.max(curve, 8 * horizon) + 8 * horizon : 0;
  const answer = ANSWERS * (MESSAGE_BYTES + 8 * featureSizeOf(space) + trialFeatureBytesOf(task));
  const perEnv = ENV_BYTES + task.cost.bytes + steps + rows + result + curve + answer;
  return numEnvs * perEnv + answerBytes(numEnvs, numActions);
}

/**
 * Envs of a task that a session can hold, 0 if not even one or an episode is more than the log takes. Episodes stay in memory until they end, a trial's features and regret
 * curve as long as the trial: max_steps_in_flight bounds the steps, and with them the bytes, of tasks that need more a step as well;
 * max_session_bytes bounds all of it.
 *
 * @param wholeTrials whether all episodes of a trial stay in memory until it ends
 * @param rowText bytes of what all rows have in common
 * @param probabilities whether those of all actions are kept at every step
 */
export function envsThatFit(
  task: Task,
  limits: Limits,
  wholeTrials = false,
  rowText = 0,
  probabilities = false,
): number {
  const { horizon, episodes } = task;
  const stepBytes = stepBytesOf(task, probabilities);
  if (ROW_BYTES + rowText + horizon * stepBytes + trialFeatureBytesOf(task) > MAX_ROW_BYTES) return 0;
  const trialBytes = trialFeatureBytesOf(task) + (episodes > 1 ? 8 * episodes : 0);
  const bytes = limits.maxStepsInFlight * STEP_BYTES;
  const heldSteps = wholeTrials && episodes > 1 ? horizon * (episodes + 1) : horizon;
  const byOne = playBytes(task, 1, wholeTrials, rowText, probabilities);
  const perEnv = playBytes(task, 2, wholeTrials, rowText, probabilities) - byOne;
  const most = Math.min(limits.maxSessionBytes, limits.maxMemoryBytes);
  return Math.min(
    limits.maxEnvs,
    Math.floor(bytes / (heldSteps * stepBytes + trialBytes)),
    Math.max(0, Math.floor((most - (byOne - perEnv)) / perEnv)),
  );
}
