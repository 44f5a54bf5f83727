/**
 * Requests of a session, decoded and checked against what is open and what is allowed: what passes here can be played. Each
 * function throws the reason that it is named by.
 */
import { IcrlError } from "../../common/errors.js";
import { FILE_NAME_RULE, isFileName } from "../../common/names.js";
import { playsTask } from "../../common/plays-task.js";
import { PURPOSES, type Purpose, trialSeeds } from "../../common/seeds.js";
import { float32Elements, int32Elements } from "../../common/tensor.js";
import { nameProblem } from "../../common/visible-text.js";
import type { TrialSeries } from "../../datasets/log/recorded-trials.js";
import type { Actions, Hello, Open } from "../../proto/gen/icrl/v1/environment.js";
import type { CountTrialsRequest } from "../../proto/gen/icrl/v1/trajectory.js";
import { buildTask } from "../tasks/registry.js";
import type { Task } from "../tasks/task.js";
import { wantsProbabilities } from "./capabilities.js";
import { checkOptions, checkTags } from "./checked-options.js";
import { envsThatFit, rowTextBytes } from "./envs-that-fit.js";
import type { Limits } from "./limits.js";
import type { Play } from "./play.js";
import { checkTaskCost } from "./task-cost.js";
import { type TrialKey, trialIdOf } from "./trial-id.js";

/**
 * What an `open` asks for.
 * @throws TASK_UNKNOWN, OPTION_UNKNOWN, OPTION_INVALID, TASK_UNSUPPORTED, REQUEST_TOO_COSTLY, ENVS_INVALID, TRIALS_INVALID, PURPOSE_INVALID, NAME_INVALID
 */
export function checkedOpen(message: Open, hello: Hello, limits: Limits): { task: Task; purpose: Purpose } {
  checkTags(message.tags);
  const task = buildTask(message.task, message.options ?? {});
  if (!playsTask(hello.tasks, task.name, task.kinds)) {
    throw new IcrlError(
      "TASK_UNSUPPORTED",
      `agent "${hello.agent}" declares ${hello.tasks.join(", ")}: task "${task.name}" is ${[task.name, ...task.kinds].join(", ")}`,
      { agent: hello.agent, task: task.name },
    );
  }
  checkTaskCost(task, limits);
  checkNumEnvs(message, limits);
  if (message.numEnvs * task.horizon > limits.maxStepsInFlight) {
    throw new IcrlError(
      "ENVS_INVALID",
      `num_envs * horizon is ${message.numEnvs} * ${task.horizon}: at most ${limits.maxStepsInFlight} are held in memory`,
      {
        num_envs: message.numEnvs,
        limit: Math.floor(limits.maxStepsInFlight / task.horizon),
        bound: "max_steps_in_flight",
      },
    );
  }
  const fitting = envsThatFit(
    task,
    limits,
    false,
    rowTextBytes(message.tags, hello.agentOptions ?? {}, task.options),
    wantsProbabilities(hello),
  );
  if (message.numEnvs > fitting) {
    throw new IcrlError(
      "ENVS_INVALID",
      `num_envs is ${message.numEnvs}: ${fitting} envs of this task fit in a session's memory, ${limits.maxSessionBytes} bytes`,
      { num_envs: message.numEnvs, limit: fitting, bound: "max_session_bytes" },
    );
  }
  const { envSeeds, numEnvs } = message;
  if (envSeeds.length > 0 && envSeeds.length !== numEnvs) {
    throw new IcrlError(
      "TRIALS_INVALID",
      `num_envs is ${numEnvs} with ${envSeeds.length} env_seeds: give one for each env, or none`,
      { trials: message.trials, num_envs: numEnvs },
    );
  }
  checkTrials(message, limits, envSeeds.length || 1);
  checkInstances(message);
  if (message.explicitSeeds.length > 0 && BigInt(message.explicitSeeds.length) !== message.trials) {
    throw new IcrlError(
      "TRIALS_INVALID",
      `trials is ${message.trials} with ${message.explicitSeeds.length} explicit_seeds: give one for each trial, or none`,
      { trials: message.trials, limit: message.explicitSeeds.length },
    );
  }
  return { task, purpose: purposeOf(message.purpose) };
}

/**
 * @param series how many series the trials are of, as many of each
 * @throws TRIALS_INVALID
 */
function checkTrials(message: Pick<Open, "trials" | "firstTrial">, limits: Limits, series = 1): void {
  const { trials, firstTrial } = message;
  if (trials < 1n || trials > BigInt(limits.maxTrials)) {
    throw new IcrlError("TRIALS_INVALID", `trials is ${trials}: give 1 to ${limits.maxTrials}`, {
      trials,
      limit: limits.maxTrials,
    });
  }
  if (trials % BigInt(series) !== 0n) {
    throw new IcrlError(
      "TRIALS_INVALID",
      `trials is ${trials} with ${series} env_seeds: give a multiple, as each env plays as many`,
      { trials, num_envs: series },
    );
  }
  if (firstTrial + trials / BigInt(series) > 1n << 64n) {
    throw new IcrlError(
      "TRIALS_INVALID",
      `first_trial is ${firstTrial} with ${trials} trials: the last one's index must fit a uint64`,
      { trials, first_trial: firstTrial },
    );
  }
}

/** @throws TRIALS_INVALID */
function checkInstances({
  instances,
  trials,
}: {
  readonly instances?: number | undefined;
  readonly trials: bigint;
}): void {
  if (instances !== 0) return;
  throw new IcrlError("TRIALS_INVALID", "instances is 0: give at least 1, or nothing for one of each trial's own", {
    trials,
  });
}

/**
 * How long an agent may take for its actions in what it opens, in milliseconds.
 * @throws TIMEOUT_INVALID
 */
export function checkedActTimeoutMs({ actTimeoutMs }: Open, limits: Limits): number {
  if (actTimeoutMs <= limits.maxActTimeoutMs) return actTimeoutMs || limits.actTimeoutMs;
  throw new IcrlError(
    "TIMEOUT_INVALID",
    `act_timeout_ms is ${actTimeoutMs}: give at most limits.max_act_timeout_ms, ${limits.maxActTimeoutMs}, or 0 for ${limits.actTimeoutMs}`,
    { act_timeout_ms: actTimeoutMs, limit: limits.maxActTimeoutMs },
  );
}

/**
 * The trials that a request counts.
 * @throws TASK_UNKNOWN, OPTION_UNKNOWN, OPTION_INVALID, TRIALS_INVALID, PURPOSE_INVALID
 */
export function checkedSeries(message: CountTrialsRequest, limits: Limits): TrialSeries {
  const task = buildTask(message.task, message.taskOptions ?? {});
  checkTrials(message, limits);
  checkInstances(message);
  const { agent, firstTrial, instances } = message;
  const series = {
    ...{ purpose: purposeOf(message.purpose), seed: message.seed, taskId: task.name, entrant: agent },
    ...(instances !== undefined && { instances }),
  };
  const key: TrialKey = {
    task: task.name,
    taskVersion: task.version,
    taskOptionsJson: JSON.stringify(task.options),
    agent,
    agentOptionsJson: JSON.stringify(message.agentOptions ?? {}),
  };
  return {
    of: {
      task: key.task,
      task_version: key.taskVersion,
      task_options: key.taskOptionsJson,
      agent,
      agent_options: key.agentOptionsJson,
    },
    first: firstTrial,
    last: firstTrial + message.trials - 1n,
    episodes: task.episodes,
    idOf: (trialIndex) => trialIdOf(key, trialSeeds(series, trialIndex)),
  };
}

function checkNumEnvs({ numEnvs }: Open, limits: Limits): void {
  if (numEnvs >= 1 && numEnvs <= limits.maxEnvs) return;
  throw new IcrlError("ENVS_INVALID", `num_envs is ${numEnvs}: give 1 to ${limits.maxEnvs}`, {
    num_envs: numEnvs,
    limit: limits.maxEnvs,
    bound: "max_envs",
  });
}

/** Labels that are columns of the data. */
const COLUMN_LABELS: readonly string[] = ["self", "optimal"];

/**
 * The labels that an `open` asks to make.
 * @throws NAME_INVALID, ENVS_INVALID
 */
export function checkedLabel(message: Open, limits: Limits): string {
  const name = message.label ?? "";
  requireLabelName(name, "open.label");
  checkNumEnvs(message, limits);
  return name;
}

/**
 * Sees that labels can be called so.
 * @param field where the name is from
 * @throws NAME_INVALID
 */
export function requireLabelName(name: string, field: string): void {
  if (isFileName(name) && !COLUMN_LABELS.includes(name)) return;
  throw new IcrlError(
    "NAME_INVALID",
    `label is ${JSON.stringify(name.slice(0, 120))}: give ${FILE_NAME_RULE}; "self" and "optimal" are columns of the data`,
    { field },
  );
}

/**
 * Actions [N], those of envs that take a step in range.
 *
 * @param acting [N] 1 for those envs, here and in what follows
 * @throws ACTION_SHAPE, ACTION_OUT_OF_RANGE
 */
export function checkedActions(message: Actions, play: Play, acting = play.active): Int32Array {
  const tensor = message.actions;
  if (tensor === undefined || tensor.shape.length !== 1 || tensor.shape[0] !== play.numEnvs) {
    throw new IcrlError(
      "ACTION_SHAPE",
      `actions of shape [${tensor?.shape.join(", ") ?? "absent"}]: send int32 [${play.numEnvs}], one for each env`,
      { num_envs: play.numEnvs },
    );
  }
  let actions: Int32Array;
  try {
    actions = int32Elements(tensor, "actions");
  } catch (error) {
    throw new IcrlError("ACTION_SHAPE", (error as Error).message, { num_envs: play.numEnvs });
  }
  const { numActions } = play.task;
  for (let n = 0; n < actions.length; n++) {
    if ((actions[n] < 0 || actions[n] >= numActions) && acting[n] === 1) {
      throw new IcrlError(
        "ACTION_OUT_OF_RANGE",
        `action ${actions[n]} of env ${n} is outside [0, ${numActions}): send an index below num_actions`,
        { env: n, action: actions[n], num_actions: numActions },
      );
    }
  }
  return actions;
}

/**
 * Propensities [N], those of envs that take a step in (0, 1] or NaN; undefined when none were sent.
 * @throws PROPENSITY_INVALID
 */
export function checkedPropensities(message: Actions, play: Play, acting = play.active): Float32Array | undefined {
  const tensor = message.propensities;
  if (tensor === undefined) return undefined;
  if (tensor.shape.length !== 1 || tensor.shape[0] !== play.numEnvs) {
    throw new IcrlError(
      "PROPENSITY_INVALID",
      `propensities of shape [${tensor.shape.join(", ")}]: send float32 [${play.numEnvs}], or none`,
    );
  }
  let propensities: Float32Array;
  try {
    propensities = float32Elements(tensor, "propensities");
  } catch (error) {
    throw new IcrlError("PROPENSITY_INVALID", (error as Error).message);
  }
  for (let n = 0; n < propensities.length; n++) {
    const p = propensities[n];
    if ((p <= 0 || p > 1) && acting[n] === 1) {
      throw new IcrlError(
        "PROPENSITY_INVALID",
        `propensity ${p} of env ${n} is outside (0, 1]: send NaN where it is unknown`,
        { env: n },
      );
    }
  }
  return propensities;
}

/** How far a row of probabilities may be from summing to 1: float32 sums of many. */
const SUM_TOLERANCE = 1e-3;

/**
 * Probabilities [N, A], rows of envs that take a step summing to 1 or all NaN; undefined when none were sent or none are wanted.
 * @throws PROBABILITIES_INVALID
 */
export function checkedProbabilities(message: Actions, play: Play, acting = play.active): Float32Array | undefined {
  const tensor = message.probabilities;
  if (tensor === undefined || !play.wantsProbabilities) return undefined;
  const { numActions } = play.task;
  if (tensor.shape.length !== 2 || tensor.shape[0] !== play.numEnvs || tensor.shape[1] !== numActions) {
    throw new IcrlError(
      "PROBABILITIES_INVALID",
      `probabilities of shape [${tensor.shape.join(", ")}]: send float32 [${play.numEnvs}, ${numActions}], or none`,
    );
  }
  let probabilities: Float32Array;
  try {
    probabilities = float32Elements(tensor, "probabilities");
  } catch (error) {
    throw new IcrlError("PROBABILITIES_INVALID", (error as Error).message);
  }
  for (let n = 0; n < play.numEnvs; n++) {
    if (acting[n] === 0) continue;
    let sum = 0;
    let outside = 0;
    let unknown = 0;
    for (let i = n * numActions; i < (n + 1) * numActions; i++) {
      const p = probabilities[i];
      sum += p;
      if (p < 0 || p > 1) outside += 1;
      if (p !== p) unknown += 1;
    }
    if (unknown === numActions || (outside === 0 && Math.abs(sum - 1) <= SUM_TOLERANCE)) continue;
    throw new IcrlError(
      "PROBABILITIES_INVALID",
      `probabilities of env ${n} are ${Array.from(probabilities.subarray(n * numActions, (n + 1) * numActions).slice(0, 10)).join(", ")}${numActions > 10 ? ", ..." : ""}: send values in [0, 1] that sum to 1, or NaN in the whole row`,
      { env: n },
    );
  }
  return probabilities;
}

function purposeOf(text: string): Purpose {
  const purpose = text === "" ? "play" : text;
  if (purpose === "tournament" || !(PURPOSES as readonly string[]).includes(purpose)) {
    throw new IcrlError("PURPOSE_INVALID", `purpose "${text}": free play has play, collect, validate`, {
      purpose: text,
    });
  }
  return purpose as Purpose;
}

/**
 * Sees that whoever says hello can be named in the log and to people.
 * @throws NAME_INVALID, OPTION_INVALID
 */
export function checkHello(hello: Hello): void {
  checkName("hello.agent", hello.agent);
  checkName("hello.agent_version", hello.agentVersion, 0);
  checkName("hello.language", hello.language, 0);
  checkNameList("hello.tasks", hello.tasks, MAX_TASKS);
  checkNameList("hello.capabilities", hello.capabilities, MAX_CAPABILITIES);
  if (hello.entrant !== undefined) checkName("hello.entrant", hello.entrant);
  checkName("hello.tournament_id", hello.tournamentId ?? "", 0);
  checkName("hello.collection_id", hello.collectionId ?? "", 0);
  checkOptions("hello.agent_options", hello.agentOptions ?? {});
}

/** Names of tasks and kinds that an agent may declare. */
const MAX_TASKS = 1000;

/** Capabilities that an agent may have. */
const MAX_CAPABILITIES = 100;

function checkNameList(what: string, names: readonly string[], max: number): void {
  if (names.length > max)
    throw new IcrlError("NAME_INVALID", `${what} has ${names.length} names: give at most ${max}`, { field: what });
  for (const name of names) checkName(what, name, 1, `a name in ${what}`);
}

function checkName(field: string, name: string, min = 1, what = field): void {
  const problem = nameProblem(name, min);
  if (problem !== undefined) throw new IcrlError("NAME_INVALID", `${what} ${problem}`, { field });
}

/** The answer to a message whose behaviour this server does not have. */
export function notImplemented(capability: string): IcrlError {
  return new IcrlError(
    "NOT_IMPLEMENTED",
    `this server cannot ${capability}: its welcome does not list the capability`,
    { capability },
  );
}
