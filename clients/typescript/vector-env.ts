/**
 * A gym-like loop for code that wants to step envs itself: `reset` gives the first step, `step(actions)` the next, until `done`.
 * Envs that finish a trial take the next one at once; the last observation of an ended episode is in `finalObservation`. A later
 * `reset` ends episodes early.
 */
import { IcrlError } from "../../common/errors.js";
import {
  boolElements,
  boolTensor,
  float32Elements,
  float32Tensor,
  int32Elements,
  int32Tensor,
} from "../../common/tensor.js";
import {
  type Observations,
  type Opened,
  type Reset,
  ResetMode,
  type TrialEnd,
  type TrialSeeds,
  type TrialStart,
  type Welcome,
} from "../../proto/gen/icrl/v1/environment.js";
import type { TaskDescription } from "../../proto/gen/icrl/v1/task.js";
import { DataType, type Tensor } from "../../proto/gen/icrl/v1/tensor.js";
import type { Connection } from "./connect.js";
import { type FreePlay, introduce, open, requireCapability, requireSeries, unexpected } from "./session.js";
import { createTrialScoring, type PlayTotals } from "./trial-scores.js";

/** What a lock-step shows; N envs. */
export interface VectorStep {
  /** [N] states, or [N * size] features; undefined for tasks that show nothing. */
  readonly observation: Int32Array | Float32Array | undefined;
  /** [N], zeros at first. */
  readonly reward: Float32Array;
  /** [N] 1 where the episode ended by the task's own horizon or goal. */
  readonly terminated: Uint8Array;
  /** [N] 1 where the episode was cut short from outside. */
  readonly truncated: Uint8Array;
  /** One row for each env whose episode ended, in env order. */
  readonly finalObservation: Int32Array | Float32Array | undefined;
  /** [N] 1 where an action is wanted. */
  readonly active: Uint8Array;
  /** Trials that begin now: forget what was learnt in their envs. `trialFeatures` has the arms' features. */
  readonly trialStarts: readonly TrialStart[];
  /** Trials that ended. */
  readonly trialEnds: readonly TrialEnd[];
  /** Ended trials that are durable in the server's log. */
  readonly durableTrials: bigint;
  /** Whether all trials are played. */
  readonly done: boolean;
  /**
   * The server was started again, and trials that are not in its log begin once more: what this step shows is the first of them, and
   * answers no action. `trialStarts` has those that begin.
   */
  readonly anew: boolean;
}

/** Which envs are reset, and what begins in them. */
export interface ResetOptions {
  /** [N] true, or 1, for those that are; all where absent. Inactive ones are passed over. */
  readonly mask?: ArrayLike<number | boolean>;
  /**
   * The trial's next episode, or the env's next trial after its last one: the default. Or the env's next trial. An episode that has just
   * begun stays as it is in the first case.
   */
  readonly next?: "episode" | "trial";
  /** [N] seeds of the trial that begins in each env, in place of its next one of the series; those of envs that are not reset are passed over. */
  readonly seeds?: ArrayLike<TrialSeeds | undefined>;
}

/** A batch of envs of one task. */
export interface VectorEnv {
  readonly task: TaskDescription;
  readonly numEnvs: number;
  /**
   * At first the first step. Later the episodes of some envs end early, and the others stay as they are, with reward 0: those that had
   * begun are `truncated`, and their last observations are in `finalObservation`.
   *
   * @throws IcrlError NOT_IMPLEMENTED if the server cannot; PROTOCOL_ORDER where options come at first, or all is played
   */
  reset(options?: ResetOptions): Promise<VectorStep>;
  /**
   * Steps all active envs that are not held.
   *
   * @param actions [N]; those of inactive and of held envs are ignored
   * @param propensities [N] probability of each action where it is known, else NaN
   * @param hold [N] true, or 1, for envs that take no step and stay as they are; none where absent
   * @throws IcrlError NOT_IMPLEMENTED if envs are held and the server cannot
   */
  step(
    actions: ArrayLike<number>,
    propensities?: ArrayLike<number>,
    hold?: ArrayLike<number | boolean>,
  ): Promise<VectorStep>;
  /** Ends what is open and the session; resolves with the totals, mean regret and return among them, once all recorded trials are durable. */
  close(): Promise<PlayTotals>;
}

/**
 * Opens a task for stepping.
 *
 * @param play what to play, and the name that the log will show as the agent's
 */
export async function makeEnv(
  connection: Connection,
  play: FreePlay & { readonly agent?: string },
): Promise<VectorEnv> {
  const stream = connection.play();
  let welcome: Welcome;
  let opened: Opened;
  try {
    welcome = await introduce(stream, { agent: play.agent ?? "gym" });
    requireSeries(welcome, play);
    opened = await open(stream, play);
  } catch (error) {
    stream.cancel();
    throw error;
  }
  const { task, numEnvs } = opened;
  if (task === undefined) throw new IcrlError("MALFORMED_MESSAGE", "opened came without a task");
  const scoring = createTrialScoring(play);
  let stepIndex: bigint | undefined;
  let active: Uint8Array = new Uint8Array(numEnvs);
  let done = false;

  async function nextStep(anew = false): Promise<VectorStep> {
    const message = await stream.next();
    if (message.$case === "draining") return nextStep(anew);
    if (message.$case === "opened") return nextStep(true);
    if (message.$case !== "observations") throw unexpected(message, "observations");
    stepIndex = message.value.stepIndex;
    scoring.take(message.value.trialEnds);
    const step = stepOf(message.value, numEnvs, anew);
    ({ active, done } = step);
    return step;
  }

  /** The step that is to be answered. */
  function asked(what: string): bigint {
    if (stepIndex !== undefined && !done) return stepIndex;
    throw new IcrlError("PROTOCOL_ORDER", done ? "all trials are played: close the env" : `${what} came before reset`);
  }

  return {
    task,
    numEnvs,
    reset(options) {
      if (stepIndex === undefined && options === undefined) return nextStep();
      const value = resetOf(asked("a reset with options"), active, options ?? {});
      requireCapability(welcome, "reset");
      stream.send({ $case: "reset", value });
      return nextStep();
    },
    step(actions, propensities, hold) {
      if (hold !== undefined) requireCapability(welcome, "hold");
      stream.send({
        $case: "actions",
        value: {
          stepIndex: asked("step"),
          actions: int32Tensor(Int32Array.from(actions), [actions.length]),
          propensities: propensities && float32Tensor(Float32Array.from(propensities), [propensities.length]),
          probabilities: undefined,
          hold: hold && boolTensor(Uint8Array.from(hold, Number), [hold.length]),
        },
      });
      return nextStep();
    },
    async close() {
      if (!done) stream.send({ $case: "close", value: { reason: "" } });
      for (;;) {
        const message = await stream.next();
        if (message.$case !== "closed") continue;
        stream.finish();
        return { ...message.value, ...scoring.scores() };
      }
    },
  };
}

/** The message: of the active envs that are asked for. */
function resetOf(stepIndex: bigint, active: Uint8Array, { mask, next, seeds }: ResetOptions): Reset {
  const envs = Array.from(active.keys()).filter((n) => active[n] === 1 && (mask === undefined || Boolean(mask[n])));
  const given = envs.flatMap((n) => seeds?.[n] ?? []);
  const mode = seeds !== undefined ? ResetMode.SEEDS : next === "trial" ? ResetMode.NEXT_TRIAL : ResetMode.NEXT_EPISODE;
  return { stepIndex, envs, seeds: given, mode };
}

function stepOf(observations: Observations, numEnvs: number, anew: boolean): VectorStep {
  const flags = (tensor: Tensor | undefined, what: string, fallback: number) =>
    tensor === undefined ? new Uint8Array(numEnvs).fill(fallback) : boolElements(tensor, what);
  const active = flags(observations.active, "active", 1);
  return {
    observation: elements(observations.observation, "observation"),
    reward: observations.reward ? float32Elements(observations.reward, "reward") : new Float32Array(numEnvs),
    terminated: flags(observations.terminated, "terminated", 0),
    truncated: flags(observations.truncated, "truncated", 0),
    finalObservation: elements(observations.finalObservation, "final_observation"),
    active,
    trialStarts: observations.trialStarts,
    trialEnds: observations.trialEnds,
    durableTrials: observations.durableTrials,
    done: !active.includes(1),
    anew,
  };
}

function elements(tensor: Tensor | undefined, what: string): Int32Array | Float32Array | undefined {
  if (tensor === undefined) return undefined;
  return tensor.dtype === DataType.INT32 ? int32Elements(tensor, what) : float32Elements(tensor, what);
}
